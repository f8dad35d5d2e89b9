/** A model server's page of metrics, asked for by the way that calls take to it. */
import type { Milliseconds } from '../profile/units.ts';
import { askServer, type Page } from '../proxy/askServer.ts';
import { Trust } from '../proxy/trust.ts';
import { UpstreamPool } from '../proxy/upstreamPool.ts';

export interface MetricsPage {
  /** Of http, https, or of a Unix socket (`unix:/run/model.sock:/metrics`). */
  url: string;
  /** Value of the header, where the server wants a key. */
  authorization: string | null;
  /** Whose certificates the server may have, besides those that this machine knows. */
  caFile: string | null;
  /** Whether a proxy that the environment names stands between, as it does for calls; a page that the user names is asked for itself. */
  byProxy: boolean;
}

export interface PageReader {
  /** @throws NoAnswerInTime, and what the way there fails with */
  ask(patience: Milliseconds): Promise<Page>;
  close(): void;
}

/** Reads the page again and again on one connection; unpacked, as to pack it would cost the server more than it saves the network. */
export function pageReader({ url, authorization, caFile, byProxy }: MetricsPage): PageReader {
  const pool = new UpstreamPool(new Trust(process.env, caFile));
  return {
    ask: (patience) => askServer(pool, byProxy ? process.env : {}, { url, authorization, patience }),
    close: () => pool.close(),
  };
}

/** Ways to the pages of a WebShop: a server's, or those of the bundled shop in this process. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Milliseconds } from '../benchmark.ts';
import { renderPage, resultsPath } from './pages.ts';
import { openShop } from './shop.ts';

export interface Page {
  /** Where it stands, which may be elsewhere than what was asked for. */
  path: string;
  html: string;
}

export interface Site {
  open(path: string, signal: AbortSignal): Promise<Page>;
  /** Sends the search form of a session. */
  search(session: string, words: string, signal: AbortSignal): Promise<Page>;
}

const ANSWER_WITHIN_MS: Milliseconds = 30_000;
/** "as low as 20 ms per call": tools of WebShop with its pages on the same machine (https://arxiv.org/abs/2506.04301, text of Figure 5). */
export const PAGE_MS: Milliseconds = 20;

/** The bundled shop, as slow as a server of one's own. */
export function bundledSite(latencyMs: Milliseconds = PAGE_MS): Site {
  const open = async (path: string, signal: AbortSignal) => {
    await delay(latencyMs, undefined, { signal });
    return { path, html: renderPage(openShop(), path) };
  };
  return { open, search: (session, words, signal) => open(resultsPath(session, words), signal) };
}

/** A server of WebShop's at this address. Its requests are not tried again: each may be a purchase. */
export function remoteSite(url: string): Site {
  const request = async (path: string, init: RequestInit, signal: AbortSignal): Promise<Page> => {
    const failure = (problem: string) => new Error(`The shop at ${url} cannot be used: ${problem}. Is WEBSHOP_URL the address of a WebShop that runs?`);
    let response: Response;
    try {
      response = await fetch(new URL(path, url), { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]) });
    } catch (error) {
      signal.throwIfAborted();
      throw failure(error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error));
    }
    const html = await response.text();
    if (!response.ok) throw failure(`it answered ${response.status} to ${path}`);
    const at = new URL(response.url);
    return { path: at.pathname + at.search, html };
  };
  return {
    open: (path, signal) => request(path, {}, signal),
    search: (session, words, signal) => request(`/${encodeURIComponent(session)}`, { method: 'POST', body: new URLSearchParams({ search_query: words }) }, signal),
  };
}

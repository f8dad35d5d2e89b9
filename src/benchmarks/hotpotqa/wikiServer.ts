/**
 * A small encyclopedia behind the two calls of the MediaWiki action API that the agents use, `list=search` and
 * `prop=extracts`, with the latency of the real one.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Milliseconds } from '../benchmark.ts';
import { seededRandom } from '../random.ts';
import bundledPages from './wiki.json' with { type: 'json' };

export interface WikiPage {
  title: string;
  /** Other titles that lead here. */
  redirects: string[];
  /** The article's plain text. */
  extract: string;
}

export interface WikiServerOptions {
  /** How long the next answer takes. By default as Wikipedia's API was measured: about 1.2 s, between 0.6 and 2 s. */
  latencyMs?: () => Milliseconds;
  /** 0, the default, picks a free one. */
  port?: number;
  /** Articles other than the bundled ones. */
  pages?: readonly WikiPage[];
}

export interface WikiServer {
  /** The API's address, ending in `/w/api.php`. */
  url: string;
  close(): Promise<void>;
}

/** Lognormal latency with a mean of about 1.2 s, kept between 0.6 and 2 s; the same seed gives the same sequence. */
export function wikipediaLatency(seed = 1): () => Milliseconds {
  const random = seededRandom(seed);
  return () => Math.min(2000, Math.max(600, random.lognormal(1160, 0.25)));
}

/** Starts the server on the loopback interface. @throws Error with code EADDRINUSE when the port is taken */
export async function startWikiServer(options: WikiServerOptions = {}): Promise<WikiServer> {
  const latency = options.latencyMs ?? wikipediaLatency();
  const pages: readonly WikiPage[] = options.pages ?? bundledPages;
  const stopped = new AbortController();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const send = (status: number, body: unknown) => response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
    if (url.pathname !== '/w/api.php') {
      send(404, { error: { code: 'notfound', info: `There is nothing at ${url.pathname}; the API is at /w/api.php.` } });
      return;
    }
    delay(latency(), undefined, { signal: stopped.signal }).then(
      () => send(200, answerQuery(pages, url.searchParams)),
      // The server is closing, and so is this connection.
      () => response.destroy(),
    );
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/w/api.php`,
    close() {
      stopped.abort();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** Answers in `formatversion=2`. An error is also status 200, as on the real API. */
function answerQuery(pages: readonly WikiPage[], query: URLSearchParams): unknown {
  const fail = (code: string, info: string) => ({ error: { code, info } });
  if (query.get('action') !== 'query') return fail('badvalue', `Unrecognized value for parameter "action": ${query.get('action') ?? ''}.`);
  if (query.get('format') !== 'json' || query.get('formatversion') !== '2') return fail('badvalue', 'Only format=json with formatversion=2 is served here.');
  if (query.get('list') === 'search') {
    const wanted = query.get('srsearch') ?? '';
    if (wanted.trim() === '') return fail('missingparam', 'The "srsearch" parameter must be set.');
    return { batchcomplete: true, query: search(pages, wanted, Number(query.get('srlimit') ?? 10)) };
  }
  if (query.get('prop') === 'extracts') {
    const titles = query.get('titles') ?? '';
    if (titles === '') return fail('missingparam', 'The "titles" parameter must be set.');
    return { batchcomplete: true, query: extract(pages, titles) };
  }
  return fail('badvalue', 'Only list=search and prop=extracts are served here.');
}

function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

function words(text: string): string[] {
  return plain(text).match(/[\p{L}\p{N}]+/gu) ?? [];
}

const EVERYWHERE = new Set(['the', 'of', 'in', 'a', 'an', 'and', 'is', 'was', 'to', 'who', 'which', 'what', 'by']);

function search(pages: readonly WikiPage[], wanted: string, limit: number) {
  const terms = words(wanted).filter((word) => !EVERYWHERE.has(word));
  const hits = pages
    .map((page) => {
      const title = new Set(words(page.title));
      const text = new Set(words(page.extract));
      return { page, score: terms.reduce((sum, term) => sum + (title.has(term) ? 3 : 0) + (text.has(term) ? 1 : 0), 0) };
    })
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score || one.page.title.localeCompare(other.page.title));
  return {
    searchinfo: { totalhits: hits.length },
    search: hits.slice(0, limit).map(({ page }) => ({
      ns: 0,
      title: page.title,
      pageid: pages.indexOf(page) + 1,
      size: page.extract.length,
      wordcount: page.extract.split(/\s+/).length,
      snippet: snippet(page.extract, terms),
      timestamp: '2025-01-01T00:00:00Z',
    })),
  };
}

/** The beginning of the article, with the words that matched marked as the real API marks them. */
function snippet(text: string, terms: string[]): string {
  const beginning = text.slice(0, 320).replace(/\s+\S*$/, '');
  const escaped = beginning.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return escaped.replace(/[\p{L}\p{N}]+/gu, (word) => (terms.includes(plain(word)) ? `<span class="searchmatch">${word}</span>` : word));
}

function extract(pages: readonly WikiPage[], title: string) {
  const page = pages.find((candidate) => [candidate.title, ...candidate.redirects].some((name) => plain(name) === plain(title)));
  if (page === undefined) return { pages: [{ ns: 0, title, missing: true }] };
  return {
    ...(page.title === title ? {} : { redirects: [{ from: title, to: page.title }] }),
    pages: [{ pageid: pages.indexOf(page) + 1, ns: 0, title: page.title, extract: page.extract }],
  };
}

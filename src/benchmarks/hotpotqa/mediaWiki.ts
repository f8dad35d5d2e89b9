/**
 * A client of the MediaWiki action API that keeps to its etiquette (https://www.mediawiki.org/wiki/API:Etiquette): it
 * says who asks, asks few things at once, steps back when the servers are busy, and asks nothing twice.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Milliseconds } from '../benchmark.ts';

export const WIKIPEDIA_URL = 'https://en.wikipedia.org/w/api.php';
/** As https://foundation.wikimedia.org/wiki/Policy:Wikimedia_Foundation_User-Agent_Policy wants it. */
const USER_AGENT = 'hotpotqa-agents/1.0 (https://hotpotqa.github.io; set WIKI_USER_AGENT to your contact)';
const ATTEMPTS = 4;
const ANSWER_WITHIN_MS: Milliseconds = 20_000;
/** Longer than this is not waited for, whatever the server asks. */
const LONGEST_WAIT_MS: Milliseconds = 30_000;
/** Requests in flight at another host: "in series rather than in parallel" is what is asked for; agents with several branches need some more. */
const PARALLEL_ELSEWHERE = 3;
/** Seconds that its databases may lag behind before it refuses what can wait (the manual's own value for such clients). */
const MAXIMUM_LAG = '5';
/** Answers kept. */
const CACHED_ANSWERS = 1000;
/** Errors of the API that pass. */
const PASSING_ERRORS = new Set(['maxlag', 'ratelimited', 'readonly', 'internal_api_error_DBQueryTimeoutError']);

export interface MediaWikiOptions {
  url?: string;
  userAgent?: string;
  /** Keep answers. By default all but those of this machine, whose latency is what is measured. */
  cache?: boolean;
  /** The first wait before another try, doubled with each; the server's `Retry-After` goes before. */
  backoffMs?: Milliseconds;
}

export class MediaWiki {
  readonly #url: URL;
  readonly #userAgent: string;
  readonly #backoffMs: Milliseconds;
  readonly #cache: Map<string, unknown> | null;
  readonly #free: { count: number; waiting: (() => void)[] };

  constructor({ url = WIKIPEDIA_URL, userAgent = USER_AGENT, cache, backoffMs = 1000 }: MediaWikiOptions = {}) {
    this.#url = new URL(url);
    const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(this.#url.hostname);
    this.#userAgent = userAgent;
    this.#backoffMs = backoffMs;
    this.#cache = (cache ?? !isHere) ? new Map() : null;
    this.#free = { count: isHere ? Number.POSITIVE_INFINITY : PARALLEL_ELSEWHERE, waiting: [] };
  }

  /**
   * The answer to `action=query` with these parameters, in `formatversion=2`.
   * @throws Error that says what is wrong and what can be done, when it cannot be had
   */
  async query(parameters: Record<string, string>, signal: AbortSignal): Promise<unknown> {
    const url = new URL(this.#url);
    url.search = new URLSearchParams({ action: 'query', format: 'json', formatversion: '2', maxlag: MAXIMUM_LAG, ...parameters }).toString();
    const kept = this.#cache?.get(url.href);
    if (kept !== undefined) return kept;
    const answer = await this.#whenFree(() => this.#ask(url, signal));
    this.#cache?.set(url.href, answer);
    if ((this.#cache?.size ?? 0) > CACHED_ANSWERS) this.#cache!.delete(this.#cache!.keys().next().value!);
    return answer;
  }

  async #whenFree<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#free.count === 0) await new Promise<void>((resolve) => this.#free.waiting.push(resolve));
    else this.#free.count -= 1;
    try {
      return await work();
    } finally {
      const next = this.#free.waiting.shift();
      if (next === undefined) this.#free.count += 1;
      else next();
    }
  }

  async #ask(url: URL, signal: AbortSignal): Promise<unknown> {
    let problem = '';
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      signal.throwIfAborted();
      const outcome = await this.#tryOnce(url, signal);
      if ('answer' in outcome) return outcome.answer;
      problem = outcome.problem;
      if (!outcome.passes) break;
      if (attempt < ATTEMPTS) await delay(outcome.retryAfterMs ?? this.#backoffMs * 2 ** (attempt - 1), undefined, { signal });
    }
    throw new Error(
      `The encyclopedia at ${url.origin}${url.pathname} cannot be used: ${problem}. ` +
        'Check the network, or set WIKI_API_URL to another MediaWiki API; "node src/benchmarks/hotpotqa/wikiServerMain.ts" starts a small one on this machine.',
    );
  }

  async #tryOnce(url: URL, signal: AbortSignal): Promise<{ answer: unknown } | { problem: string; passes: boolean; retryAfterMs: Milliseconds | null }> {
    try {
      const response = await fetch(url, {
        headers: { 'user-agent': this.#userAgent, accept: 'application/json' },
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      });
      const retryAfterMs = retryAfter(response.headers.get('retry-after'));
      if (!response.ok) {
        await response.body?.cancel();
        return { problem: `it answered ${response.status} ${response.statusText}`.trimEnd(), passes: response.status === 429 || response.status >= 500, retryAfterMs };
      }
      const answer = (await response.json()) as { error?: { code?: string; info?: string } };
      if (answer.error === undefined) return { answer };
      return { problem: `it answered "${answer.error.code ?? ''}": ${(answer.error.info ?? '').replace(/\.$/, '')}`, passes: PASSING_ERRORS.has(answer.error.code ?? ''), retryAfterMs };
    } catch (error) {
      signal.throwIfAborted();
      return { problem: describe(error), passes: true, retryAfterMs: null };
    }
  }
}

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3); null where there is none, or one that cannot be read. */
function retryAfter(header: string | null): Milliseconds | null {
  if (header === null) return null;
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(wait) ? null : Math.min(LONGEST_WAIT_MS, Math.max(0, wait));
}

/** fetch hides the reason of a failure in its cause. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

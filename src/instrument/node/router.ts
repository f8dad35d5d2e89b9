/** Decides where a request goes, and notices when the proxy is gone. */
import { loadBuiltin } from './builtins.ts';
import { isTelemetry, llmAddress } from './llmRequests.ts';
import type { SessionFile } from './contract.ts';

/** Where OpenAI's own SDKs go when they are told nothing. */
const OPENAI_BASE_URL = 'https://api.openai.com/v1';

export type Route =
  /** No LLM request: leave it alone, perhaps watch it. */
  | { kind: 'other' }
  /** Send it to `url` with the call tag; `direct` is where it goes instead if the proxy turns out to be gone, null for nowhere. */
  | { kind: 'proxy'; url: string; origin: string | null; direct: string | null }
  /** The proxy is gone, or it is nobody's call: send it to `url`, or where the program addressed it when that is null. */
  | { kind: 'direct'; url: string | null };

/** A connection to a process that is dying is cut within this time. */
const CUT_WITHIN_MS = 100;

export const CALLS_PAST_PROFILER =
  'The profiler took no connection for some calls, which went direct and are not measured: it was ending, or had as many files open as it may. Raise its limit (`ulimit -n`), or have fewer calls at once.';

// The host may replace process.kill, in tests of its own.
const kill = process.kill.bind(process);

export class Router {
  readonly #session: SessionFile;
  readonly #routePrefix: string;
  readonly #trusted = new Set<string>();
  #gone = false;
  #cuts = false;

  constructor(session: SessionFile) {
    this.#session = session;
    this.#routePrefix = `${session.routeUrl}/`;
    if (session.fallbackUrl !== null) this.#trusted.add(new URL(session.fallbackUrl).host);
  }

  /** `body` is the request's body when it is at hand as text. */
  route(url: URL, method: string, insideSdk: boolean, body: string | null): Route {
    const { routeUrl } = this.#session;
    if (isTelemetry(url, method)) return { kind: 'direct', url: null };
    const { href } = url;
    if (href.startsWith(this.#routePrefix)) {
      const direct = this.#fallback(url);
      return direct !== null && this.isGone() ? { kind: 'direct', url: direct } : { kind: 'proxy', url: href, origin: null, direct };
    }
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return { kind: 'other' };
    const hints = { trusted: insideSdk || this.#trusted.has(url.host), body, passesAll: this.#session.backend === 'direct', ollamaHost: process.env['OLLAMA_HOST'] };
    const address = llmAddress(url, method, hints);
    if (address === null) return { kind: 'other' };
    this.#trusted.add(url.host);
    // A program that was to talk to a simulated server must not start to spend money at a real one: it gets the error.
    const direct = this.#session.backend === 'sim' ? null : url.href;
    if (direct !== null && this.isGone()) return { kind: 'direct', url: null };
    return { kind: 'proxy', url: `${routeUrl}/${address.root ? 'root' : 'v1'}${address.suffix}`, origin: address.base, direct };
  }

  /** Whether the proxy has refused a connection, or its process has ended. */
  isGone(): boolean {
    if (this.#gone) return true;
    try {
      kill(this.#session.profilerPid, 0);
    } catch (error) {
      // EPERM: it runs, as another user.
      this.#gone = (error as NodeJS.ErrnoException).code === 'ESRCH';
    }
    return this.#gone;
  }

  markGone(): void {
    this.#gone = true;
  }

  /** Whether the proxy has taken a connection only to cut it, and is still there: it can hold no more. */
  get isFull(): boolean {
    return this.#cuts && !this.isGone();
  }

  /** Whether anybody still takes connections where the proxy did. That nobody does is remembered; that they are cut is not for ever. */
  listens(): Promise<boolean> {
    const { hostname, port } = new URL(this.#session.routeUrl);
    return new Promise((resolve) => {
      const socket = loadBuiltin('node:net').connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
      let isOver = false;
      const end = (found: boolean) => {
        isOver = true;
        socket.destroy();
        resolve(found);
      };
      // A process that dies gives up its connections one by one, and the port it listens on among the last: what it took is then cut.
      socket.once('connect', () => socket.setTimeout(CUT_WITHIN_MS, () => end(!this.isGone())));
      socket.once('error', (error) => {
        if (isRefused(error)) this.markGone();
        else this.#cuts = true;
        end(false);
      });
      socket.once('close', () => {
        if (isOver) return;
        this.#cuts = true;
        end(false);
      });
    });
  }

  /** Where a program that was given the route's URL by its environment goes without it; null for the simulated server, which is gone too. */
  #fallback(url: URL): string | null {
    const { backend, fallbackUrl, routeUrl } = this.#session;
    const base = fallbackUrl ?? (backend === 'direct' ? OPENAI_BASE_URL : null);
    return base === null ? null : joined(base.replace(/\/+$/, ''), url.href.slice(routeUrl.length));
  }
}

/** A path below the route put behind a base URL, which takes the place of `/v1`; paths from the server's root go beside it. */
function joined(base: string, path: string): string {
  return path.startsWith('/root/') ? base.replace(/\/v1$/, '') + path.slice('/root'.length) : base + path.replace(/^\/v1(?=\/)/, '');
}

/** Whether a connection was refused, in the ways in which `fetch` and `http` say so. */
export function isRefused(error: unknown): boolean {
  return hasCode(error, ['ECONNREFUSED']);
}

/** Whether a connection ended before there was an answer. */
export function isBrokenOff(error: unknown): boolean {
  return hasCode(error, ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
}

/** Looks for the code in an error, in what caused it, and in what it gathers. */
function hasCode(error: unknown, codes: readonly string[]): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  return codes.includes(String(code)) || (cause !== undefined && cause !== error && hasCode(cause, codes)) || (Array.isArray(errors) && errors.some((each) => hasCode(each, codes)));
}

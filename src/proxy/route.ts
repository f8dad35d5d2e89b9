/** Who may use the proxy, and for what: every request is checked here before anything else is done with it. */
import { headerValue } from './responseReader.ts';
import type { Endpoint } from '../profile/recordingFormat.ts';
import type { OtlpSignal } from '../recorder/messages.ts';

/** Below the API's base, which is the route's `/v1`. */
const ENDPOINTS: Record<string, Endpoint> = {
  '/chat/completions': 'chat',
  '/completions': 'completions',
  '/embeddings': 'embeddings',
  '/responses': 'responses',
  '/models': 'models',
  '/messages': 'messages',
};
/** From the server's root, which is the route's `/root`. */
const ROOT_ENDPOINTS: Record<string, Endpoint> = {
  '/api/chat': 'ollama',
  '/api/generate': 'ollama',
  '/api/embed': 'ollama',
  '/api/embeddings': 'ollama',
  '/completion': 'llamacpp',
  '/infill': 'llamacpp',
  '/embedding': 'llamacpp',
};

/** Opaque, because the request is audio; the answer tells of tokens. */
const HEARD = new Set(['/audio/transcriptions', '/audio/translations']);

/** Where a program's own tracing exports to: the route's `/otlp`, with or without OTLP's path. */
const OTLP_SIGNALS: Record<string, OtlpSignal | null> = { '': null, '/': null, '/v1/traces': 'traces', '/v1/logs': 'logs', '/v1/metrics': 'metrics' };

/** An export of traces, logs or metrics; `signal` is null where the address names none. */
export interface OtlpRoute {
  signal: OtlpSignal | null;
}

export interface Route {
  endpoint: Endpoint;
  /** Path as the client asked for it, without token and query: `/v1/chat/completions`, `/api/chat`. */
  path: string;
  /** What follows `/v1` or `/root`, query included: goes behind the upstream's base URL, or behind its root. */
  suffix: string;
  root: boolean;
  /** The recorder reads the answer; of what is not opaque, the request as well. */
  readsAnswer: boolean;
}

/** Programs ask for few paths, but not every program is friendly. */
const MAX_REMEMBERED = 64;

/** Checks requests against one session's token. */
export class RouteCheck {
  readonly #token: string;
  readonly #anyHost: boolean;
  /** Routes of what was asked for before, by method and target after the token. */
  readonly #known = new Map<string, Route | OtlpRoute>();

  /** @param anyHost other machines may reach it, by names and addresses of their own */
  constructor(token: string, anyHost = false) {
    this.#token = token;
    this.#anyHost = anyHost;
  }

  /** The route of a request that may pass; null for every other. */
  check(method: string, url: string, headers: string[]): Route | OtlpRoute | null {
    const host = headerValue(headers, 'host');
    // A page in a browser has an Origin; a name that was rebound to loopback is in Host.
    if (headerValue(headers, 'origin') !== null || host === null || (!this.#anyHost && !isLoopbackHost(host))) return null;
    if (url.charCodeAt(0) !== 47) return null;
    const tokenEnd = 1 + this.#token.length;
    if (!this.#holdsToken(url)) return null;
    const asked = url.slice(tokenEnd);
    const key = `${method} ${asked}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const route = otlpRouteOf(method, asked) ?? routeOf(method, asked);
    if (route === null) return null;
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(key, route);
    return route;
  }

  /** Compares every character, whatever came before it, so that the time says nothing of the token. */
  #holdsToken(url: string): boolean {
    const token = this.#token;
    let difference = 0;
    for (let i = 0; i < token.length; i++) difference |= token.charCodeAt(i) ^ url.charCodeAt(1 + i);
    return difference === 0 && url.length > token.length;
  }
}

function otlpRouteOf(method: string, asked: string): OtlpRoute | null {
  if (method !== 'POST' || !asked.startsWith('/otlp')) return null;
  const signal = OTLP_SIGNALS[asked.slice('/otlp'.length)];
  return signal === undefined ? null : { signal };
}

function routeOf(method: string, asked: string): Route | null {
  const root = asked.startsWith('/root/');
  if (!root && !asked.startsWith('/v1/')) return null;
  const query = asked.indexOf('?');
  const path = query < 0 ? asked : asked.slice(0, query);
  // Dots and encoded separators could climb out of the API that the upstream's URL names.
  if (/(^|\/)\.{1,2}(\/|$)|%2e|%2f|%5c|[\\#]/i.test(path)) return null;
  const prefix = root ? '/root' : '/v1';
  const under = path.slice(prefix.length);
  const expected = (root ? ROOT_ENDPOINTS : ENDPOINTS)[under];
  const endpoint = expected !== undefined && method === (expected === 'models' ? 'GET' : 'POST') ? expected : 'opaque';
  const readsAnswer = endpoint === 'opaque' ? !root && method === 'POST' && HEARD.has(under) : endpoint !== 'models';
  return { endpoint, path: root ? under : path, suffix: asked.slice(prefix.length), root, readsAnswer };
}

function isLoopbackHost(host: string): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(host);
}

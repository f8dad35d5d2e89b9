/** Which server a request goes to. */
import { isIP } from 'node:net';
import type { ServerAddress } from './upstreamPool.ts';

/** One server's API, and what has been learned about it. */
export interface Upstream {
  /** Base URL without credentials, for people; it takes the place of the route's `/v1`. */
  readonly url: string;
  readonly address: ServerAddress;
  /** Value of the Host header. */
  readonly host: string;
  /** Path of the base URL without a trailing slash. */
  readonly basePath: string;
  /** The same without `/v1`: where a server's own routes begin. */
  readonly rootPath: string;
  /** Replaces the program's own Authorization when not null; '' drops it. */
  readonly authorization: string | null;
  /** Whether the server is the embedded one, which is told the ids of calls. */
  readonly embedded: boolean;
  /** Turned off when the server has refused `stream_options`. */
  takesStreamOptions: boolean;
}

/** @throws TypeError for what is no http(s) URL */
export function upstreamFrom(baseUrl: string, options: { authorization: string | null; embedded: boolean }): Upstream {
  const url = new URL(baseUrl);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new TypeError(`${url.protocol} is neither http nor https`);
  const tls = url.protocol === 'https:';
  const basePath = url.pathname.replace(/\/+$/, '');
  return {
    url: url.origin + basePath,
    address: { tls, host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? (tls ? 443 : 80) : Number(url.port) },
    host: url.host,
    basePath,
    rootPath: basePath.replace(/\/v1$/, ''),
    authorization: options.authorization,
    embedded: options.embedded,
    takesStreamOptions: true,
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || (isIP(host) === 4 && host.startsWith('127.')) || host === '::1' || host === '0.0.0.0' || host === '::';
}

/** Programs name few servers; a program that names more than this is not to fill the memory. */
const MAX_REMEMBERED = 256;

export type Choice = { upstream: Upstream } | { refused: string };

export class Upstreams {
  readonly #fixed: Upstream;
  readonly #direct: boolean;
  readonly #byUrl = new Map<string, Upstream>();
  /** The proxy's own port: a request sent to it again would circle. */
  ownPort = 0;

  /** @param direct whether a request may name its own server; `fixed` is then for those that do not */
  constructor(fixed: Upstream, direct: boolean) {
    this.#fixed = fixed;
    this.#direct = direct;
  }

  /** @param meant base URL that the program meant to call, as its hook tells it */
  choose(meant: string | null): Choice {
    if (!this.#direct || meant === null) return { upstream: this.#fixed };
    const known = this.#byUrl.get(meant);
    if (known !== undefined) return { upstream: known };
    let upstream: Upstream;
    try {
      upstream = upstreamFrom(meant, { authorization: null, embedded: false });
    } catch {
      return { refused: 'The server that the program meant to call is named by no valid http(s) URL.' };
    }
    if (isLoopback(upstream.address.host) && upstream.address.port === this.ownPort) return { refused: 'The program meant to call the profiler itself.' };
    if (this.#byUrl.size >= MAX_REMEMBERED) this.#byUrl.delete(this.#byUrl.keys().next().value!);
    this.#byUrl.set(meant, upstream);
    return { upstream };
  }
}

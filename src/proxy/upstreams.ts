/** Which server a request goes to. */
import { ProxySettingError, proxyFor, type Environment } from './corporateProxy.ts';
import { isLoopback } from './loopback.ts';
import { parseBaseUrl, urlAt, type ServerAddress } from './serverAddress.ts';

/** One server's API, and what has been learned about it. */
export interface Upstream {
  /** Base URL without credentials, for people; it takes the place of the route's `/v1`. */
  readonly url: string;
  /** The same without its path. */
  readonly origin: string;
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
  /** Turned off when the server has refused `stream_options`, or has packed a stream, so that what was added could not be taken out of it. */
  takesStreamOptions: boolean;
}

export interface UpstreamOptions {
  authorization: string | null;
  embedded: boolean;
  /** Whose variables say which proxy stands between. */
  env: Environment;
}

/** @throws TypeError for what is no URL of a server; ProxySettingError */
export function upstreamFrom(baseUrl: string, options: UpstreamOptions): Upstream {
  const { address, origin, host, path } = parseBaseUrl(baseUrl, (to) => proxyFor(options.env, to));
  return {
    url: urlAt(origin, path),
    origin,
    address,
    host,
    basePath: path,
    rootPath: path.replace(/\/v1$/, ''),
    authorization: options.authorization,
    embedded: options.embedded,
    takesStreamOptions: true,
  };
}

/** Programs name few servers; a program that names more than this is not to fill the memory. */
const MAX_REMEMBERED = 256;

export type Choice = { upstream: Upstream } | { refused: string };

export class Upstreams {
  readonly #fixed: Upstream;
  readonly #direct: boolean;
  readonly #env: Environment;
  readonly #byUrl = new Map<string, Upstream>();
  /** The proxy's own port: a request sent to it again would circle. */
  ownPort = 0;

  /** @param direct whether a request may name its own server; `fixed` is then for those that do not */
  constructor(fixed: Upstream, direct: boolean, env: Environment) {
    this.#fixed = fixed;
    this.#direct = direct;
    this.#env = env;
  }

  /** @param meant base URL that the program meant to call, as its hook tells it */
  choose(meant: string | null): Choice {
    if (!this.#direct || meant === null) return { upstream: this.#fixed };
    const known = this.#byUrl.get(meant);
    if (known !== undefined) return { upstream: known };
    let upstream: Upstream;
    try {
      if (!/^https?:/i.test(meant)) throw new TypeError('programs name servers by http(s) URLs');
      upstream = upstreamFrom(meant, { authorization: null, embedded: false, env: this.#env });
    } catch (error) {
      if (error instanceof ProxySettingError) return { refused: error.message };
      return { refused: 'The server that the program meant to call is named by no valid http(s) URL.' };
    }
    if (isLoopback(upstream.address.host) && upstream.address.port === this.ownPort) return { refused: 'The program meant to call the profiler itself.' };
    if (this.#byUrl.size >= MAX_REMEMBERED) this.#byUrl.delete(this.#byUrl.keys().next().value!);
    this.#byUrl.set(meant, upstream);
    return { upstream };
  }
}

/** Where a server listens, and what has to be gone through on the way there. */
import { parseUnixUrl, unixUrl } from '../protocol/unixUrl.ts';
import type { CorporateProxy } from './corporateProxy.ts';

export interface ServerAddress {
  tls: boolean;
  /** Without brackets; `localhost` for a Unix socket. */
  host: string;
  port: number;
  /** Path of the Unix socket that takes the place of host and port, or null. */
  socketPath: string | null;
  /** HTTP/2 without TLS is spoken, and known beforehand. */
  h2c: boolean;
  /** The proxy that stands between, or null. */
  via: CorporateProxy | null;
}

/** One server's API as its base URL names it. */
export interface BaseUrl {
  address: ServerAddress;
  /** Without credentials and path: `http://localhost:8000`, `unix:/run/model.sock`. */
  origin: string;
  /** Value of the Host header. */
  host: string;
  /** Without a trailing slash. */
  path: string;
}

/**
 * Understands `http:`, `https:`, `h2c:` (as Caddy and Traefik write it: https://caddyserver.com/docs/caddyfile/directives/reverse_proxy)
 * and the addresses of Unix sockets.
 * @param proxyFor the proxy between here and an address
 * @throws TypeError for everything else; what `proxyFor` throws
 */
export function parseBaseUrl(text: string, proxyFor: (address: ServerAddress) => CorporateProxy | null): BaseUrl {
  const unix = parseUnixUrl(text);
  if (unix !== null) {
    const address = { tls: false, host: 'localhost', port: 80, socketPath: unix.socketPath, h2c: false, via: null };
    return { address, origin: unixUrl({ ...unix, path: '' }), host: 'localhost', path: unix.path.replace(/\/+$/, '') };
  }
  const h2c = /^h2c:/i.test(text);
  const url = new URL(h2c ? text.replace(/^h2c:/i, 'http:') : text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new TypeError(`${url.protocol} is neither http nor https`);
  const tls = url.protocol === 'https:';
  const address: ServerAddress = { tls, host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? (tls ? 443 : 80) : Number(url.port), socketPath: null, h2c, via: null };
  return {
    address: { ...address, via: proxyFor(address) },
    origin: h2c ? url.origin.replace(/^http:/, 'h2c:') : url.origin,
    host: url.host,
    path: url.pathname.replace(/\/+$/, ''),
  };
}

/** The URL of a path of a server, for people and for `parseBaseUrl`. */
export function urlAt(origin: string, path: string): string {
  return origin.startsWith('unix:') && path !== '' ? `${origin}:${path}` : origin + path;
}

/** Names an address among others: what goes there can share connections. */
export function addressKey({ tls, h2c, host, port, socketPath }: ServerAddress): string {
  return socketPath !== null ? `unix ${socketPath}` : `${tls ? 'tls' : h2c ? 'h2c' : 'tcp'} ${host} ${port}`;
}

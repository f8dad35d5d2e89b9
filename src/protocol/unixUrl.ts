/** Addresses of servers that listen on a Unix socket: `unix:/run/model.sock:/v1`, as nginx writes them. */

export interface UnixAddress {
  /** Absolute path of the socket. */
  socketPath: string;
  /** Path of what is asked for there; '' where the address names none. */
  path: string;
}

/**
 * Understands `unix:/run/model.sock`, `unix:/run/model.sock:/v1` (https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass)
 * and `http+unix://%2Frun%2Fmodel.sock/v1` (the Python package requests-unixsocket); null for everything else.
 */
export function parseUnixUrl(text: string): UnixAddress | null {
  const encoded = /^http\+unix:\/\/([^/?#]+)(\/[^?#]*)?$/i.exec(text);
  if (encoded !== null) {
    try {
      const socketPath = decodeURIComponent(encoded[1]!);
      return isAbsolute(socketPath) ? { socketPath, path: encoded[2] ?? '' } : null;
    } catch {
      return null;
    }
  }
  if (!/^unix:/i.test(text)) return null;
  // curl and others write two slashes more, of an empty host.
  const rest = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '');
  const colon = rest.lastIndexOf(':/');
  const socketPath = colon > 0 ? rest.slice(0, colon) : rest;
  return isAbsolute(socketPath) ? { socketPath, path: colon > 0 ? rest.slice(colon + 1) : '' } : null;
}

export function unixUrl({ socketPath, path }: UnixAddress): string {
  return path === '' ? `unix:${socketPath}` : `unix:${socketPath}:${path}`;
}

function isAbsolute(path: string): boolean {
  return path.length > 1 && path.startsWith('/') && !path.includes('\0');
}

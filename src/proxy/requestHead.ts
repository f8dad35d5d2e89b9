/** Turns a client's request head into the one that the upstream gets. */
import type { RequestHead } from './clientConnection.ts';
import { isHandedOver } from './dial.ts';
import { headerValue } from './responseReader.ts';
import type { Upstream } from './upstreams.ts';

/** Headers of one connection, not of the request; `host` and the body's length are written anew. */
const NOT_FORWARDED = new Set([
  'connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'upgrade', 'expect', 'host', 'content-length', 'transfer-encoding',
]);
const OWN_PREFIX = 'x-agent-cost-';
export const CALL_ID_HEADER = 'x-agent-cost-call-id';

/** Whether a field of that (lower-case) name is passed on where the connection does not say otherwise. */
export function isForwarded(name: string): boolean {
  return !NOT_FORWARDED.has(name) && !name.startsWith(OWN_PREFIX);
}

export interface HeadOptions {
  upstream: Upstream;
  suffix: string;
  /** The suffix counts from the server's root. */
  root: boolean;
  callId: string;
  /** Bytes of the body, `chunked`, or null for none. */
  body: number | 'chunked' | null;
  /** The other protocol that is asked for: `websocket`. */
  upgrade?: string;
  /** Ask for an answer without compression, because it is to be read. */
  identity: boolean;
}

/** The head's text, ready to be sent as latin1: names, order and values as the client wrote them. */
export function requestHead(request: RequestHead, options: HeadOptions): string {
  const { upstream } = options;
  const named = headerValue(request.headers, 'connection')?.toLowerCase() ?? null;
  const listed = named === null || named === 'keep-alive' || named === 'close' ? null : new Set(named.split(',').map((name) => name.trim()));
  // A proxy that the request is handed to has to know where it goes; a WebSocket has a connection of its own through it.
  const handedTo = options.upgrade === undefined && isHandedOver(upstream.address) ? upstream.address.via : null;
  let head = `${request.method} ${handedTo === null ? '' : `http://${upstream.host}`}${options.root ? upstream.rootPath : upstream.basePath}${options.suffix} HTTP/1.1\r\nHost: ${upstream.host}\r\n`;
  const { headers } = request;
  let identityAsked = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const lower = name.toLowerCase();
    if (!isForwarded(lower) || listed?.has(lower)) continue;
    if (lower === 'authorization' && upstream.authorization !== null) continue;
    if (lower === 'accept-encoding' && options.identity) {
      identityAsked = true;
      head += `${name}: identity\r\n`;
      continue;
    }
    head += `${name}: ${headers[i + 1]}\r\n`;
  }
  if (handedTo !== null && handedTo.authorization !== null) head += `Proxy-Authorization: ${handedTo.authorization}\r\n`;
  if (options.identity && !identityAsked) head += 'Accept-Encoding: identity\r\n';
  if (upstream.authorization !== null && upstream.authorization !== '') head += `Authorization: ${upstream.authorization}\r\n`;
  if (upstream.embedded) head += `${CALL_ID_HEADER}: ${options.callId}\r\n`;
  if (options.body === 'chunked') head += 'Transfer-Encoding: chunked\r\n';
  else if (options.body !== null) head += `Content-Length: ${options.body}\r\n`;
  return options.upgrade === undefined ? `${head}Connection: keep-alive\r\n\r\n` : `${head}Connection: Upgrade\r\nUpgrade: ${options.upgrade}\r\n\r\n`;
}

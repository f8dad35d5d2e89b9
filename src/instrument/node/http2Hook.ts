/**
 * Requests over HTTP/2 (gRPC, cloud SDKs), from Node's own diagnostics channels where it has them (from 22.17 and 24.2 on). They are
 * watched and go where they were sent: those to a model are opaque, and a note says so.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { isInModelSdk, requestCallerOf } from './context.ts';
import { now } from './events.ts';
import { endHttpSpan, openHttpSpan, type Unrouted } from './httpSpan.ts';
import type { Runtime, Span } from './runtime.ts';
import { captureSites, type CallSite } from './stacks.ts';

const UNROUTED: Unrouted = { way: 'over HTTP/2', remedy: 'Have the program use HTTP/1.1, or set its base URL from OPENAI_BASE_URL.' };

interface Sent {
  span: Span;
  status: number | null;
  error: unknown;
}
interface Message {
  stream: ClientHttp2Stream;
  headers: IncomingHttpHeaders;
  error: unknown;
}

export function observeHttp2(runtime: Runtime): void {
  const sent = new WeakMap<object, Sent>();
  // An error in a listener would surface as the host's uncaught exception: it costs the observation instead.
  const listen = (event: string, listener: (message: Message) => void): void =>
    subscribe(`http2.client.stream.${event}`, (message) => {
      try {
        listener(message as Message);
      } catch {
        // See above.
      }
    });
  const created = ({ stream, headers }: Message): void => {
    const span = open(runtime, headers, created);
    if (span !== null) sent.set(stream, { span, status: null, error: null });
  };
  listen('created', created);
  listen('finish', ({ stream, headers }) => {
    const request = sent.get(stream);
    if (request !== undefined) request.status = Number(headers[':status']);
  });
  listen('error', ({ stream, error }) => {
    const request = sent.get(stream);
    if (request !== undefined) request.error = error;
  });
  listen('close', ({ stream }) => {
    const request = sent.get(stream);
    if (request === undefined) return;
    const { span, status, error } = request;
    if (error === null && (stream.aborted || status === null)) span.end('cancelled', 'closed before the response was complete', null);
    else endHttpSpan(span, status, error, null);
  });
}

/** Null for what undici sends this way, whose channels tell of it already, and for what is no plain request. */
function open(runtime: Runtime, headers: IncomingHttpHeaders, below: (...args: never[]) => unknown): Span | null {
  const { ':method': method, ':scheme': scheme = 'https', ':authority': authority, ':path': path } = headers;
  if (method === undefined || method === 'CONNECT' || authority === undefined || path === undefined || captureSites(below).some(isUndici)) return null;
  const url = new URL(path, `${scheme}://${authority}`);
  const route = runtime.router.route(url, method, isInModelSdk(), null);
  if (route.kind === 'direct') return null;
  const start = { caller: requestCallerOf(below), t: now(), url, method, accept: headers.accept ?? null };
  return openHttpSpan(runtime, route.kind === 'other' ? start : { ...start, unrouted: UNROUTED });
}

function isUndici(site: CallSite): boolean {
  return /[\\/]node_modules[\\/]undici[\\/]|^node:internal[\\/]deps[\\/]undici/.test(site.getFileName() ?? '');
}

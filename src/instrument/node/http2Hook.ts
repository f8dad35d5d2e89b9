/**
 * Requests over HTTP/2 (gRPC, cloud SDKs). They are watched and go where they were sent: those to a model are opaque, and a note says so.
 * Node's own diagnostics channels tell of them where it has these; before, the method that makes them is replaced.
 */
import { subscribe } from 'node:diagnostics_channel';
import { errorMonitor } from 'node:events';
import type { ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { loadBuiltin } from './builtins.ts';
import { widenStacks } from './callSites.ts';
import { isInModelSdk, requestCallerOf } from './context.ts';
import { now } from './events.ts';
import { endHttpSpan, openHttpSpan, type Unrouted } from './httpSpan.ts';
import { whenAskedFor } from './lazyBuiltins.ts';
import type { Runtime, Span } from './runtime.ts';
import { captureSites, type CallSite } from './stacks.ts';
import { replaceMethod, type Callable } from './wrapping.ts';

const UNROUTED: Unrouted = { way: 'over HTTP/2', remedy: 'Have the program use HTTP/1.1, or set its base URL from OPENAI_BASE_URL.' };

/** Of RFC 9113, section 7. */
const NO_ERROR = 0;
const CANCEL = 8;

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

/** Whether a Node of a version (`22.17.0`) tells of HTTP/2 by channels. */
export function hasHttp2Channels(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 2) || (major === 22 && minor >= 17);
}

export function observeHttp2(runtime: Runtime): void {
  if (hasHttp2Channels(process.versions.node)) listenToChannels(runtime);
  else whenAskedFor(['http2'], () => watchSessions(runtime));
}

function listenToChannels(runtime: Runtime): void {
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
    if (request !== undefined) end(request, stream);
  });
}

/** Sessions are of a class that Node shows to nobody: the first that is made leads to it. */
function watchSessions(runtime: Runtime): void {
  const seen = new WeakSet<object>();
  replaceMethod(loadBuiltin('node:http2'), 'connect', (original) => {
    return function connect(this: unknown, ...args: unknown[]): unknown {
      const session = called(original, this, args);
      try {
        const owner = ownerOf(session, 'request');
        if (owner !== null && !seen.has(owner)) {
          seen.add(owner);
          watchRequests(runtime, owner);
        }
      } catch {
        // Then its requests go unseen.
      }
      return session;
    };
  });
}

function watchRequests(runtime: Runtime, sessions: object): void {
  replaceMethod(sessions, 'request', (original) => {
    return function request(this: unknown, ...args: unknown[]): unknown {
      const stream = called(original, this, args);
      try {
        watchStream(runtime, stream as ClientHttp2Stream, request);
      } catch {
        // This one goes unseen.
      }
      return stream;
    };
  });
}

function watchStream(runtime: Runtime, stream: ClientHttp2Stream, below: (...args: never[]) => unknown): void {
  const span = open(runtime, stream.sentHeaders ?? {}, below);
  if (span === null) return;
  const sent: Sent = { span, status: null, error: null };
  stream.once('response', (headers) => void (sent.status = Number(headers[':status'])));
  // A listener of errors themselves would keep one from ending the program.
  stream.once(errorMonitor, (error: unknown) => void (sent.error = error));
  stream.once('close', () => end(sent, stream));
}

/** As the program calls it. Not `catch` and `throw`: a thrown error keeps its place in the host's source only when nobody throws it again. */
function called(original: Callable, self: unknown, args: unknown[]): unknown {
  const narrow = widenStacks(2);
  try {
    return Reflect.apply(original, self, args);
  } finally {
    narrow();
  }
}

/** What on a prototype chain has a method. */
function ownerOf(value: unknown, method: string): object | null {
  let owner: object | null = typeof value === 'object' ? value : null;
  while (owner !== null && !Object.hasOwn(owner, method)) owner = Object.getPrototypeOf(owner) as object | null;
  return owner;
}

function end({ span, status, error }: Sent, stream: ClientHttp2Stream): void {
  const { rstCode = NO_ERROR } = stream;
  // Told by channels as a close alone.
  if (rstCode !== NO_ERROR && rstCode !== CANCEL) span.end('error', `HTTP/2 stream closed with error code ${rstCode}`, null);
  else if (error === null && (stream.aborted || status === null)) span.end('cancelled', 'closed before the response was complete', null);
  else endHttpSpan(span, status, error, null);
}

/** Null for what undici sends this way, whose channels tell of it already, and for what is no plain request. */
function open(runtime: Runtime, headers: IncomingHttpHeaders | OutgoingHttpHeaders, below: (...args: never[]) => unknown): Span | null {
  const { ':method': method, ':scheme': scheme = 'https', ':authority': authority, ':path': path, accept } = headers;
  if (typeof method !== 'string' || method === 'CONNECT' || typeof authority !== 'string' || typeof path !== 'string' || captureSites(below).some(isUndici)) return null;
  const url = new URL(path, `${String(scheme)}://${authority}`);
  const route = runtime.router.route(url, method, isInModelSdk(), null);
  if (route.kind === 'direct') return null;
  const start = { caller: requestCallerOf(below), t: now(), url, method, accept: typeof accept === 'string' ? accept : null };
  return openHttpSpan(runtime, route.kind === 'other' ? start : { ...start, unrouted: UNROUTED });
}

function isUndici(site: CallSite): boolean {
  return /[\\/]node_modules[\\/]undici[\\/]|^node:internal[\\/]deps[\\/]undici/.test(site.getFileName() ?? '');
}

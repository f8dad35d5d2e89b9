/**
 * Listens on undici's diagnostics channels: for the end of bodies that the global `fetch` receives, and for requests of the
 * `undici` package itself, which can be tagged there; `undiciDispatch.ts` sends them elsewhere.
 */
import { subscribe } from 'node:diagnostics_channel';
import { currentContext, isInModelSdk, llmCallerOf, requestCallerOf, type WireObserver } from './context.ts';
import { CALL_HEADER } from './contract.ts';
import { now } from './events.ts';
import { Flight } from './flights.ts';
import { HttpSpanObserver, type Unrouted } from './httpSpan.ts';
import type { Runtime } from './runtime.ts';

interface UndiciRequest {
  origin?: unknown;
  path?: unknown;
  method?: unknown;
  /** As they will be sent: text, or names and values in turn. */
  headers?: unknown;
  addHeader?: (name: string, value: string) => unknown;
}
interface UndiciResponse {
  statusCode: number;
  headers?: unknown;
}

export function observeUndici(runtime: Runtime): void {
  const observers = new WeakMap<object, WireObserver>();
  let areHeadersAskedFor = false;

  const onCreate = guarded(function onCreate(message: { request: UndiciRequest }): void {
    const { request } = message;
    const wire = currentContext()?.wire ?? null;
    if (wire === 'handled') return;
    const observer = wire ?? observePackage(runtime, request, onCreate);
    if (observer === null) return;
    observers.set(request, observer);
    if (!areHeadersAskedFor && observer.headers !== undefined) {
      areHeadersAskedFor = true;
      // Not before: each message that somebody is told costs.
      listen('undici:request:headers', onHeaders);
    }
    observer.created(request);
  });
  const onHeaders = guarded(({ request, response }: { request: object; response: UndiciResponse }) => {
    observers.get(request)?.headers?.(request, response.statusCode, response.headers);
  });
  listen('undici:request:create', onCreate);
  listen(
    'undici:request:trailers',
    guarded(({ request }: { request: object }) => observers.get(request)?.done(request)),
  );
  listen(
    'undici:request:error',
    guarded(({ request, error }: { request: object; error: unknown }) => observers.get(request)?.failed(request, error)),
  );
}

/** A request made by the `undici` package, or by a `fetch` taken before the hook was there. */
function observePackage(runtime: Runtime, request: UndiciRequest, below: (...args: never[]) => unknown): WireObserver | null {
  const { origin, path, method } = request;
  if (typeof path !== 'string' || typeof method !== 'string' || (typeof origin !== 'string' && !(origin instanceof URL))) return null;
  const url = new URL(path, origin);
  const route = runtime.router.route(url, method, isInModelSdk(), null);
  const start = { t: now(), url, method, accept: null };
  if (route.kind === 'other') return new HttpSpanObserver(runtime, { ...start, caller: requestCallerOf(below) }, false);
  if (route.kind !== 'proxy') return null;
  if (route.origin === null) {
    // Its dispatcher may have been redirected already, and have made the request only now, from its queue.
    if (!String(request.headers).includes(CALL_HEADER)) request.addHeader?.(CALL_HEADER, runtime.tag(llmCallerOf(below)));
    return new Flight(runtime.flights);
  }
  return new HttpSpanObserver(runtime, { ...start, caller: requestCallerOf(below), unrouted: UNROUTED }, false);
}

const UNROUTED: Unrouted = {
  way: 'with a client, pool or proxy of the undici package',
  remedy: 'Set its base URL from OPENAI_BASE_URL, or use an Agent or the global fetch.',
};

function listen<Message>(channel: string, listener: (message: Message) => void): void {
  subscribe(channel, (message) => listener(message as Message));
}

/** An error in a listener would surface as the host's uncaught exception: it costs the observation instead. */
function guarded<Message>(listener: (message: Message) => void): (message: Message) => void {
  return function listenGuarded(message) {
    try {
      listener(message);
    } catch {
      // See above.
    }
  };
}

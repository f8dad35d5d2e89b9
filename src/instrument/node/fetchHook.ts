/** The global `fetch`: LLM requests go to the proxy, the others are watched. */
import { hideFromStack } from './callSites.ts';
import { currentContext, llmCallerOf, withContext } from './context.ts';
import { CALL_HEADER, ORIGIN_HEADER } from './contract.ts';
import { HttpSpanObserver, openHttpSpan, wireContext } from './httpSpan.ts';
import { isRefused, type Route } from './router.ts';
import type { Runtime } from './runtime.ts';
import { replaceMethod } from './wrapping.ts';

type Fetch = typeof globalThis.fetch;
type Input = Parameters<Fetch>[0];
type Init = Parameters<Fetch>[1];
type ProxyRoute = Extract<Route, { kind: 'proxy' }>;

export function hookFetch(runtime: Runtime): void {
  replaceMethod(globalThis, 'fetch', (original) => {
    const send = (input: Input, init: Init): Promise<Response> => original.call(undefined, input, init) as Promise<Response>;
    return function fetch(this: unknown, ...args: unknown[]): unknown {
      const [input, init] = args as [Input, Init];
      let work: (() => Promise<Response>) | null = null;
      try {
        work = args.length === 0 ? null : plan(runtime, send, input, init, fetch);
      } catch {
        // Whatever is wrong with the arguments, the original says it best.
      }
      return work === null ? Reflect.apply(original, this, args) : work();
    };
  });
}

function plan(runtime: Runtime, send: Fetch, input: Input, init: Init, below: (...args: never[]) => unknown): (() => Promise<Response>) | null {
  const request = typeof input === 'object' && input instanceof Request ? input : null;
  const url = new URL(addressOf(input));
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  const method = (init?.method ?? request?.method ?? 'GET').toUpperCase();
  const body = typeof init?.body === 'string' ? init.body : null;
  const route = runtime.router.route(url, method, currentContext()?.insideSdk ?? false, body);
  if (route.kind === 'other') {
    const accept = new Headers(init?.headers ?? request?.headers).get('accept');
    return () => watched(send, input, init, new HttpSpanObserver(openHttpSpan(runtime, url, method, accept, below), false));
  }
  const handled = wireContext('handled');
  if (route.kind === 'direct') {
    const elsewhere = route.url === null ? input : readdress(input, route.url);
    return () => withContext(handled, () => send(elsewhere, init));
  }
  const headers = new Headers(init?.headers ?? request?.headers);
  headers.set(CALL_HEADER, runtime.tag(llmCallerOf(below)));
  if (route.origin !== null) headers.set(ORIGIN_HEADER, route.origin);
  return () => withContext(handled, () => routed(runtime, send, input, init, route, headers));
}

/** A request for the proxy, and once more for where it was meant to go if there is no proxy any more. */
async function routed(runtime: Runtime, send: Fetch, input: Input, init: Init, route: ProxyRoute, headers: Headers): Promise<Response> {
  try {
    const response = await send(readdress(input, route.url), withHeaders(init, headers, route.origin !== null));
    // The program sees the address that it asked for.
    if (route.origin !== null) Object.defineProperty(response, 'url', { value: addressOf(input), configurable: true });
    return response;
  } catch (error) {
    if (isRefused(error)) {
      runtime.router.markGone();
      if (route.direct !== null && isReplayable(input, init)) return await again(send, readdress(input, route.direct), init);
    }
    hideFromStack(error);
    throw error;
  }
}

async function again(send: Fetch, input: Input, init: Init): Promise<Response> {
  try {
    return await send(input, init);
  } catch (error) {
    hideFromStack(error);
    throw error;
  }
}

/** An LLM-free request. `await` and not `then`, because the stacks of errors follow only the former. */
async function watched(send: Fetch, input: Input, init: Init, observer: HttpSpanObserver): Promise<Response> {
  try {
    const response = await withContext(wireContext(observer), () => send(input, init));
    observer.answer(response.status);
    return response;
  } catch (error) {
    observer.reject(error);
    hideFromStack(error);
    throw error;
  }
}

function addressOf(input: Input): string {
  if (typeof input === 'string') return new URL(input).href;
  return input instanceof Request ? input.url : new URL(input).href;
}

function readdress(input: Input, url: string): Input {
  return typeof input === 'object' && input instanceof Request ? new Request(url, input) : url;
}

/** A copy of the options with other headers; a dispatcher that leads through a corporate proxy cannot reach loopback and is left out. */
function withHeaders(init: Init, headers: Headers, redirected: boolean): RequestInit {
  const copy: RequestInit & { dispatcher?: object } = { ...init, headers };
  if (redirected && copy.dispatcher !== undefined && /Proxy/.test(copy.dispatcher.constructor.name)) delete copy.dispatcher;
  return copy;
}

/** Whether the same arguments can be sent twice: a stream may have been read. */
function isReplayable(input: Input, init: Init): boolean {
  if (typeof input === 'object' && input instanceof Request && input.body !== null) return false;
  const body: unknown = init?.body;
  if (typeof body !== 'object' || body === null) return true;
  return ArrayBuffer.isView(body) || body instanceof ArrayBuffer || body instanceof URLSearchParams || body instanceof FormData || body instanceof Blob;
}

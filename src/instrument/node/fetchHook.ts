/** The global `fetch`: LLM requests go to the proxy, the others are watched. */
import { widenStacks } from './callSites.ts';
import { enterContext, isInModelSdk, llmCallerOf, requestCallerOf, type CallContext } from './context.ts';
import { CALL_HEADER, ORIGIN_HEADER } from './contract.ts';
import { now } from './events.ts';
import { Flight } from './flights.ts';
import { HttpSpanObserver, wireContext } from './httpSpan.ts';
import { isBrokenOff, isRefused, type Route } from './router.ts';
import type { Runtime } from './runtime.ts';
import { replaceMethod } from './wrapping.ts';

type Fetch = typeof globalThis.fetch;
type Input = Parameters<Fetch>[0];
type Init = Parameters<Fetch>[1];
type ProxyRoute = Extract<Route, { kind: 'proxy' }>;

/** What to call the original with, and what to make of its promise. */
interface Plan {
  args: unknown[];
  context: CallContext;
  /** Called once the original has returned. */
  undo: (() => void) | null;
  /** Null: the program gets the original's own promise. */
  settle: ((answer: Promise<Response>) => Promise<Response>) | null;
}

export function hookFetch(runtime: Runtime): void {
  replaceMethod(globalThis, 'fetch', (original) => {
    const send = (input: Input, init: Init): Promise<Response> => original.call(undefined, input, init) as Promise<Response>;
    return function fetch(this: unknown, ...args: unknown[]): unknown {
      let plan: Plan | null = null;
      try {
        plan = args.length === 0 ? null : makePlan(runtime, send, args, fetch);
      } catch {
        // Whatever is wrong with the arguments, the original says it best.
      }
      const leave = plan === null ? null : enterContext(plan.context);
      const narrow = widenStacks();
      try {
        const answer = Reflect.apply(original, this, plan?.args ?? args) as Promise<Response>;
        return plan?.settle ? plan.settle(answer) : answer;
      } finally {
        narrow();
        leave?.();
        plan?.undo?.();
      }
    };
  });
}

function makePlan(runtime: Runtime, send: Fetch, args: unknown[], below: (...args: never[]) => unknown): Plan | null {
  const [input, init] = args as [Input, Init];
  const request = typeof input === 'object' && input instanceof Request ? input : null;
  const url = urlOf(addressOf(input));
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  const method = (init?.method ?? request?.method ?? 'GET').toUpperCase();
  const body = typeof init?.body === 'string' ? init.body : null;
  const route = runtime.router.route(url, method, isInModelSdk(), body);
  if (route.kind === 'other') {
    const start = { caller: requestCallerOf(below), t: now(), url, method, accept: new Headers(init?.headers ?? request?.headers).get('accept') };
    const followsRedirects = (init?.redirect ?? request?.redirect ?? 'follow') === 'follow';
    return { args, context: wireContext(new HttpSpanObserver(runtime, start, followsRedirects)), undo: null, settle: null };
  }
  const flight = new Flight(runtime.flights);
  const context = wireContext(route.kind === 'proxy' ? flight : 'handled');
  if (route.kind === 'direct') return { args: route.url === null ? args : [readdress(input, route.url), init], context, undo: null, settle: null };
  const tag = runtime.tag(llmCallerOf(below), context.span);
  const isFinal = route.origin === null && route.direct === null;
  const answered = isFinal ? null : (answer: Promise<Response>) => settle(runtime, send, input, init, route, answer);
  if (route.origin === null && isPlainHeaders(init?.headers)) {
    const { headers } = init;
    const args = [readdress(input, route.url), init];
    if (sendsAtOnce(init)) {
      flight.header = { name: CALL_HEADER, value: tag, url: route.url };
      return { args, context, undo: null, settle: answered };
    }
    headers.set(CALL_HEADER, tag);
    return { args, context, undo: () => headers.delete(CALL_HEADER), settle: answered };
  }
  const headers = new Headers(init?.headers ?? request?.headers);
  headers.set(CALL_HEADER, tag);
  if (route.origin !== null) headers.set(ORIGIN_HEADER, route.origin);
  return { args: [readdress(input, route.url), withHeaders(init, headers, route.origin !== null)], context, undo: null, settle: answered };
}

const DISPATCHER = Symbol.for('undici.globalDispatcher.1');
const dispatchers = new WeakMap<object, boolean>();

/**
 * Whether Node makes the request as soon as `fetch` is called, and in its context, where undici's channels tell of it: a header that is
 * added to it there is not copied and looked at three times before. Where a dispatcher may keep it waiting, it would be lost.
 */
function sendsAtOnce(init: NonNullable<Init>): boolean {
  const own: unknown = (init as { dispatcher?: unknown }).dispatcher;
  const dispatcher: unknown = Reflect.get(globalThis, DISPATCHER);
  if (own !== undefined || typeof dispatcher !== 'object' || dispatcher === null) return false;
  let isPlain = dispatchers.get(dispatcher);
  if (isPlain === undefined) dispatchers.set(dispatcher, (isPlain = isPlainAgent(dispatcher)));
  return isPlain;
}

/** An agent that opens as many connections as there are requests, as Node's own does. */
function isPlainAgent(dispatcher: object): boolean {
  const of = (name: string): unknown => {
    const key = Object.getOwnPropertySymbols(dispatcher).find(({ description }) => description === name);
    return key === undefined ? undefined : Reflect.get(dispatcher, key);
  };
  const options = of('options');
  const factory = of('factory');
  if (dispatcher.constructor.name !== 'Agent' || typeof options !== 'object' || options === null || typeof factory !== 'function') return false;
  const { connections, allowH2 } = options as { connections?: unknown; allowH2?: unknown };
  return factory.name === 'defaultFactory' && (connections ?? null) === null && allowH2 !== true;
}

/** What SDKs make for each request: `fetch` copies it before it returns, so that one more can be lent to it, which is cheaper than another copy. */
function isPlainHeaders(headers: unknown): headers is Headers {
  return typeof headers === 'object' && headers instanceof Headers && Object.getPrototypeOf(headers) === Headers.prototype && Reflect.ownKeys(headers).length === 0 && !headers.has(CALL_HEADER);
}

/**
 * Gives the response the address that the program asked for, and sends the request once more to where it was meant to go if
 * there is no proxy any more. `then` and not `await`: an async function would stand in the stacks of errors.
 */
function settle(runtime: Runtime, send: Fetch, input: Input, init: Init, route: ProxyRoute, answer: Promise<Response>): Promise<Response> {
  return answer.then(
    (response) => {
      if (route.origin !== null) Object.defineProperty(response, 'url', { value: addressOf(input), configurable: true });
      return response;
    },
    (error: unknown) => {
      const again = () => {
        if (route.direct === null || !isReplayable(input, init)) throw error;
        return send(readdress(input, route.direct), init);
      };
      if (isRefused(error)) {
        runtime.router.markGone();
        return again();
      }
      if (!isBrokenOff(error)) throw error;
      // A connection that was kept is broken off when the profiler dies: whether it has is known once the port is asked.
      return runtime.router.listens().then((listens) => {
        if (listens) throw error;
        return again();
      });
    },
  );
}

const MOST_KNOWN = 100;
const known = new Map<string, URL>();

/** Of an address, which a program asks again and again. Not to be changed. */
function urlOf(address: string): URL {
  let url = known.get(address);
  if (url === undefined) {
    url = new URL(address);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(address, url);
  }
  return url;
}

function addressOf(input: Input): string {
  if (typeof input === 'string') return urlOf(input).href;
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

/** `http.request`, `http.get` and their https likes: LLM requests go to the proxy in plain HTTP, the others are watched. */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { subscribe } from 'node:diagnostics_channel';
import { urlToHttpOptions } from 'node:url';
import { loadBuiltin } from './builtins.ts';
import { widenStacks } from './callSites.ts';
import { enclosingSpan, isInModelSdk, llmCallerOf, requestCallerOf } from './context.ts';
import { CALL_HEADER, ORIGIN_HEADER } from './contract.ts';
import { now } from './events.ts';
import { HttpResend } from './httpResend.ts';
import { endHttpSpan, openHttpSpan } from './httpSpan.ts';
import { isRefused } from './router.ts';
import type { Runtime, Span } from './runtime.ts';
import { replaceMethod, type Callable } from './wrapping.ts';

type Headers = Record<string, unknown>;
/** What both functions take, whichever way it was given. */
interface Call {
  options: RequestOptions;
  listener: unknown;
  url: URL;
  method: string;
}

/** Options that belong to the connection that the program meant, and are wrong for one to the proxy. */
const CONNECTION_OPTIONS = ['agent', '_defaultAgent', 'defaultPort', 'createConnection', 'lookup', 'family', 'localAddress', 'localPort', 'servername', 'socketPath', 'href', 'origin'];

/** What to call, and what to do with the request that comes of it; `failed` is told when none does. */
interface Plan {
  target: Callable;
  args: unknown[];
  made(request: ClientRequest): void;
  failed(): void;
}
/** What the diagnostics channels told of requests and responses, by their objects. */
interface Observed {
  errors: WeakMap<object, unknown>;
  /** Those that were sent to the proxy, and how they can be sent once more; null where they are not to be. */
  routed: WeakMap<object, HttpResend | null>;
  bytes: WeakMap<object, { count: number }>;
}

export function hookHttp(runtime: Runtime): void {
  const http = loadBuiltin('node:http');
  const https = loadBuiltin('node:https');
  const originals = { 'http:': http.request as unknown as Callable, 'https:': https.request as unknown as Callable };
  const observed: Observed = { errors: new WeakMap(), routed: new WeakMap(), bytes: new WeakMap() };
  for (const [module, protocol] of [[http, 'http:'], [https, 'https:']] as const) {
    for (const name of ['request', 'get'] as const) {
      replaceMethod(module, name, (original) => {
        return function request(this: unknown, ...args: unknown[]): unknown {
          let plan: Plan | null = null;
          try {
            const call = readArguments(args, protocol);
            plan = planRouted(runtime, call, originals, observed, request, name === 'get') ?? planWatched(runtime, call, observed, original, args, request);
          } catch {
            // Whatever is wrong with the arguments, the original says it best.
          }
          let made: ClientRequest | null = null;
          const narrow = widenStacks();
          // Not `catch` and `throw`: a thrown error keeps its place in the host's source only when nobody throws it again.
          try {
            made = Reflect.apply(plan?.target ?? original, this, plan?.args ?? args) as ClientRequest;
          } finally {
            narrow();
            if (made === null) plan?.failed();
          }
          plan?.made(made);
          return made;
        };
      });
    }
  }
  observe(runtime, observed);
}

/** The overloads of Node's own functions: (options), (url), (url, options), each with or without a listener. */
function readArguments(args: readonly unknown[], protocol: 'http:' | 'https:'): Call | null {
  const [first, ...others] = args;
  const address = typeof first === 'string' ? new URL(first) : first instanceof URL ? first : null;
  const rest = address === null ? args : others;
  const given = typeof rest[0] === 'object' && rest[0] !== null ? rest[0] : {};
  const listener = typeof rest[0] === 'function' ? rest[0] : rest[1];
  const options: RequestOptions = { ...(address === null ? {} : urlToHttpOptions(address)), ...given };
  if (options.socketPath) return null;
  const agent = typeof options.agent === 'object' ? (options.agent as { protocol?: string }) : {};
  const scheme = options.protocol ?? agent.protocol ?? protocol;
  const host = options.hostname ?? options.host ?? 'localhost';
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const url = new URL(`${scheme}//${bracketed}${options.port ? `:${options.port}` : ''}${options.path ?? '/'}`);
  return { options, listener, url, method: (options.method ?? 'GET').toUpperCase() };
}

/** Null for what is no LLM request, and for what goes where the program sends it because the proxy is gone. */
function planRouted(runtime: Runtime, call: Call | null, originals: Record<'http:' | 'https:', Callable>, observed: Observed, below: (...args: never[]) => unknown, isGet: boolean): Plan | null {
  if (call === null) return null;
  const { options, listener, url, method } = call;
  const route = runtime.router.route(url, method, isInModelSdk(), null);
  if (route.kind === 'other' || route.url === null) return null;
  const target = new URL(route.url);
  const added: Record<string, string> = {};
  const around = route.kind === 'proxy' ? enclosingSpan() : null;
  if (route.kind === 'proxy') {
    added[CALL_HEADER] = runtime.tag(llmCallerOf(below), around);
    if (route.origin !== null) added[ORIGIN_HEADER] = route.origin;
  }
  const directly = (address: string, isOwn: boolean) => (first: ClientRequest) => {
    const meant = new URL(address);
    const again = { ...(isOwn ? options : readdress(options, meant)), headers: headersAgain(first, options.headers, isOwn), timeout: (first as { timeout?: number }).timeout ?? options.timeout };
    return originals[meant.protocol === 'https:' ? 'https:' : 'http:'](again) as ClientRequest;
  };
  const redirected = target.origin !== url.origin;
  const changed = { ...(redirected ? readdress(options, target) : options), headers: withHeaders(options.headers, added, redirected ? target.host : null) };
  return {
    target: originals[target.protocol === 'https:' ? 'https:' : 'http:'],
    args: [changed, listener],
    made(request) {
      if (route.kind === 'proxy') {
        observed.routed.set(request, route.direct === null ? null : new HttpResend(request, runtime.router, directly(route.direct, route.origin !== null)));
        request.once('close', runtime.flights.begin(around));
      }
      if (isGet) request.end();
    },
    failed: () => undefined,
  };
}

/** The span ends with the request's `close`: the body has been consumed, or never will be. */
function planWatched(runtime: Runtime, call: Call | null, observed: Observed, target: Callable, args: unknown[], below: (...args: never[]) => unknown): Plan | null {
  if (call === null || headerOf(call.options.headers, 'upgrade') !== null) return null;
  const route = runtime.router.route(call.url, call.method, isInModelSdk(), null);
  if (route.kind !== 'other') return null;
  const { url, method } = call;
  const span = openHttpSpan(runtime, { caller: requestCallerOf(below), t: now(), url, method, accept: headerOf(call.options.headers, 'accept') });
  return {
    target,
    args,
    made: (request) => void request.once('close', () => endWithRequest(span, request, observed)),
    failed: () => span.end('error', 'the request could not be made', null),
  };
}

function endWithRequest(span: Span, request: ClientRequest, observed: Observed): void {
  const response = (request as { res?: IncomingMessage | null }).res ?? null;
  const error: unknown = observed.errors.get(request) ?? request.errored ?? response?.errored ?? null;
  if (error === null && !response?.complete) span.end('cancelled', 'closed before the response was complete', null);
  else endHttpSpan(span, response?.statusCode ?? null, error, response === null ? null : (observed.bytes.get(response)?.count ?? null));
}

function readdress(options: RequestOptions, target: URL): RequestOptions {
  const kept = Object.entries(options).filter(([key]) => !CONNECTION_OPTIONS.includes(key));
  const { protocol, hostname, port, path } = urlToHttpOptions(target);
  return { ...Object.fromEntries(kept), protocol, hostname, host: hostname, port, path };
}

/** Headers come as an object, or as a flat array of names and values, or as pairs. */
function withHeaders(headers: unknown, added: Record<string, string>, host: string | null): RequestOptions['headers'] {
  if (Array.isArray(headers)) {
    const pairs: [string, unknown][] = headerPairs(headers).map(([name, value]) => [name, host !== null && /^host$/i.test(name) ? host : value]);
    const all = [...pairs, ...Object.entries(added)];
    return (Array.isArray(headers[0]) ? all : all.flat()) as unknown as RequestOptions['headers'];
  }
  const kept = Object.entries((headers ?? {}) as Headers).filter(([name]) => host === null || !/^host$/i.test(name));
  return { ...Object.fromEntries(kept), ...added } as RequestOptions['headers'];
}

/** Those of a request that was sent to the proxy as they would have been without it; `isOwn`: it goes to the host that the program named. */
function headersAgain(request: ClientRequest, given: unknown, isOwn: boolean): RequestOptions['headers'] {
  const names = request.getRawHeaderNames();
  // Those that come as an array are sent as they are.
  if (Array.isArray(given)) return given as RequestOptions['headers'];
  const host = isOwn ? headerOf(given, 'host') : null;
  const kept = names.filter((name) => ![CALL_HEADER, ORIGIN_HEADER, 'host'].includes(name.toLowerCase())).map((name) => [name, request.getHeader(name)] as const);
  return { ...Object.fromEntries(kept), ...(host === null ? {} : { Host: host }) };
}

function headerPairs(headers: readonly unknown[]): [string, unknown][] {
  if (Array.isArray(headers[0])) return (headers as [unknown, unknown][]).map(([name, value]) => [String(name), value]);
  const pairs: [string, unknown][] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) pairs.push([String(headers[index]), headers[index + 1]]);
  return pairs;
}

function headerOf(headers: unknown, name: string): string | null {
  const pairs = Array.isArray(headers) ? headerPairs(headers) : Object.entries((headers ?? {}) as Headers);
  const found = pairs.find(([key]) => key.toLowerCase() === name);
  return typeof found?.[1] === 'string' ? found[1] : null;
}

/**
 * Notes the errors of requests, for which a listener would change what an error without one does, and counts the bytes of
 * responses where the parser hands them over: the method stands on the response itself, unlisted, because a `data` listener
 * would start the stream's flow.
 */
function observe(runtime: Runtime, { errors, routed, bytes }: Observed): void {
  subscribe('http.client.request.error', (message) => {
    const { request, error } = message as { request: ClientRequest; error: unknown };
    errors.set(request, error);
    const again = routed.get(request);
    if (again === undefined) return;
    if (isRefused(error)) runtime.router.markGone();
    again?.failed(error);
  });
  subscribe('http.client.response.finish', (message) => {
    try {
      const { response } = message as { response: IncomingMessage };
      const counted = { count: 0 };
      bytes.set(response, counted);
      const push = response.push.bind(response);
      const counting = (chunk: unknown, encoding?: BufferEncoding): boolean => {
        if (chunk instanceof Uint8Array) counted.count += chunk.byteLength;
        return push(chunk, encoding);
      };
      Object.defineProperty(response, 'push', { value: counting, writable: true, configurable: true, enumerable: false });
    } catch {
      // Then the size stays unknown.
    }
  });
}

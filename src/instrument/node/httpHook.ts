/** `http.request`, `http.get` and their https likes: LLM requests go to the proxy in plain HTTP, the others are watched. */
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { subscribe } from 'node:diagnostics_channel';
import { urlToHttpOptions } from 'node:url';
import { currentContext, llmCallerOf } from './context.ts';
import { CALL_HEADER, ORIGIN_HEADER } from './contract.ts';
import { endHttpSpan, openHttpSpan } from './httpSpan.ts';
import { isRefused } from './router.ts';
import type { Runtime } from './runtime.ts';
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

export function hookHttp(runtime: Runtime): void {
  const originals = { 'http:': http.request as unknown as Callable, 'https:': https.request as unknown as Callable };
  const received = new WeakMap<object, { bytes: number }>();
  for (const [module, protocol] of [[http, 'http:'], [https, 'https:']] as const) {
    for (const name of ['request', 'get'] as const) {
      replaceMethod(module, name, (original) => {
        return function request(this: unknown, ...args: unknown[]): unknown {
          let work: (() => unknown) | null = null;
          try {
            const call = readArguments(args, protocol);
            if (call !== null) work = plan(runtime, call, originals, received, () => Reflect.apply(original, this, args), request, name === 'get');
          } catch {
            // Whatever is wrong with the arguments, the original says it best.
          }
          return work === null ? Reflect.apply(original, this, args) : work();
        };
      });
    }
  }
  countBodies(received);
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

function plan(
  runtime: Runtime,
  call: Call,
  originals: Record<'http:' | 'https:', Callable>,
  received: WeakMap<object, { bytes: number }>,
  untouched: () => unknown,
  below: (...args: never[]) => unknown,
  isGet: boolean,
): (() => unknown) | null {
  const { options, listener, url, method } = call;
  const route = runtime.router.route(url, method, currentContext()?.insideSdk ?? false, null);
  if (route.kind === 'other') return headerOf(options.headers, 'upgrade') === null ? () => watched(runtime, call, received, untouched, below) : null;
  if (route.kind === 'direct' && route.url === null) return null;
  const target = new URL(route.kind === 'direct' ? (route.url ?? '') : route.url);
  const added: Record<string, string> = {};
  if (route.kind === 'proxy') {
    added[CALL_HEADER] = runtime.tag(llmCallerOf(below));
    if (route.origin !== null) added[ORIGIN_HEADER] = route.origin;
  }
  const redirected = target.origin !== url.origin;
  const replaced = redirected ? readdress(options, target) : { ...options };
  const changed = { ...replaced, headers: withHeaders(options.headers, added, redirected ? target.host : null) };
  const send = originals[target.protocol === 'https:' ? 'https:' : 'http:'];
  return () => {
    const request = Reflect.apply(send, undefined, [changed, listener]) as ClientRequest;
    // A refused connection cannot be undone here, where the program already holds the request: the next one goes direct.
    request.once('close', () => {
      if (isRefused(request.errored)) runtime.router.markGone();
    });
    if (isGet) request.end();
    return request;
  };
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

/** The span ends with the request's `close`: the body has been consumed, or never will be. */
function watched(runtime: Runtime, call: Call, received: WeakMap<object, { bytes: number }>, untouched: () => unknown, below: (...args: never[]) => unknown): unknown {
  const span = openHttpSpan(runtime, call.url, call.method, headerOf(call.options.headers, 'accept'), below);
  let made: ClientRequest | null = null;
  try {
    made = untouched() as ClientRequest;
  } finally {
    // Not `catch` and `throw`: a thrown error keeps its place in the host's source only when nobody throws it again.
    if (made === null) span.end('error', 'the request could not be made', null);
  }
  const request = made;
  request.once('close', () => {
    const response = (request as { res?: IncomingMessage | null }).res ?? null;
    const error: unknown = request.errored ?? response?.errored ?? null;
    const cut = response === null ? (request.destroyed && error === null ? 'closed' : null) : response.complete ? null : 'closed';
    if (error === null && cut !== null) span.end('cancelled', 'closed before the response was complete', null);
    else endHttpSpan(span, response?.statusCode ?? null, error, response === null ? null : (received.get(response)?.bytes ?? null));
  });
  return request;
}

/**
 * Counts the bytes of response bodies where the parser hands them over. The method stands on the response itself, unlisted:
 * a `data` listener would start the stream's flow.
 */
function countBodies(received: WeakMap<object, { bytes: number }>): void {
  subscribe('http.client.response.finish', (message) => {
    try {
      const { response } = message as { response: IncomingMessage };
      const count = { bytes: 0 };
      received.set(response, count);
      const push = response.push.bind(response);
      const counting = (chunk: unknown, encoding?: BufferEncoding): boolean => {
        if (chunk instanceof Uint8Array) count.bytes += chunk.byteLength;
        return push(chunk, encoding);
      };
      Object.defineProperty(response, 'push', { value: counting, writable: true, configurable: true, enumerable: false });
    } catch {
      // Then the size stays unknown.
    }
  });
}

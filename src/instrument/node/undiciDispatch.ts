/**
 * Sends LLM calls of the `undici` package to the proxy. Its `request`, `stream` and `fetch` all end in an agent's `dispatch`,
 * whose options still say where to; clients and pools are bound to one server, and what a mock or a proxy answers stays with it.
 */
import { currentContext, enterContext, isInModelSdk, llmCallerOf } from './context.ts';
import { CALL_HEADER, ORIGIN_HEADER } from './contract.ts';
import { Flight } from './flights.ts';
import { wireContext } from './httpSpan.ts';
import type { Watcher } from './modules.ts';
import type { Runtime } from './runtime.ts';
import type { Reporter } from './spans.ts';
import { isClass, isObject, replaceMethod } from './wrapping.ts';

interface DispatchOptions {
  origin?: unknown;
  path?: unknown;
  method?: unknown;
  headers?: unknown;
}

/** For one copy of the package. */
export function watchUndici({ runtime }: Reporter): Watcher {
  // The agent inside of a proxy's leads through the proxy, which cannot reach loopback, and that of a mock has the answers.
  let inside = 0;
  return (_name, dispatcher) => {
    if (!isClass(dispatcher)) return undefined;
    replaceMethod(dispatcher.prototype, 'dispatch', (original) => function dispatch(this: unknown, ...args) {
      const name = (this as object | null)?.constructor.name ?? '';
      const keeps = name === 'MockAgent' || (name.endsWith('ProxyAgent') && name !== 'EnvHttpProxyAgent');
      const options = inside === 0 && name === 'Agent' ? redirected(runtime, args[0], dispatch) : null;
      const leave = options === null ? null : enterContext(wireContext(new Flight(runtime.flights)));
      if (keeps) inside++;
      try {
        return Reflect.apply(original, this, options === null ? args : [options, ...args.slice(1)]);
      } finally {
        if (keeps) inside--;
        leave?.();
      }
    });
    return undefined;
  };
}

/** The options that lead to the proxy, or null for a request that is to go where it was sent. */
function redirected(runtime: Runtime, options: unknown, below: (...args: never[]) => unknown): object | null {
  try {
    if (!isObject(options) || (currentContext()?.wire ?? null) !== null) return null;
    const { origin, path, method, headers } = options as DispatchOptions;
    if (typeof path !== 'string' || typeof method !== 'string' || (typeof origin !== 'string' && !(origin instanceof URL))) return null;
    const route = runtime.router.route(new URL(path, origin), method, isInModelSdk(), null);
    if (route.kind !== 'proxy' || route.origin === null) return null;
    const changed = withHeaders(headers, { [CALL_HEADER]: runtime.tag(llmCallerOf(below)), [ORIGIN_HEADER]: route.origin });
    if (changed === null) return null;
    const target = new URL(route.url);
    return { ...options, origin: target.origin, path: target.pathname + target.search, headers: changed };
  } catch {
    // Whatever is wrong with the options, undici says it best.
    return null;
  }
}

/** Headers as undici takes them, with ours and without the one that names the other host; null for what can be read only once. */
function withHeaders(headers: unknown, added: Record<string, string>): unknown {
  const isHost = (name: unknown) => String(name).toLowerCase() === 'host';
  if (headers === undefined || headers === null) return added;
  if (Array.isArray(headers)) {
    const kept: unknown[] = [];
    // Names and values in turn.
    for (let at = 0; at + 1 < headers.length; at += 2) if (!isHost(headers[at])) kept.push(headers[at], headers[at + 1]);
    return [...kept, ...Object.entries(added).flat()];
  }
  if (!isObject(headers) || Symbol.iterator in headers) return null;
  return { ...Object.fromEntries(Object.entries(headers).filter(([name]) => !isHost(name))), ...added };
}

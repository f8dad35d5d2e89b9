/** Functions that the SDK's own tool runner (`runTools`) calls for the model, as spans. */
import { hideFromStack, widenStacks } from './callSites.ts';
import { enterContext, type CallContext } from './context.ts';
import type { Runtime, Span } from './runtime.ts';
import { describeError, isCancellation } from './safeText.ts';
import { disguise, type Callable } from './wrapping.ts';

type Bag = Record<string, unknown>;

/**
 * The parameters of `runTools` with each tool's function watched. Nothing of the program's own objects is changed: what must
 * differ is copied, with all its properties, listed or not.
 */
export function watchTools(runtime: Runtime, params: unknown, context: CallContext): unknown {
  if (!isBag(params) || !Array.isArray(params['tools'])) return params;
  const usedIds = new WeakMap<object, Set<string>>();
  const tools = params['tools'].map((tool: unknown) => watchTool(runtime, tool, context, usedIds));
  return copyWith(params, { tools });
}

function watchTool(runtime: Runtime, tool: unknown, context: CallContext, usedIds: WeakMap<object, Set<string>>): unknown {
  if (!isBag(tool) || !isBag(tool['function'])) return tool;
  const definition = tool['function'];
  const watch = (run: Callable): Callable => {
    const name = typeof definition['name'] === 'string' && definition['name'] !== '' ? definition['name'] : run.name;
    return watchFunction(runtime, run, name, definition, context, usedIds);
  };
  // `zodFunction()` and its likes keep the function beside the definition.
  if (typeof tool['$callback'] === 'function') return copyWith(tool, { $callback: watch(tool['$callback'] as Callable) });
  if (typeof definition['function'] === 'function') return copyWith(tool, { function: copyWith(definition, { function: watch(definition['function'] as Callable) }) });
  return tool;
}

/** The function is called on `definition` as it would have been, and not on the copy that it was found in. */
function watchFunction(runtime: Runtime, run: Callable, name: string, definition: Bag, context: CallContext, usedIds: WeakMap<object, Set<string>>): Callable {
  return disguise(function (this: unknown, ...args: unknown[]): unknown {
    const span = runtime.openSpan({ kind: 'tool', name, caller: context, source: 'toolRunner', detail: null, callId: callIdOf(args, name, usedIds) });
    const leave = enterContext({ ...context, insideSdk: false, span: span.id, wire: null });
    const narrow = widenStacks();
    try {
      const copied = isBag(this) && Object.getPrototypeOf(this) === Object.getPrototypeOf(definition) && definition['function'] === run;
      const result = Reflect.apply(run, copied ? definition : this, args);
      return isThenable(result) ? observe(result, span) : finish(span, result);
    } catch (error) {
      fail(span, error);
      // The SDK calls tools in an async function of its own: to throw again changes nothing that can be seen.
      throw error;
    } finally {
      narrow();
      leave();
    }
  }, run);
}

/** The runner awaits what we return, so that a handler of ours beside its own leaves no rejection unhandled or hidden. */
function observe(result: PromiseLike<unknown>, span: Span): PromiseLike<unknown> {
  // Other thenables may start their work in `then`, which must therefore be called once only.
  const promise = result instanceof Promise && result.constructor === Promise ? result : Promise.resolve(result);
  promise.then(
    (value) => finish(span, value),
    (error: unknown) => fail(span, error),
  );
  return promise;
}

function finish(span: Span, result: unknown): unknown {
  span.end('ok', null, typeof result === 'string' ? Buffer.byteLength(result) : null);
  return result;
}

function fail(span: Span, error: unknown): void {
  hideFromStack(error);
  span.end(isCancellation(error) ? 'cancelled' : 'error', describeError(error), null);
}

/**
 * Which of the model's tool calls this is: the runner does not say, but its last message has them, and it works them off in
 * their order.
 */
function callIdOf(args: readonly unknown[], name: string, usedIds: WeakMap<object, Set<string>>): string | null {
  const [input, runner] = args;
  if (!isBag(runner) || !Array.isArray(runner['messages'])) return null;
  const used = usedIds.get(runner) ?? new Set<string>();
  usedIds.set(runner, used);
  const asking = runner['messages'].findLast((message: unknown) => isBag(message) && Array.isArray(message['tool_calls'])) as Bag | undefined;
  const calls = ((asking?.['tool_calls'] ?? []) as unknown[]).filter(isBag);
  const candidates = calls.filter((call) => typeof call['id'] === 'string' && !used.has(call['id']) && isBag(call['function']) && call['function']['name'] === name);
  const chosen = candidates.find((call) => isBag(call['function']) && call['function']['arguments'] === input) ?? candidates[0];
  const id = chosen?.['id'];
  if (typeof id !== 'string') return null;
  used.add(id);
  return id;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function isBag(value: unknown): value is Bag {
  return typeof value === 'object' && value !== null;
}

function copyWith(original: Bag, changes: Bag): Bag {
  const descriptors = Object.getOwnPropertyDescriptors(original);
  const copy = Object.create(Object.getPrototypeOf(original) as object | null, descriptors) as Bag;
  for (const [key, value] of Object.entries(changes)) Object.defineProperty(copy, key, { value, enumerable: descriptors[key]?.enumerable ?? true, writable: true, configurable: true });
  return copy;
}

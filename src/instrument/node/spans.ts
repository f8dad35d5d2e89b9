/** Spans around functions of the program that an SDK or a framework calls: tools, agents, steps. */
import { hideFromStack, isCalledByUser, widenStacks, type Caller } from './callSites.ts';
import { callerOf, currentContext, enterContext, joinFrames, type CallContext } from './context.ts';
import type { Site } from './contract.ts';
import { watchIterable } from './iterables.ts';
import type { Runtime, Span, SpanStart } from './runtime.ts';
import { describeError, isCancellation } from './safeText.ts';
import { sizeOf } from './sizes.ts';
import { isObject, type Callable } from './wrapping.ts';

/** Who reports a span. */
export interface Reporter {
  runtime: Runtime;
  source: SpanStart['source'];
  /** `langgraph 1.7.3`. */
  framework: string | null;
}

/** Something that is about to run, in the framework's words. */
export interface Work {
  kind: SpanStart['kind'];
  name: string;
  /** Of the model's tool call. */
  callId: string | null;
  /** What a tool is called with: text as the model wrote it, or anything that JSON can hold. */
  input?: unknown;
  /** Where a tool is defined: the line that its cost belongs to. */
  definition?: Site | null;
}

/** A piece of work that has begun, and the context to run it in. */
export interface Begun {
  span: Span;
  context: CallContext;
}

/** How the size of a result is told. */
export type Measure = (result: unknown) => number | null;

/** What is known of a function that is watched. */
export interface Watched {
  /** What a run of it is, or null for what is to be left alone; it may throw. */
  describe: (self: unknown, args: unknown[]) => Work | null;
  measure?: Measure;
  /** What went wrong, of a result that says so instead of being thrown. */
  failure?: (result: unknown) => string | null;
  /** What it is called on, where that is not what the caller thinks. */
  self?: (self: unknown) => unknown;
}

/**
 * Opens the span of a piece of work that `below` is called for. Null where that cannot be, and for a tool that is the same run
 * as the one around it: an adapter's function calls the tool of another layer.
 */
export function begin({ runtime, source, framework }: Reporter, work: Work, below: Callable): Begun | null {
  try {
    const around = currentContext();
    const fromUser = isCalledByUser(below);
    if (work.kind === 'tool' && around?.tool && (around.tool === work.name || !fromUser)) return null;
    const caller: Caller = fromUser || !around?.frames.length ? callerOf(below) : around;
    const frames = work.definition ? joinFrames([work.definition], caller.frames) : caller.frames;
    const unattributed = frames.length > 0 ? null : caller.unattributed;
    const { kind, name, callId } = work;
    const span = runtime.openSpan({ kind, name, caller: { frames, unattributed }, source, framework, detail: null, callId, argumentBytes: sizeOf(work.input) });
    const tool = kind === 'tool' ? { tool: name, definition: work.definition ?? null } : { tool: null, definition: null };
    return { span, context: { frames: caller.frames, unattributed: caller.unattributed, insideSdk: kind === 'agent', span, ...tool, wire: null } };
  } catch {
    return null;
  }
}

/** `original` with a span around each of its runs. A promise or async generator that is returned ends the span when it does. */
export function observed(reporter: Reporter, original: Callable, { describe, measure = sizeOf, failure = () => null, self = (given) => given }: Watched): Callable {
  return function run(this: unknown, ...args: unknown[]): unknown {
    const on = self(this);
    const begun = beginDescribed(reporter, () => describe(on, args), run);
    if (begun === null) return Reflect.apply(original, on, args);
    const leave = enterContext(begun.context);
    const narrow = widenStacks();
    let result: unknown;
    try {
      result = Reflect.apply(original, on, args);
    } catch (error) {
      fail(begun.span, error);
      // Frameworks call what is watched here in async functions of their own: to throw again changes nothing that can be seen.
      throw error;
    } finally {
      narrow();
      leave();
    }
    return endWith(begun, result, measure, failure);
  };
}

/** Another version than those that are known is seen by the generic routes alone. */
function beginDescribed(reporter: Reporter, describe: () => Work | null, below: Callable): Begun | null {
  try {
    const work = describe();
    return work === null ? null : begin(reporter, work, below);
  } catch {
    return null;
  }
}

/** Opens the span of an agent's run in the context of the entry that was called for it. */
export function beginAgent({ runtime, source, framework }: Reporter, name: string, context: CallContext): Begun {
  const span = runtime.openSpan({ kind: 'agent', name, caller: context, source, framework, detail: null, callId: null });
  context.span = span;
  return { span, context };
}

/**
 * Ends the span with what `result` comes to, and returns what the caller gets in its place. A rejection is passed on and not
 * merely listened to: it would else count as handled, whether the program handles it or not.
 */
export function endWith({ span, context }: Begun, result: unknown, measure: Measure, failure: (result: unknown) => string | null = () => null): unknown {
  if (isThenable(result)) {
    // Other thenables may start their work in `then`, which must therefore be called once only.
    const promise = result instanceof Promise && result.constructor === Promise ? (result as Promise<unknown>) : Promise.resolve(result);
    return passOn(promise, span, (value) => finish(span, value, measure, failure));
  }
  const onEnd = (outcome: { value: unknown } | { error: unknown } | null): void => {
    if (outcome === null) span.end('cancelled', null, null);
    else if ('error' in outcome) fail(span, outcome.error);
    else finish(span, outcome.value, measure, failure);
  };
  return watchIterable(result, context, onEnd) ? result : finish(span, result, measure, failure);
}

/** Passes on a rejection, which ends the span. */
export function passOn(promise: Promise<unknown>, span: Span, onValue: (value: unknown) => unknown): Promise<unknown> {
  return promise.then(onValue, (error: unknown) => {
    fail(span, error);
    throw error;
  });
}

function finish(span: Span, result: unknown, measure: Measure, failure: (result: unknown) => string | null): unknown {
  let size: number | null = null;
  let failed: string | null = null;
  try {
    failed = failure(result);
    size = measure(result);
  } catch {
    // Then it stays unknown.
  }
  span.end(failed === null ? 'ok' : 'error', failed, size);
  return result;
}

export function fail(span: Span, error: unknown): void {
  span.end(isCancellation(error) ? 'cancelled' : 'error', describeError(error), null);
  // After the end: where there are source maps, to write the stack out takes its time.
  hideFromStack(error);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (isObject(value) || typeof value === 'function') && typeof (value as { then?: unknown }).then === 'function';
}

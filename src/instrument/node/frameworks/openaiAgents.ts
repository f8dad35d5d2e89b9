/**
 * OpenAI Agents: who started a run, the functions of its tools, and its agents, turns and handoffs. Agents and turns are known
 * from the spans of its own tracing, which it makes also where that is turned off.
 */
import { currentContext, type CallContext, type Enclosing } from '../context.ts';
import { findDefinition, noteDefinition } from '../definitions.ts';
import { Entries } from '../entries.ts';
import type { Watcher } from '../modules.ts';
import type { Span } from '../runtime.ts';
import { begin, observed, type Reporter, type Work } from '../spans.ts';
import { copyWith, disguise, isClass, isObject, replaceMethod, type Callable } from '../wrapping.ts';

export function watchOpenAiAgents(reporter: Reporter): Watcher {
  const entries = new Entries();
  const nesting = new Nesting(reporter);
  return (name, value) => {
    if (typeof value !== 'function') return undefined;
    const original = value as Callable;
    if (name === 'tool') return disguise(watchTool(reporter, original), original);
    if (name === 'executeHandoffCalls') return disguise(observed(reporter, original, { describe: (_self, args) => handoffOf(args), measure: () => null }), original);
    if (!isClass(value)) return undefined;
    const prototype = value.prototype as object;
    if (name === 'Runner') replaceMethod(prototype, 'run', (run) => entries.watch(run));
    else nesting.watch(prototype);
    return undefined;
  };
}

/** The user's function is watched where the tool is made of it. */
function watchTool(reporter: Reporter, original: Callable): Callable {
  return function define(this: unknown, ...args: unknown[]): unknown {
    const tool: { name?: unknown } = {};
    const made = Reflect.apply(original, this, withWatchedFunction(reporter, define, args, tool));
    if (isObject(made)) tool.name = made['name'];
    return made;
  };
}

function withWatchedFunction(reporter: Reporter, below: Callable, args: unknown[], tool: { name?: unknown }): unknown[] {
  try {
    const [options, ...rest] = args;
    if (!isObject(options) || typeof options['execute'] !== 'function') return args;
    const run = options['execute'] as Callable;
    noteDefinition(below, run);
    const copy = copyWith(options, {
      execute: disguise(
        observed(reporter, run, {
          describe: (_self, [input, , details]) => ({ kind: 'tool', name: String(tool.name), callId: callIdOf(details), input, definition: findDefinition(run) }),
          self: (self) => (self === copy ? options : self),
        }),
        run,
      ),
    });
    return [copy, ...rest];
  } catch {
    return args;
  }
}

function callIdOf(details: unknown): string | null {
  const call = isObject(details) ? details['toolCall'] : null;
  const id = isObject(call) ? call['callId'] : null;
  return typeof id === 'string' ? id : null;
}

/** A handoff answers a tool call of the model's, and is no tool. */
function handoffOf(args: unknown[]): Work | null {
  for (const arg of args) {
    const first: unknown = Array.isArray(arg) ? arg[0] : null;
    if (!isObject(first) || !isObject(first['handoff']) || !isObject(first['toolCall'])) continue;
    const { callId, arguments: input } = first['toolCall'];
    return { kind: 'other', name: `handoff to ${String(first['handoff']['agentName'])}`, callId: typeof callId === 'string' ? callId : null, input };
  }
  return null;
}

/** The framework's own spans, as far as they are ours: what runs between their start and their end in one run is inside. */
class Nesting {
  readonly #reporter: Reporter;
  readonly #ours = new WeakMap<object, { span: Span; context: CallContext }>();
  /** Of each run: its open spans, outermost first, and the span that the run itself is in. */
  readonly #open = new WeakMap<CallContext, (Enclosing | null)[]>();

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  watch(prototype: object): void {
    replaceMethod(prototype, 'start', (original) => this.#after(original, (span, below) => this.#start(span, below)));
    replaceMethod(prototype, 'end', (original) => this.#after(original, (span) => this.#end(span)));
  }

  #after(original: Callable, note: (span: object, below: Callable) => void): Callable {
    return function method(this: unknown, ...args: unknown[]): unknown {
      const result = Reflect.apply(original, this, args);
      try {
        if (isObject(this)) note(this, method);
      } catch {
        // The agent has no span then; its calls have theirs.
      }
      return result;
    };
  }

  #start(theirs: object, below: Callable): void {
    const context = currentContext();
    const work = workOf(theirs);
    if (context === undefined || work === null || this.#ours.has(theirs)) return;
    const begun = begin(this.#reporter, work, below);
    if (begun === null) return;
    this.#ours.set(theirs, { span: begun.span, context });
    this.#open.set(context, [...(this.#open.get(context) ?? [context.span]), begun.span]);
    context.span = begun.span;
  }

  #end(theirs: object): void {
    const ours = this.#ours.get(theirs);
    if (ours === undefined) return;
    this.#ours.delete(theirs);
    const error = (theirs as { error?: unknown }).error;
    const message = isObject(error) ? error['message'] : null;
    ours.span.end(isObject(error) ? 'error' : 'ok', typeof message === 'string' ? message : null, null);
    const open = (this.#open.get(ours.context) ?? []).filter((span) => span !== ours.span);
    this.#open.set(ours.context, open);
    ours.context.span = open.at(-1) ?? null;
  }
}

function workOf(theirs: object): Work | null {
  const data = (theirs as { spanData?: unknown }).spanData;
  if (!isObject(data)) return null;
  if (data['type'] === 'agent' && typeof data['name'] === 'string') return { kind: 'agent', name: data['name'], callId: null };
  if (data['type'] === 'turn' && typeof data['turn'] === 'number') return { kind: 'step', name: `turn ${data['turn']}`, callId: null };
  return null;
}

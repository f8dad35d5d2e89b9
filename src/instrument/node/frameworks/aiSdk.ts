/**
 * Vercel's AI SDK, 6 and 7: who called its functions and agents, and the tools that they run. Its own telemetry is left alone: to
 * subscribe to it changes how the SDK runs, and what stands in the stacks of the program's errors.
 */
import { findDefinition, noteDefinition } from '../definitions.ts';
import { Entries } from '../entries.ts';
import type { Watcher } from '../modules.ts';
import type { Span } from '../runtime.ts';
import { beginAgent, endWith, fail, observed, passOn, type Reporter } from '../spans.ts';
import { copyWith, disguise, isClass, isObject, replaceMethod, type Callable } from '../wrapping.ts';

export function watchAiSdk(reporter: Reporter): Watcher {
  const entries = new Entries();
  return (name, value) => {
    if (name === 'ToolLoopAgent') return watchAgent(reporter, entries, value);
    if (typeof value !== 'function') return undefined;
    const original = value as Callable;
    if (name === 'tool' || name === 'dynamicTool') return disguise(watchDefinition(original), original);
    if (name === 'executeToolCall') return disguise(watchExecution(reporter, original), original);
    return disguise(entries.watch(original, ({ args }) => findTools(args[0])), original);
  };
}

/** Where tools are defined that were not made by `tool`: found out here, where mostly the file is still on the stack, and no tool runs. */
function findTools(options: unknown): void {
  const tools = isObject(options) ? options['tools'] : null;
  if (isObject(tools)) for (const tool of Object.values(tools)) if (isObject(tool)) findDefinition(tool, tool['execute']);
}

function watchDefinition(original: Callable): Callable {
  return function define(this: unknown, ...args: unknown[]): unknown {
    const tool = Reflect.apply(original, this, args);
    // The function as well: tools are often copied, with something changed.
    noteDefinition(define, tool, isObject(tool) ? tool['execute'] : null);
    return tool;
  };
}

/** Gives the SDK a tool whose function is watched, in a copy of its tools. */
function watchExecution(reporter: Reporter, original: Callable): Callable {
  return function execute(this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(original, this, withWatchedTool(reporter, args));
  };
}

function withWatchedTool(reporter: Reporter, args: unknown[]): unknown[] {
  try {
    const [options, ...rest] = args as [Record<string, unknown>, ...unknown[]];
    const { toolCall, tools } = options as { toolCall: { toolName: string; toolCallId: string; input: unknown }; tools: Record<string, unknown> };
    const { toolName, toolCallId, input } = toolCall;
    const tool = Object.hasOwn(tools, toolName) ? tools[toolName] : null;
    if (!isObject(tool) || typeof tool['execute'] !== 'function') return args;
    const run = tool['execute'] as Callable;
    const definition = findDefinition(tool, run);
    const copy: Record<string, unknown> = copyWith(tool, {
      execute: disguise(
        observed(reporter, run, {
          describe: () => ({ kind: 'tool', name: toolName, callId: toolCallId, input, definition }),
          self: (self) => (self === copy ? tool : self),
        }),
        run,
      ),
    });
    return [{ ...options, tools: copyWith(tools, { [toolName]: copy }) }, ...rest];
  } catch {
    return args;
  }
}

/** An agent's run ends when its answer is there, or when its stream does. */
function watchAgent(reporter: Reporter, entries: Entries, agent: unknown): undefined {
  if (!isClass(agent)) return;
  for (const method of ['generate', 'stream'])
    replaceMethod(agent.prototype, method, (original) =>
      entries.watch(original, (call) => {
        findTools(call.self);
        const id = isObject(call.self) ? call.self['id'] : null;
        const begun = beginAgent(reporter, typeof id === 'string' ? id : 'ToolLoopAgent', call.context);
        call.returned = (result) => {
          if (method === 'stream' && result instanceof Promise) return passOn(result, begun.span, (stream) => endWithSteps(begun.span, stream));
          return endWith(begun, result, () => null);
        };
      }),
    );
}

/** The result of a stream promises its steps: that is settled when the stream is at its end. */
function endWithSteps(span: Span, stream: unknown): unknown {
  const steps = isObject(stream) ? stream['_steps'] : null;
  if (!isObject(steps) || typeof steps['resolve'] !== 'function' || typeof steps['reject'] !== 'function') {
    span.end('ok', null, null);
    return stream;
  }
  const ends: Record<string, (value: unknown) => void> = { resolve: () => span.end('ok', null, null), reject: (error) => fail(span, error) };
  for (const [name, end] of Object.entries(ends)) {
    const original = steps[name] as Callable;
    const settle = function (this: unknown, ...args: unknown[]): unknown {
      end(args[0]);
      return Reflect.apply(original, this, args);
    };
    Object.defineProperty(steps, name, { value: disguise(settle, original), writable: true, configurable: true, enumerable: false });
  }
  return stream;
}

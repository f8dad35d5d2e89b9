/**
 * Remembers who called the `@anthropic-ai/sdk` at its entry, as `openaiHook.ts` does for its sister: both are generated alike.
 * Its tool runner works piece by piece, whenever somebody asks for the next, in the context of whoever made it.
 */
import { findDefinition } from './definitions.ts';
import type { CallContext } from './context.ts';
import { watchIterable } from './iterables.ts';
import type { Watcher } from './modules.ts';
import { watchOpenAi } from './openaiHook.ts';
import { observed, type Reporter } from './spans.ts';
import { copyWith, disguise, isObject, type Callable } from './wrapping.ts';

/** For one copy of the package. */
export function watchAnthropic(reporter: Reporter): Watcher {
  return watchOpenAi(reporter, {
    method: 'toolRunner',
    prepare(call) {
      call.args = [watchTools({ ...reporter, source: 'toolRunner' }, call.args[0]), ...call.args.slice(1)];
      call.returned = (runner) => {
        watchRunner(runner, call.context);
        return runner;
      };
    },
  });
}

/** The parameters with the function of each tool that has one watched; the program's own objects stay as they are. */
function watchTools(reporter: Reporter, params: unknown): unknown {
  if (!isObject(params) || !Array.isArray(params['tools'])) return params;
  return copyWith(params, { tools: params['tools'].map((tool: unknown) => (isObject(tool) && typeof tool['run'] === 'function' ? copyWith(tool, { run: watchRun(reporter, tool, tool['run'] as Callable) }) : tool)) });
}

function watchRun(reporter: Reporter, tool: Record<string, unknown>, run: Callable): Callable {
  const name = typeof tool['name'] === 'string' ? tool['name'] : run.name;
  const definition = findDefinition(run);
  const watched = observed(reporter, run, {
    describe: (_self, args) => ({ kind: 'tool', name, callId: callIdOf(args[1]), input: args[0], definition }),
    self: (self) => (isObject(self) && self !== tool && self['run'] === watched ? tool : self),
  });
  return disguise(watched, run);
}

/** The runner hands the model's own block to the function, beside its input. */
function callIdOf(context: unknown): string | null {
  if (!isObject(context)) return null;
  const block = context['toolUseBlock'] ?? context['toolUse'];
  return isObject(block) && typeof block['id'] === 'string' ? block['id'] : null;
}

/** Whoever awaits the runner, or asks it for its pieces, iterates over it. */
function watchRunner(runner: unknown, context: CallContext): void {
  if (!isObject(runner) || !(Symbol.asyncIterator in runner) || !Object.isExtensible(runner)) return;
  const original = runner[Symbol.asyncIterator as unknown as string] as Callable;
  const iterate = disguise(function (this: unknown, ...args: unknown[]): unknown {
    const pieces = Reflect.apply(original, this, args);
    watchIterable(pieces, context, () => undefined);
    return pieces;
  }, original);
  Object.defineProperty(runner, Symbol.asyncIterator, { value: iterate, writable: true, configurable: true, enumerable: false });
}

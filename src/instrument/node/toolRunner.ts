/** Functions that the SDK's own tool runner (`runTools`) calls for the model, as spans. */
import { findDefinition } from './definitions.ts';
import { observed, type Reporter } from './spans.ts';
import { copyWith, disguise, isObject, type Callable } from './wrapping.ts';

type Bag = Record<string, unknown>;

/**
 * The parameters of `runTools` with each tool's function watched. Nothing of the program's own objects is changed: what must
 * differ is copied, with all its properties, listed or not.
 */
export function watchTools(reporter: Reporter, params: unknown): unknown {
  if (!isObject(params) || !Array.isArray(params['tools'])) return params;
  const usedIds = new WeakMap<object, Set<string>>();
  const watchFunction = (run: Callable, definition: Bag): Callable => {
    const name = typeof definition['name'] === 'string' && definition['name'] !== '' ? definition['name'] : run.name;
    const site = findDefinition(run);
    const watched = observed(reporter, run, {
      describe: (_self, args) => ({ kind: 'tool', name, callId: callIdOf(args, name, usedIds), input: args[0], definition: site }),
      // On `definition` as it would have been, and not on the copy that the function was found in.
      self: (self) => (isObject(self) && Object.getPrototypeOf(self) === Object.getPrototypeOf(definition) && definition['function'] === run ? definition : self),
    });
    return disguise(watched, run);
  };
  return copyWith(params, { tools: params['tools'].map((tool: unknown) => watchTool(tool, watchFunction)) });
}

function watchTool(tool: unknown, watch: (run: Callable, definition: Bag) => Callable): unknown {
  if (!isObject(tool) || !isObject(tool['function'])) return tool;
  const definition = tool['function'];
  // `zodFunction()` and its likes keep the function beside the definition.
  if (typeof tool['$callback'] === 'function') return copyWith(tool, { $callback: watch(tool['$callback'] as Callable, definition) });
  if (typeof definition['function'] === 'function') return copyWith(tool, { function: copyWith(definition, { function: watch(definition['function'] as Callable, definition) }) });
  return tool;
}

/**
 * Which of the model's tool calls this is: the runner does not say, but its last message has them, and it works them off in
 * their order.
 */
function callIdOf(args: readonly unknown[], name: string, usedIds: WeakMap<object, Set<string>>): string | null {
  const [input, runner] = args;
  if (!isObject(runner) || !Array.isArray(runner['messages'])) return null;
  const used = usedIds.get(runner) ?? new Set<string>();
  usedIds.set(runner, used);
  const asking = runner['messages'].findLast((message: unknown) => isObject(message) && Array.isArray(message['tool_calls'])) as Bag | undefined;
  const calls = ((asking?.['tool_calls'] ?? []) as unknown[]).filter(isObject);
  const candidates = calls.filter((call) => typeof call['id'] === 'string' && !used.has(call['id']) && isObject(call['function']) && call['function']['name'] === name);
  const chosen = candidates.find((call) => isObject(call['function']) && call['function']['arguments'] === input) ?? candidates[0];
  const id = chosen?.['id'];
  if (typeof id !== 'string') return null;
  used.add(id);
  return id;
}

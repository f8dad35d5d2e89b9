/** LangGraph: who ran a graph, the graph's run as an agent, and its nodes as steps. */
import { Entries } from '../entries.ts';
import type { Watcher } from '../modules.ts';
import { begin, endWith, observed, type Reporter, type Work } from '../spans.ts';
import { disguise, isClass, isObject, replaceMethod, type Callable } from '../wrapping.ts';

/** Nodes that the framework adds. */
const HIDDEN_NODE = /^__/;

export function watchLangGraph(reporter: Reporter): Watcher {
  const entries = new Entries();
  return (name, value) => {
    if (name === '_runWithRetry' && typeof value === 'function')
      return disguise(observed(reporter, value as Callable, { describe: (_self, [task]) => nodeOf(task), measure: () => null }), value as Callable);
    if (!isClass(value)) return undefined;
    for (const method of ['invoke', 'stream', 'streamEvents']) replaceMethod(value.prototype, method, (original) => entries.watch(original));
    replaceMethod(value.prototype, '_streamIterator', (original) => watchRun(reporter, original));
    return undefined;
  };
}

/** All ways to run a graph end here, in a generator that is done when the run is. */
function watchRun(reporter: Reporter, original: Callable): Callable {
  return function iterate(this: unknown, ...args: unknown[]): unknown {
    const generator = Reflect.apply(original, this, args);
    const begun = begin(reporter, { kind: 'agent', name: nameOf(this), callId: null }, iterate);
    if (begun !== null) endWith(begun, generator, () => null);
    return generator;
  };
}

function nameOf(graph: unknown): string {
  const name = isObject(graph) && typeof graph['getName'] === 'function' ? (graph['getName'] as () => unknown)() : null;
  return typeof name === 'string' && name !== '' ? name : 'LangGraph';
}

function nodeOf(task: unknown): Work | null {
  const name = isObject(task) ? task['name'] : null;
  return typeof name === 'string' && !HIDDEN_NODE.test(name) ? { kind: 'step', name, callId: null } : null;
}

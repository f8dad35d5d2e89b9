/** Mastra: who asked an agent, the agent's run, and its tools where they are made fit for a model; and runs of workflows, with their steps. */
import { findDefinition, noteDefinition } from '../definitions.ts';
import { Entries } from '../entries.ts';
import type { Watcher } from '../modules.ts';
import { describeError } from '../safeText.ts';
import { beginAgent, endWith, observed, passOn, type Reporter, type Work } from '../spans.ts';
import { disguise, isClass, isObject, replaceMethod, type Callable } from '../wrapping.ts';

const RUNS = ['generate', 'stream', 'network', 'generateLegacy', 'streamLegacy', 'resumeStream', 'resumeGenerate'];
/** What a program calls on a workflow's run, and what these come to, which is over when the run is. */
const WORKFLOW_ENTRIES = ['start', 'startAsync', 'stream', 'streamLegacy', 'resume', 'resumeStream', 'restart', 'timeTravel'];
const WORKFLOW_RUNS = ['_start', '_resume', '_restart', '_timeTravel'];
/** Steps that the framework makes of `.map()`. */
const MAPPING_STEP = /^mapping_/;

export function watchMastra(reporter: Reporter): Watcher {
  const entries = new Entries();
  return (name, value) => {
    if (name === 'createTool' && typeof value === 'function') return disguise(watchDefinition(value as Callable), value as Callable);
    if (!isClass(value)) return undefined;
    if (name === 'Agent') for (const method of RUNS) replaceMethod(value.prototype, method, (original) => watchRun(reporter, entries, original));
    else if (name === 'Run') watchWorkflows(reporter, entries, value.prototype);
    else if (name === 'DefaultExecutionEngine') replaceMethod(value.prototype, 'executeStepWithRetry', (original) => watchStep(reporter, original));
    else replaceMethod(value.prototype, 'createExecute', (original) => watchTool(reporter, original));
    return undefined;
  };
}

function watchDefinition(original: Callable): Callable {
  return function define(this: unknown, ...args: unknown[]): unknown {
    const tool = Reflect.apply(original, this, args);
    noteDefinition(define, tool);
    return tool;
  };
}

/** A run ends when its answer is there; what is streamed knows when it is at its end. */
function watchRun(reporter: Reporter, entries: Entries, original: Callable): Callable {
  return entries.watch(original, (call) => {
    const name = isObject(call.self) && typeof call.self['name'] === 'string' ? call.self['name'] : 'Agent';
    const begun = beginAgent(reporter, name, call.context);
    call.returned = (result) => {
      if (!(result instanceof Promise)) return endWith(begun, result, () => null);
      return passOn(result, begun.span, (output) => {
        const wait = isObject(output) ? output['_waitUntilFinished'] : null;
        if (typeof wait !== 'function') return endWith(begun, output, () => null);
        const finished = Reflect.apply(wait as Callable, output, []) as Promise<unknown>;
        finished.then(() => begun.span.end('ok', null, null), () => begun.span.end('error', null, null));
        return output;
      });
    };
  });
}

/**
 * `createExecute(tool, options)` makes the function that the model's calls of a tool come to. It is given a tool whose own function is
 * watched, in an object in front of the real one: what the framework does before and after (checks, contexts, errors of its own) is
 * none of the tool's time.
 */
function watchTool(reporter: Reporter, original: Callable): Callable {
  return function createExecute(this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(original, this, watchedArguments(reporter, args));
  };
}

function watchedArguments(reporter: Reporter, args: unknown[]): unknown[] {
  const [tool, options, ...rest] = args;
  const name = isObject(options) ? options['name'] : null;
  if (!isObject(tool) || typeof tool['execute'] !== 'function' || typeof name !== 'string') return args;
  const execute = tool['execute'] as Callable;
  const watched = observed(reporter, execute, {
    describe: (_self, [input, context]) => ({ kind: 'tool', name, callId: callIdOf(context), input, definition: findDefinition(tool, execute) }),
    self: (self) => (self === inFront ? tool : self),
  });
  const inFront: object = Object.create(tool, { execute: { value: disguise(watched, execute), writable: true, configurable: true, enumerable: true } }) as object;
  return [inFront, options, ...rest];
}

function watchWorkflows(reporter: Reporter, entries: Entries, prototype: object): void {
  for (const method of WORKFLOW_ENTRIES) replaceMethod(prototype, method, (original) => entries.watch(original));
  for (const method of WORKFLOW_RUNS) {
    replaceMethod(prototype, method, (original) => observed(reporter, original, { describe: workflowOf, measure: () => null, failure: failureOf }));
  }
}

function workflowOf(run: unknown): Work | null {
  if (!isObject(run) || run['isInternalWorkflow'] === true || isInternal(run)) return null;
  const name = run['workflowId'];
  return typeof name === 'string' ? { kind: 'agent', name, callId: null } : null;
}

/** A step with all of its attempts: `executeStepWithRetry(id, run, { workflowId, … })`, whose result says whether it came to one. */
function watchStep(reporter: Reporter, original: Callable): Callable {
  return observed(reporter, original, {
    describe: (engine, [id, , run]) => stepOf(engine, id, run),
    measure: () => null,
    failure: (result) => (isObject(result) ? failureOf(result['error']) : null),
  });
}

function stepOf(engine: unknown, id: unknown, run: unknown): Work | null {
  if (!isObject(engine) || !isObject(run) || typeof id !== 'string' || isInternal(engine['options'])) return null;
  const workflow = `workflow.${String(run['workflowId'])}.step.`;
  const name = id.startsWith(workflow) ? id.slice(workflow.length) : '';
  return name === '' || MAPPING_STEP.test(name) ? null : { kind: 'step', name, callId: null };
}

/** Agents and scorers are workflows of the framework's own. */
function isInternal(policed: unknown): boolean {
  const policy = isObject(policed) ? policed['tracingPolicy'] : null;
  return isObject(policy) && Boolean(policy['internal']);
}

/** What went wrong, of a run or a step that tells so. */
function failureOf(outcome: unknown): string | null {
  return isObject(outcome) && outcome['status'] === 'failed' ? describeError(outcome['error']) : null;
}

/** Mastra's tools are told it in what they know of their agent, those of the AI SDK directly. */
function callIdOf(context: unknown): string | null {
  if (!isObject(context)) return null;
  const callId = context['toolCallId'] ?? (isObject(context['agent']) ? context['agent']['toolCallId'] : null);
  return typeof callId === 'string' ? callId : null;
}

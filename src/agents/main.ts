/**
 * An agent on a benchmark's tasks, one after the other, some at once, or as they come at a rate:
 * `node src/agents/main.ts --agent lats --benchmark hotpotqa --n 3`. `--help` lists the options.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import OpenAI from 'openai';
import type { BenchmarkItem, OpenedBenchmark, Score } from '../benchmarks/benchmark.ts';
import { seededRandom } from '../benchmarks/random.ts';
import type { Budget, Model } from './agent.ts';
import { poissonArrivals } from './arrivals.ts';
import { chooseModel } from './model/chooseModel.ts';
import { parseOptions, USAGE, type Options } from './options.ts';
import { planTasks, type PlannedTask } from './plannedTasks.ts';
import type { RunPlan, TaskResult } from './results.ts';
import { now, runClosedLoop, runOpenLoop } from './runLoad.ts';
import { TaskTrace, TraceExporter } from './tracing.ts';

/** So many items in a row that could not be worked on end the run: the model's server, say, is gone. */
const FAILURES_IN_A_ROW = 3;

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === null) {
    console.log(USAGE);
    return 0;
  }
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort(new Error(`Stopped by ${signal}.`)));
  if (options.untilInputEnds) process.stdin.once('end', () => stopped.abort(new Error('Stopped with the program that started it.'))).resume();
  const opened = await options.benchmark.open({ file: options.file });
  for (const note of opened.notes) console.log(note);
  const client = new OpenAI();
  const model: Model = { client, name: await chooseModel(client, options.model), toolCalling: options.toolCalling };
  const { tasks, arrivals } = planned(options, opened.items.length);
  if (options.results !== null) writeFileSync(options.results, `${JSON.stringify(planOf(options, model, opened, tasks, arrivals))}\n`);
  const results = await runTasks(tasks, arrivals, { options, model, opened, stopped });
  console.log(`\n${meanText(results)}`);
  return results.some(({ error }) => error !== null) ? 1 : 0;
}

/** The tasks in their order, and, where they come at a rate, when. */
function planned({ extent, load, again, warmUp, seed, shard, done }: Options, items: number): { tasks: PlannedTask[]; arrivals: number[] | null } {
  const order = seed === 0 ? null : seededRandom(seed);
  const choose = (count: number) => planTasks({ items, count, again, warmUp, shard, done, order });
  // Gaps and order are drawn apart, so that as many tasks in another order come at the same times.
  const random = seededRandom(seed ^ 0x5bd1e995);
  if ('clients' in load) return { tasks: choose('count' in extent ? extent.count : 0), arrivals: null };
  if ('count' in extent) {
    const tasks = choose(extent.count);
    return { tasks, arrivals: poissonArrivals(load.perSecond, { count: tasks.length }, random) };
  }
  const arrivals = poissonArrivals(load.perSecond, extent, random);
  return { tasks: choose(Math.max(0, arrivals.length - warmUp)).slice(0, arrivals.length), arrivals };
}

function planOf(options: Options, { name, toolCalling }: Model, { items, source, notes }: OpenedBenchmark, tasks: readonly PlannedTask[], arrivals: readonly number[] | null): RunPlan {
  const { agent, benchmark, budget, load, seed, shard } = options;
  const warmUp = tasks.filter((task) => task.warmUp).length;
  return { startedAt: now(), agent: agent.name, benchmark: benchmark.name, model: name, toolCalling, budget, load, seed, shard, tasks: tasks.length - warmUp, warmUp, lastArrivalMs: arrivals?.at(-1) ?? null, items: source.name, notes: [...notes, ...exampleNotes(budget, items)] };
}

/** The budget says how many there are to be. */
function exampleNotes({ fewShot }: Budget, [first]: readonly BenchmarkItem[]): string[] {
  const { length } = first?.task.examples ?? [];
  return first === undefined || length >= fewShot ? [] : [`Prompts have ${length === 1 ? 'one worked example' : `${length} worked examples`}, not ${fewShot}: there are no more.`];
}

interface Running {
  options: Options;
  model: Model;
  opened: OpenedBenchmark;
  stopped: AbortController;
}

async function runTasks(tasks: readonly PlannedTask[], arrivals: readonly number[] | null, { options, model, opened, stopped }: Running): Promise<TaskResult[]> {
  const { load } = options;
  const exporter = options.traces === null ? null : new TraceExporter(options.traces);
  const results: TaskResult[] = [];
  let begun = 0;
  const work = async (task: PlannedTask, scheduledAt: number | null): Promise<void> => {
    const item = opened.items[task.item]!;
    const label = `[${++begun}/${tasks.length}]`;
    console.log(`\n${label} ${item.task.question}`);
    // Of several at once each line says whose it is.
    const say = 'clients' in load && load.clients === 1 ? (line: string) => console.log(line) : (line: string) => console.log(`${label} ${line}`);
    const result = await workOn(item, task, { scheduledAt, model, options, exporter, say, signal: stopped.signal });
    results.push(result);
    if (options.results !== null) appendFileSync(options.results, `${JSON.stringify(result)}\n`);
    if (result.error === null) say(outcomeText(result));
    else console.error(result.error);
    if (isHopeless(results)) stopped.abort(new Error('Stopped: nothing could be worked on.'));
  };
  if (arrivals === null) await runClosedLoop(tasks, 'clients' in load ? load.clients : 1, work, stopped.signal);
  else await runOpenLoop(tasks.map((task, index) => ({ task, at: arrivals[index]! })), work, stopped.signal);
  await exporter?.flush();
  return results;
}

/** One by one, some in a row that failed; at a rate, where a server may be overrun for a while, all of four times as many. */
function isHopeless(results: readonly TaskResult[]): boolean {
  const atRate = results.at(-1)?.scheduledAt !== null;
  const last = results.slice(atRate ? 0 : -FAILURES_IN_A_ROW);
  return last.length >= FAILURES_IN_A_ROW * (atRate ? 4 : 1) && last.every(({ error }) => error !== null);
}

interface Circumstances {
  scheduledAt: number | null;
  model: Model;
  options: Options;
  exporter: TraceExporter | null;
  say: (line: string) => void;
  signal: AbortSignal;
}

async function workOn(item: BenchmarkItem, { number, warmUp }: PlannedTask, { scheduledAt, model, options: { agent, budget }, exporter, say, signal }: Circumstances): Promise<TaskResult> {
  const trace = exporter === null ? null : new TaskTrace();
  const task = trace?.task(item.task) ?? item.task;
  const startedAt = now();
  const asked = { id: task.id, number, warmUp, question: task.question, scheduledAt, startedAt, trace: trace === null ? null : { traceId: trace.traceId, spanId: trace.spanId, toolUses: trace.toolUses } };
  const ended = (endedAt: number, error: string | null) => {
    if (trace !== null) exporter?.send(trace.span(`${agent.name} ${task.id}${warmUp ? ' (warm-up)' : ''}`, startedAt, endedAt, error));
  };
  try {
    const { answer, end, trajectory, counts } = await agent.solve(task, { model: trace?.model(model) ?? model, budget, log: say, signal });
    // Scoring is not the agent's time.
    const endedAt = now();
    ended(endedAt, null);
    const { value, parts }: Score = await item.score(answer, signal);
    return { ...asked, endedAt, answer, score: value, parts, end, steps: trajectory.length, ...counts, error: null, interrupted: false };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const endedAt = now();
    ended(endedAt, message);
    return { ...asked, endedAt, answer: null, score: null, parts: {}, end: 'failed', steps: 0, modelCalls: null, toolCalls: null, error: message, interrupted: signal.aborted };
  }
}

function outcomeText({ answer, score, parts, end, steps, modelCalls, toolCalls }: TaskResult): string {
  const shown = answer ?? (end === 'context' ? '(no answer: the conversation outgrew the model)' : '(no answer)');
  return `=> ${shown}   ${[`score ${score?.toFixed(2) ?? '–'}`, ...Object.entries(parts).map(([name, value]) => `${name} ${value.toFixed(2)}`)].join('   ')}   ${steps} steps, ${modelCalls} model calls, ${toolCalls} tool calls`;
}

function meanText(results: readonly TaskResult[]): string {
  const scores = results.flatMap(({ score }) => (score === null ? [] : [score]));
  const mean = scores.length === 0 ? '–' : (scores.reduce((sum, score) => sum + score, 0) / scores.length).toFixed(2);
  const failed = results.filter(({ error }) => error !== null).length;
  return `${results.length} tasks   score ${mean}${failed === 0 ? '' : `   ${failed} could not be worked on`}`;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
).finally(() => {
  // The input must not keep the process.
  if (process.argv.includes('--until-input-ends')) process.stdin.destroy();
});

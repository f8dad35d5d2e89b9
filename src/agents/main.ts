/**
 * An agent on a benchmark's tasks, one after the other: `node src/agents/main.ts --agent lats --benchmark hotpotqa --n 3`.
 * `--help` lists the options.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import OpenAI from 'openai';
import type { BenchmarkItem, OpenedBenchmark, Score } from '../benchmarks/benchmark.ts';
import type { Model } from './agent.ts';
import { chooseModel } from './model/chooseModel.ts';
import { parseOptions, USAGE, type Options } from './options.ts';
import type { RunPlan, TaskResult } from './results.ts';

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
  const opened = await options.benchmark.open({ file: options.file });
  for (const note of opened.notes) console.log(note);
  const chosen = opened.items.slice(0, options.count);
  const client = new OpenAI();
  const model: Model = { client, name: await chooseModel(client, options.model), toolCalling: options.toolCalling };
  if (options.results !== null) writeFileSync(options.results, `${JSON.stringify(planOf(options, model, opened, chosen.length))}\n`);
  const results: TaskResult[] = [];
  for (const [index, item] of chosen.entries()) {
    console.log(`\n[${index + 1}/${chosen.length}] ${item.task.question}`);
    const result = await work(item, model, options, stopped.signal);
    results.push(result);
    if (options.results !== null) appendFileSync(options.results, `${JSON.stringify(result)}\n`);
    if (result.error === null) console.log(outcomeText(result));
    else console.error(result.error);
    if (stopped.signal.aborted || (results.length >= FAILURES_IN_A_ROW && results.slice(-FAILURES_IN_A_ROW).every(({ error }) => error !== null))) break;
  }
  console.log(`\n${meanText(results)}`);
  return results.some(({ error }) => error !== null) ? 1 : 0;
}

function planOf({ agent, benchmark, budget }: Options, { name, toolCalling }: Model, { source, notes }: OpenedBenchmark, tasks: number): RunPlan {
  return { agent: agent.name, benchmark: benchmark.name, model: name, toolCalling, budget, tasks, items: source.name, notes: [...notes] };
}

async function work(item: BenchmarkItem, model: Model, { agent, budget }: Options, signal: AbortSignal): Promise<TaskResult> {
  const { task } = item;
  const startedAt = Date.now();
  const asked = { id: task.id, question: task.question, startedAt };
  try {
    const { answer, end, trajectory, counts } = await agent.solve(task, { model, budget, log: (line) => console.log(line), signal });
    // Scoring is not the agent's time.
    const endedAt = Date.now();
    const { value, parts }: Score = await item.score(answer, signal);
    return { ...asked, endedAt, answer, score: value, parts, end, steps: trajectory.length, ...counts, error: null };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ...asked, endedAt: Date.now(), answer: null, score: null, parts: {}, end: 'failed', steps: 0, modelCalls: null, toolCalls: null, error: message };
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
);

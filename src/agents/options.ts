/** The command line of the agents' program. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { benchmarks, findBenchmark } from '../benchmarks/registry.ts';
import type { Benchmark } from '../benchmarks/benchmark.ts';
import type { Agent, Budget, Model } from './agent.ts';
import { parseShard, type Extent, type Load, type Shard } from './arrivals.ts';
import { agents, findAgent } from './registry.ts';

const DEFAULT_COUNT = 3;

export interface Options {
  agent: Agent;
  benchmark: Benchmark;
  load: Load;
  /** How many items, from the first on; or, where they come at a rate, for how long. */
  extent: Extent;
  /** Begin with the first item again after the last. */
  again: boolean;
  /** Tasks before those, which are not measured. */
  warmUp: number;
  /** Of arrivals, and of the order of the tasks; 0 keeps the dataset's order. */
  seed: number;
  shard: Shard;
  /** Numbers of tasks that are done already. */
  done: ReadonlySet<number>;
  /** A file of the real dataset; null for the bundled items. */
  file: string | null;
  /** Null: the server's only one. */
  model: string | null;
  toolCalling: Model['toolCalling'];
  budget: Budget;
  /** What was done is written there, a line of JSON for each item as soon as it is done. */
  results: string | null;
  /** Base address of a collector of traces (OTLP); null traces nothing. */
  traces: string | null;
  /** Stop when the standard input ends, as it does with the program that started this one. */
  untilInputEnds: boolean;
}

export const USAGE = `Usage: main.ts --agent ${agents.map(({ name }) => name).join('|')} [--benchmark ${benchmarks.map(({ name }) => name).join('|')}] [--n COUNT]
  --items FILE                 items of the real dataset, instead of the bundled ones
  --model NAME                 the model's name (default: OPENAI_MODEL, else the server's only one)
  --tool-calling text|native   how the model calls tools: in its text, or by the API's own tool calls (default)
  --iterations, --reflections, --children, --rollouts, --few-shot N   the agent's budget
  --clients N                  work on so many tasks at once
  --qps RATE                   begin so many tasks a second, at random (Poisson arrivals), whatever became of those before
  --duration SECONDS           with --qps: for so long, instead of --n tasks
  --again                      begin with the first item again after the last
  --warm-up N                  tasks before those, which are marked as not to be measured
  --seed N                     of arrivals and of the tasks' order; 0 (default): the dataset's order
  --shard I/N                  only each Nth item, from the Ith on
  --done FILE                  leave out the tasks whose numbers this JSON array holds
  --results FILE               one line of JSON for each item
  --traces URL                 send a trace of each task to this collector (OTLP over HTTP)
  --until-input-ends           stop when the standard input ends
The model's server is chosen by OPENAI_BASE_URL and OPENAI_API_KEY.`;

/** @throws Error that says which option is wrong and what it takes; null when help was asked for */
export function parseOptions(args: string[]): Options | null {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: {
      agent: { type: 'string', default: 'react' },
      benchmark: { type: 'string', default: 'hotpotqa' },
      n: text,
      items: text,
      model: text,
      'tool-calling': { type: 'string', default: 'native' },
      iterations: text,
      reflections: text,
      children: text,
      rollouts: text,
      'few-shot': text,
      results: text,
      clients: text,
      qps: text,
      duration: text,
      again: { type: 'boolean' },
      'warm-up': text,
      seed: text,
      shard: text,
      done: text,
      traces: text,
      'until-input-ends': { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return null;
  const agent = findAgent(values.agent);
  const benchmark = findBenchmark(values.benchmark);
  if (!benchmark.agents.includes(agent.name)) throw new Error(`${benchmark.title} does not suit ${agent.name}. It suits: ${benchmark.agents.join(', ') || 'no agent'}.`);
  if (values.qps !== undefined && values.clients !== undefined) throw new Error('--qps and --clients are two ways in which requests come: choose one.');
  if (values.duration !== undefined && values.qps === undefined) throw new Error('--duration goes with --qps.');
  const toolCalling = values['tool-calling'];
  if (toolCalling !== 'text' && toolCalling !== 'native') throw new Error(`--tool-calling takes text or native, not "${toolCalling}".`);
  const { defaults } = agent;
  return {
    agent,
    benchmark,
    load: values.qps === undefined ? { clients: whole('--clients', values.clients, 1, 1) } : { perSecond: positive('--qps', values.qps) },
    extent: values.duration === undefined ? { count: whole('--n', values.n, 1, DEFAULT_COUNT) } : { durationMs: positive('--duration', values.duration) * 1000 },
    again: values.again === true,
    warmUp: whole('--warm-up', values['warm-up'], 0, 0),
    seed: whole('--seed', values.seed, 0, 0),
    shard: parseShard(values.shard ?? '1/1'),
    done: values.done === undefined ? new Set() : readDone(values.done),
    file: values.items ?? null,
    model: values.model ?? process.env['OPENAI_MODEL'] ?? null,
    toolCalling,
    budget: {
      iterations: whole('--iterations', values.iterations, 1, defaults.iterations),
      reflections: whole('--reflections', values.reflections, 0, defaults.reflections),
      children: whole('--children', values.children, 1, defaults.children),
      rollouts: whole('--rollouts', values.rollouts, 1, defaults.rollouts),
      fewShot: whole('--few-shot', values['few-shot'], 0, defaults.fewShot),
    },
    results: values.results ?? null,
    traces: values.traces ?? null,
    untilInputEnds: values['until-input-ends'] === true,
  };
}

function readDone(file: string): Set<number> {
  return new Set(z.array(z.int()).parse(JSON.parse(readFileSync(file, 'utf8'))));
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new Error(`${option} takes a number above 0, not "${text}".`);
  return value;
}

function whole(option: string, text: string | undefined, least: number, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || text.trim() === '') throw new Error(`${option} takes a whole number from ${least} on, not "${text}".`);
  return value;
}

/** The command line of the agents' program. */
import { parseArgs } from 'node:util';
import { benchmarks, findBenchmark } from '../benchmarks/registry.ts';
import type { Benchmark } from '../benchmarks/benchmark.ts';
import type { Agent, Budget, Model } from './agent.ts';
import { agents, findAgent } from './registry.ts';

const DEFAULT_COUNT = 3;

export interface Options {
  agent: Agent;
  benchmark: Benchmark;
  /** How many items, from the first on. */
  count: number;
  /** A file of the real dataset; null for the bundled items. */
  file: string | null;
  /** Null: the server's only one. */
  model: string | null;
  toolCalling: Model['toolCalling'];
  budget: Budget;
  /** What was done is written there, a line of JSON for each item as soon as it is done. */
  results: string | null;
}

export const USAGE = `Usage: main.ts --agent ${agents.map(({ name }) => name).join('|')} [--benchmark ${benchmarks.map(({ name }) => name).join('|')}] [--n COUNT]
  --items FILE                 items of the real dataset, instead of the bundled ones
  --model NAME                 the model's name (default: OPENAI_MODEL, else the server's only one)
  --tool-calling text|native   how the model calls tools: in its text, or by the API's own tool calls (default)
  --iterations, --reflections, --children, --rollouts, --few-shot N   the agent's budget
  --results FILE               one line of JSON for each item
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
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return null;
  const agent = findAgent(values.agent);
  const benchmark = findBenchmark(values.benchmark);
  if (!benchmark.agents.includes(agent.name)) throw new Error(`${benchmark.title} does not suit ${agent.name}. It suits: ${benchmark.agents.join(', ') || 'no agent'}.`);
  const toolCalling = values['tool-calling'];
  if (toolCalling !== 'text' && toolCalling !== 'native') throw new Error(`--tool-calling takes text or native, not "${toolCalling}".`);
  const { defaults } = agent;
  return {
    agent,
    benchmark,
    count: whole('--n', values.n, 1, DEFAULT_COUNT),
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
  };
}

function whole(option: string, text: string | undefined, least: number, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || text.trim() === '') throw new Error(`${option} takes a whole number from ${least} on, not "${text}".`);
  return value;
}

/** The options that `bench` and `load` share, from words to the arguments of the agents' program. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { addProfilingOptions, type ProfilingFlags, wholeNumber } from '../profilingOptions.ts';
import { tableFormat } from '../table/tableFile.ts';
import { UsageError } from '../usageError.ts';

export interface AgentFlags extends ProfilingFlags {
  agent: string;
  benchmark: string;
  n?: string;
  items?: string;
  toolCalling: string;
  iterations?: string;
  reflections?: string;
  children?: string;
  rollouts?: string;
  fewShot?: string;
  clients?: string;
  warmUp: string;
  repeats: string;
  seed: string;
  realWorld?: true;
  table?: string;
  verbose?: true;
  json?: true;
}

export function addAgentOptions(command: Command): Command {
  command
    .requiredOption('--agent <name>', 'cot, react, reflexion, lats, llmcompiler, or chat (one question, one answer)')
    .requiredOption('--benchmark <name>', 'what it works on, such as hotpotqa')
    .option('--items <file>', 'tasks of a file of the real dataset, instead of those of our own that are bundled')
    .option('--tool-calling <how>', "native (the API's tool calls) or text (in the model's text, as the agents' papers have it)", 'native')
    .option('--iterations <n>', "calls of the model in one attempt (default of this and the others: the agent's paper's)")
    .option('--reflections <n>', 'attempts after the first, or plans after the first')
    .option('--children <n>', 'children of a node of the tree')
    .option('--rollouts <n>', 'rounds of the tree search')
    .option('--few-shot <n>', 'examples in the prompt')
    .option('--real-world', "let the tools reach what they are meant for (Wikipedia, …), instead of what stands in for it on this machine")
    .option('--warm-up <n>', 'tasks to begin with that are run, and left out of all figures', '0')
    .option('--repeats <n>', 'do it all so often, each time with another seed and a recording of its own, for means with 95 % confidence intervals', '1')
    .option('--seed <n>', "of arrivals and of the tasks' order, and of further repeats the next ones; 0 keeps the dataset's order", '0')
    .option('--table <file>', 'table to write, .csv or .parquet: a row for each task (default: .csv beside the recording, with its name)');
  return addProfilingOptions(command)
    .option('--verbose', 'what the agent thinks and does, on stderr')
    .option('--json', 'print only the plan, the tasks and the figures as JSON on stdout');
}

/** How a run is asked for, checked as far as can be without the agents' program. */
export interface Asked {
  /** Of the agents' program, for each repeat: all but where it writes. */
  args: (repeat: number) => string[];
  repeats: number;
  experiment: string;
  /** What a repeat's recording is called: shards, which may write into one folder at the same time, each by its own name. */
  runName: (repeat: number) => string;
  /** Tasks are worked on at once: the program's traces tell them apart. */
  atOnce: boolean;
}

/** @param load the options that say how requests come and how many. @throws UsageError */
export function asked(flags: AgentFlags, load: string[]): Asked {
  if (flags.items !== undefined && !existsSync(flags.items)) throw new UsageError(`--items: ${flags.items} is not there.`);
  if (flags.table !== undefined) tableFormat('--table', flags.table);
  const budget = { '--iterations': flags.iterations, '--reflections': flags.reflections, '--children': flags.children, '--rollouts': flags.rollouts, '--few-shot': flags.fewShot };
  const seed = wholeNumber('--seed', flags.seed, 0, 2 ** 31);
  const warmUp = wholeNumber('--warm-up', flags.warmUp, 0, 1_000_000);
  const clients = flags.clients === undefined ? 1 : wholeNumber('--clients', flags.clients, 1, 10_000);
  const args = [
    ...['--agent', flags.agent, '--benchmark', flags.benchmark, '--tool-calling', flags.toolCalling],
    ...(flags.items === undefined ? [] : ['--items', flags.items]),
    ...Object.entries(budget).flatMap(([option, value]) => (value === undefined ? [] : [option, String(wholeNumber(option, value, 0, 1_000_000))])),
    ...(flags.clients === undefined ? [] : ['--clients', String(clients)]),
    ...(warmUp === 0 ? [] : ['--warm-up', String(warmUp)]),
    ...load,
  ];
  const repeats = wholeNumber('--repeats', flags.repeats, 1, 1000);
  const experiment = flags.name ?? `${flags.agent}-${flags.benchmark}`;
  const shard = load.includes('--shard') ? [`shard${load[load.indexOf('--shard') + 1]!.replace('/', 'of')}`] : [];
  return {
    args: (repeat) => [...args, '--seed', String(seed + repeat - 1)],
    repeats,
    experiment,
    runName: (repeat) => [experiment, ...shard, ...(repeats > 1 ? [String(repeat)] : [])].join('-'),
    atOnce: clients > 1 || load.includes('--qps'),
  };
}

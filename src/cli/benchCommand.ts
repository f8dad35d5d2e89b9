/** `agent-cost bench`: a bundled agent on a benchmark's tasks, one after the other, under the profiler as any program would be. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';
import type { Command } from 'commander';
import { ascending, percentile } from '../analysis/statistics.ts';
import { formatDuration, formatEnergy, formatTokens } from '../profile/formatValue.ts';
import { accounting } from './accountingOptions.ts';
import { mean, followProgress } from './bench/progress.ts';
import { programs, startStandIns, type Programs } from './bench/programs.ts';
import { benchedTasks, taskRows, toCsv, type BenchedTask } from './bench/table.ts';
import { openRecording } from './openRecording.ts';
import { startProfiling } from './profiling.ts';
import { addProfilingOptions, type ProfilingFlags, profilingOptions, wholeNumber } from './profilingOptions.ts';
import { runProgram } from './runProgram.ts';
import { UsageError } from './usageError.ts';
import type { RunPlan } from '../agents/results.ts';
import type { TimelineDocument } from '../protocol/webview.ts';

interface BenchFlags extends ProfilingFlags {
  agent: string;
  benchmark: string;
  n: string;
  items?: string;
  toolCalling: string;
  iterations?: string;
  reflections?: string;
  children?: string;
  rollouts?: string;
  fewShot?: string;
  realWorld?: true;
  csv?: string;
  verbose?: true;
  json?: true;
}

export function addBenchCommand(root: Command): Command {
  const command = root
    .command('bench')
    .description("run a bundled agent on a benchmark's tasks under the profiler: a recording, and a table (CSV) with a row for each task; in a clone only")
    .requiredOption('--agent <name>', 'cot, react, reflexion, lats, llmcompiler, or chat (one question, one answer)')
    .requiredOption('--benchmark <name>', 'what it works on, such as hotpotqa')
    .option('--n <count>', 'how many tasks, from the first on', '3')
    .option('--items <file>', 'tasks of a file of the real dataset, instead of those of our own that are bundled')
    .option('--tool-calling <how>', "native (the API's tool calls) or text (in the model's text, as the agents' papers have it)", 'native')
    .option('--iterations <n>', "calls of the model in one attempt (default of this and the others: the agent's paper's)")
    .option('--reflections <n>', 'attempts after the first, or plans after the first')
    .option('--children <n>', 'children of a node of the tree')
    .option('--rollouts <n>', 'rounds of the tree search')
    .option('--few-shot <n>', 'examples in the prompt')
    .option('--real-world', "let the tools reach what they are meant for (Wikipedia, …), instead of what stands in for it on this machine")
    .option('--csv <file>', "table to write (default: beside the recording, with its name)");
  addProfilingOptions(command)
    .option('--verbose', 'what the agent thinks and does, on stderr')
    .option('--json', 'print only the plan, the tasks and the means as JSON on stdout')
    .addHelpText(
      'after',
      '\nOn the embedded server only the bundled tasks get sensible answers, and these are scripted: a score there says nothing of a model. With --backend URL the answers, and the scores, are the model\'s own.\n\nExample:\n  $ agent-cost bench --agent lats --benchmark hotpotqa --n 50 --backend http://localhost:8000/v1',
    );
  command.action(async (flags: BenchFlags) => {
    process.exitCode = await bench(flags);
  });
  return command;
}

/** @returns the exit code: 0, 1 when a task could not be worked on, 128+n when stopped by a signal. @throws UsageError */
async function bench(flags: BenchFlags): Promise<number> {
  const available = programs();
  const args = agentArguments(flags);
  if (flags.items !== undefined && !existsSync(flags.items)) throw new UsageError(`--items: ${flags.items} is not there.`);
  const folder = mkdtempSync(join(tmpdir(), 'agent-cost-bench-'));
  const standIns = flags.realWorld === true ? null : await startStandIns(available, flags.benchmark);
  try {
    return await benchWith(flags, available, args, { environment: standIns?.environment ?? {}, notes: standIns?.notes ?? [], results: join(folder, 'results.jsonl') });
  } finally {
    await standIns?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface World {
  environment: Record<string, string>;
  notes: readonly string[];
  results: string;
}

async function benchWith(flags: BenchFlags, { node, agents }: Programs, args: string[], world: World): Promise<number> {
  const words = [node, agents, ...args, '--results', world.results];
  const profiling = await startProfiling(profilingOptions(flags, words, `${flags.agent}-${flags.benchmark}`), accounting(flags));
  const progress = followProgress(world.results, process.stderr);
  const said = flags.verbose === true ? 2 : 'ignore';
  const ended = await runProgram(node, words.slice(1), { ...process.env, ...world.environment, ...profiling.environment(process.env, flags.hooks) }, ['ignore', said, 'inherit']);
  const { plan, results } = progress.stop();
  await profiling.stop({ exitCode: ended.code, signal: ended.signal });
  if (plan === null) {
    // The agents' program has said why on stderr; nothing was recorded.
    rmSync(profiling.out, { force: true });
    return ended.signal === null ? 2 : 128 + constants.signals[ended.signal];
  }
  const document = await openRecording(profiling.out, accounting(flags));
  const tasks = benchedTasks(document, results);
  const csv = flags.csv ?? profiling.out.replace(/\.agentcost$/, '.csv');
  writeFileSync(csv, toCsv(taskRows(document, plan, tasks, shown(profiling.out))));
  const asked = Number(flags.n);
  const fewer = plan.tasks < asked ? [`There are ${plan.tasks} tasks, not ${asked}: ${plan.items}. More come with --items.`] : [];
  const foreign = flags.items !== undefined && world.notes.length > 0 ? ['What stands in for the tools\' world was made for the bundled tasks, not for those of a file: let the tools reach the real one with --real-world.'] : [];
  const notes = [...fewer, ...plan.notes, ...world.notes, ...foreign, ...(document.report.backend.simulated ? ['The answers are the embedded server\'s, written beforehand or made up: the score says nothing of a model.'] : [])];
  if (flags.json === true) process.stdout.write(`${JSON.stringify({ plan, notes, tasks: taskRows(document, plan, tasks, shown(profiling.out)), recording: profiling.out, csv }, null, 2)}\n`);
  else process.stderr.write(`${[...summary(document, plan, tasks), ...notes.map((note) => `! ${note}`), '', `recording   ${shown(profiling.out)}`, `table       ${shown(csv)}`].join('\n')}\n`);
  if (ended.signal !== null) return 128 + constants.signals[ended.signal];
  return results.length < plan.tasks || results.some(({ error }) => error !== null) ? 1 : 0;
}

function agentArguments(flags: BenchFlags): string[] {
  const budget = { '--iterations': flags.iterations, '--reflections': flags.reflections, '--children': flags.children, '--rollouts': flags.rollouts, '--few-shot': flags.fewShot };
  return [
    ...['--agent', flags.agent, '--benchmark', flags.benchmark, '--tool-calling', flags.toolCalling],
    ...['--n', String(wholeNumber('--n', flags.n, 1, 1_000_000))],
    ...(flags.items === undefined ? [] : ['--items', flags.items]),
    ...Object.entries(budget).flatMap(([option, value]) => (value === undefined ? [] : [option, String(wholeNumber(option, value, 0, 1_000_000))])),
  ];
}

function summary({ report: { backend } }: TimelineDocument, plan: RunPlan, tasks: readonly BenchedTask[]): string[] {
  const scores = tasks.flatMap(({ result: { score } }) => (score === null ? [] : [score]));
  const latencies = ascending(tasks.map(({ cost }) => cost.latencyMs));
  const each = (value: (task: BenchedTask) => number | null): number | null => {
    const known = tasks.flatMap((task) => value(task) ?? []);
    return known.length === 0 ? null : mean(known);
  };
  const failed = tasks.filter(({ result }) => result.error !== null).length;
  const shares = (['llm', 'tool', 'overlap', 'other'] as const).map((part) => {
    const whole = tasks.reduce((sum, { cost }) => sum + cost.latencyMs, 0);
    return whole === 0 ? '–' : `${Math.round((tasks.reduce((sum, { cost }) => sum + cost.agentMs[part], 0) / whole) * 100)} %`;
  });
  return [
    `${plan.agent} on ${plan.benchmark} · ${tasks.length} of ${plan.tasks} tasks · ${backend.model ?? plan.model}${backend.gpu === null ? '' : ` on ${backend.gpu}`}${backend.simulated ? '  simulated' : ''}`,
    `score      ${scores.length === 0 ? '–' : mean(scores).toFixed(2)} over ${scores.length}${failed === 0 ? '' : `, ${failed} could not be worked on`}`,
    `latency    mean ${formatDuration(each(({ cost }) => cost.latencyMs))}   p50 ${formatDuration(percentile(latencies, 0.5))}   p95 ${formatDuration(percentile(latencies, 0.95))}`,
    `           models ${shares[0]}   tools ${shares[1]}   both ${shares[2]}   other ${shares[3]}`,
    `each task  ${each(({ cost }) => cost.llmCalls)?.toFixed(1) ?? '–'} LLM calls   ${each(({ result }) => result.toolCalls)?.toFixed(1) ?? '–'} tool calls   ${formatTokens(each(({ cost }) => cost.promptTokens))}→${formatTokens(each(({ cost }) => cost.completionTokens))} tokens   ${formatEnergy(each(({ cost }) => cost.energyWh.total))}`,
  ];
}

function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') || isAbsolute(near) ? path : near;
}

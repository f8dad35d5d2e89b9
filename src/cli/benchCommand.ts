/** `agent-cost bench`: a bundled agent on a benchmark's tasks under the profiler, as any program would be. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { runExperiment } from './bench/experiment.ts';
import { addAgentOptions, asked, type AgentFlags } from './bench/flags.ts';
import { printDone } from './bench/print.ts';
import { wholeNumber } from './profilingOptions.ts';
import { readTable } from './table/tableFile.ts';
import { shardOption } from './shardOption.ts';
import { UsageError } from './usageError.ts';

interface BenchFlags extends AgentFlags {
  n: string;
  shard?: string;
  resume?: true;
}

export function addBenchCommand(root: Command): Command {
  const command = root
    .command('bench')
    .description("run a bundled agent on a benchmark's tasks under the profiler: a recording, and a table with a row for each task; in a clone only")
    .option('--n <count>', 'how many tasks, from the first on', '3')
    .option('--clients <n>', 'work on so many tasks at once, each client taking the next when it has done one (default: one after the other)');
  addAgentOptions(command)
    .option('--shard <i/n>', 'only the Ith of N parts of the tasks, the same ones on whatever machine; agent-cost merge puts the tables together')
    .option('--resume', 'go on with what an interrupted run with the same options and --table has left')
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
  if (flags.resume === true && flags.table === undefined) throw new UsageError('--resume goes on with what stands beside a table: say which, with --table FILE.');
  const extent = ['--n', String(wholeNumber('--n', flags.n, 1, 1_000_000)), ...(flags.shard === undefined ? [] : ['--shard', shard(flags.shard)])];
  const wanted = asked(flags, extent);
  if (flags.resume === true && existsSync(flags.table!) && !existsSync(`${flags.table!}.parts`)) return alreadyDone(flags.table!, wanted.experiment, flags.shard ?? '1/1');
  const done = await runExperiment({ flags, asked: wanted, keep: { resume: flags.resume === true } });
  if (done === null) return 2;
  printDone(done, { json: flags.json === true, withLoad: flags.clients !== undefined });
  return done.code;
}

/** So that a scheduler may run again what had ended. @throws UsageError where the table is of something else */
async function alreadyDone(table: string, experiment: string, part: string): Promise<number> {
  const other = (await readTable(table)).find((row) => row.experiment !== experiment || row.shard !== part);
  if (other !== undefined) throw new UsageError(`${table} is of the experiment "${other.experiment}", part ${other.shard}: name another file (--table), or delete it.`);
  process.stderr.write(`${table} is there and whole: nothing is left to do.\n`);
  return 0;
}

function shard(text: string): string {
  const { index, count } = shardOption(text);
  return `${index}/${count}`;
}

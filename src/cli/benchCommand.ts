/** `agent-cost bench`: a bundled agent on a benchmark's tasks under the profiler, as any program would be. */
import type { Command } from 'commander';
import { isAlreadyDone } from './bench/alreadyDone.ts';
import { runExperiment } from './bench/experiment.ts';
import { addAgentOptions, asked, type AgentFlags } from './bench/flags.ts';
import { printDone } from './bench/print.ts';
import { wholeNumber } from './profilingOptions.ts';
import { shardOption } from './shardOption.ts';
import { UsageError } from './usageError.ts';

interface BenchFlags extends AgentFlags {
  n: string;
  shard?: string;
  resume?: true;
  retryFailed?: true;
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
    .option('--retry-failed', 'with --resume: try again those tasks, too, that could not be worked on')
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
  if (flags.retryFailed === true && flags.resume !== true) throw new UsageError('--retry-failed goes with --resume.');
  const extent = ['--n', String(wholeNumber('--n', flags.n, 1, 1_000_000)), ...(flags.shard === undefined ? [] : ['--shard', shard(flags.shard)])];
  const wanted = asked(flags, extent);
  if (flags.resume === true && (await isAlreadyDone(flags, wanted, flags.shard ?? '1/1', flags.retryFailed === true))) return 0;
  const done = await runExperiment({ flags, asked: wanted, keep: { resume: flags.resume === true, retryFailed: flags.retryFailed === true, unit: 'task' } });
  if (done === null) return 2;
  printDone(done, { json: flags.json === true, withLoad: flags.clients !== undefined });
  return done.code;
}

function shard(text: string): string {
  const { index, count } = shardOption(text);
  return `${index}/${count}`;
}

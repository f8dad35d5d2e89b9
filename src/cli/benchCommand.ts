/** `agent-cost bench`: a bundled agent on a benchmark's tasks under the profiler, as any program would be. */
import type { Command } from 'commander';
import { runExperiment } from './bench/experiment.ts';
import { addAgentOptions, asked, type AgentFlags } from './bench/flags.ts';
import { printDone } from './bench/print.ts';
import { wholeNumber } from './profilingOptions.ts';

export function addBenchCommand(root: Command): Command {
  const command = root
    .command('bench')
    .description("run a bundled agent on a benchmark's tasks under the profiler: a recording, and a table with a row for each task; in a clone only")
    .option('--n <count>', 'how many tasks, from the first on', '3')
    .option('--clients <n>', 'work on so many tasks at once, each client taking the next when it has done one (default: one after the other)');
  addAgentOptions(command).addHelpText(
    'after',
    '\nOn the embedded server only the bundled tasks get sensible answers, and these are scripted: a score there says nothing of a model. With --backend URL the answers, and the scores, are the model\'s own.\n\nExample:\n  $ agent-cost bench --agent lats --benchmark hotpotqa --n 50 --backend http://localhost:8000/v1',
  );
  command.action(async (flags: AgentFlags & { n: string }) => {
    process.exitCode = await bench(flags);
  });
  return command;
}

/** @returns the exit code: 0, 1 when a task could not be worked on, 128+n when stopped by a signal. @throws UsageError */
async function bench(flags: AgentFlags & { n: string }): Promise<number> {
  const done = await runExperiment(flags, asked(flags, ['--n', String(wholeNumber('--n', flags.n, 1, 1_000_000))]));
  if (done === null) return 2;
  printDone(done, { json: flags.json === true, withLoad: flags.clients !== undefined });
  return done.code;
}

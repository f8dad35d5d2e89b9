/** `agent-cost load`: requests to a bundled agent as many users would send them, and what latency and server make of it. */
import type { Command } from 'commander';
import { isAlreadyDone } from './bench/alreadyDone.ts';
import { runExperiment } from './bench/experiment.ts';
import { addAgentOptions, asked, type AgentFlags } from './bench/flags.ts';
import { printDone } from './bench/print.ts';
import { wholeNumber } from './profilingOptions.ts';
import { UsageError } from './usageError.ts';

interface LoadFlags extends AgentFlags {
  qps?: string;
  duration?: string;
  resume?: true;
}

const DEFAULT_REQUESTS = 100;

export function addLoadCommand(root: Command): Command {
  const command = root
    .command('load')
    .description('send a bundled agent requests at a rate (Poisson arrivals), or from a number of clients, under the profiler: latency, throughput, what the server did, and a row for each request; in a clone only')
    .option('--qps <rate>', 'so many requests a second on average, at random, whatever became of those before (open loop)')
    .option('--clients <n>', 'so many clients, each of which asks again when it is answered (closed loop)')
    .option('--n <count>', `how many requests; the benchmark's tasks come again and again (default: ${DEFAULT_REQUESTS})`)
    .option('--duration <seconds>', 'with --qps: for so long, instead of a number');
  addAgentOptions(command)
    .option('--resume', 'go on with what an interrupted run with the same options and --table has left: repeats that were done stay, one that was cut off is begun again')
    .addHelpText(
      'after',
      '\nLatency is from when a request was due, not from when it was sent: a generator that falls behind does not hide what its users would have waited.\n\nExample:\n  $ agent-cost load --agent react --benchmark hotpotqa --qps 2 --n 200 --seed 1 --warm-up 20 --repeats 3',
    );
  command.action(async (flags: LoadFlags) => {
    process.exitCode = await load(flags);
  });
  return command;
}

/** @returns the exit code, as of `bench`. @throws UsageError */
async function load(flags: LoadFlags): Promise<number> {
  if ((flags.qps === undefined) === (flags.clients === undefined)) throw new UsageError('load wants to know how requests come: --qps RATE, or --clients N.');
  if (flags.duration !== undefined && (flags.qps === undefined || flags.n !== undefined)) throw new UsageError('--duration goes with --qps, and instead of --n.');
  if (flags.resume === true && flags.table === undefined) throw new UsageError('--resume goes on with what stands beside a table: say which, with --table FILE.');
  const extent = flags.duration === undefined ? ['--n', String(wholeNumber('--n', flags.n ?? String(DEFAULT_REQUESTS), 1, 1_000_000))] : ['--duration', positive('--duration', flags.duration)];
  const rate = flags.qps === undefined ? [] : ['--qps', positive('--qps', flags.qps)];
  const wanted = asked(flags, [...extent, ...rate, '--again']);
  if (flags.resume === true && (await isAlreadyDone(flags, wanted, '1/1', false))) return 0;
  const done = await runExperiment({ flags, asked: wanted, keep: { resume: flags.resume === true, retryFailed: false, unit: 'repeat' } });
  if (done === null) return 2;
  printDone(done, { json: flags.json === true, withLoad: true });
  return done.code;
}

function positive(option: string, text: string): string {
  const value = Number(text);
  if (!(value > 0 && value <= 1_000_000)) throw new UsageError(`${option} takes a number above 0, not "${text}".`);
  return String(value);
}

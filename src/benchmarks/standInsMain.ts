/**
 * Runs what stands in for the world outside of a benchmark: `node src/benchmarks/standInsMain.ts hotpotqa`. Writes one line of
 * JSON, how to reach it (`environment`) and what to tell of it (`notes`), and stays until its input ends or it is stopped.
 */
import { findBenchmark } from './registry.ts';

async function main(): Promise<void> {
  const benchmark = findBenchmark(process.argv[2] ?? '');
  const standIns = (await benchmark.startStandIns?.()) ?? null;
  console.log(JSON.stringify({ environment: standIns?.environment ?? {}, notes: standIns?.notes ?? [] }));
  const end = () => {
    // The input must not keep the process.
    process.stdin.destroy();
    void standIns?.close();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  process.stdin.once('end', end).once('error', end).resume();
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});

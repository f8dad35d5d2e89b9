/** Every benchmark, by its name on the command line. */
import type { Benchmark } from './benchmark.ts';
import { hotpotqa } from './hotpotqa/benchmark.ts';
import { humaneval } from './humaneval/benchmark.ts';
import { math } from './math/benchmark.ts';
import { sharegpt } from './sharegpt/benchmark.ts';
import { webshop } from './webshop/benchmark.ts';

export const benchmarks: readonly Benchmark[] = [hotpotqa, webshop, math, humaneval, sharegpt];

/** @throws Error that names the benchmarks that there are */
export function findBenchmark(name: string): Benchmark {
  const found = benchmarks.find((benchmark) => benchmark.name === name);
  if (found === undefined) throw new Error(`There is no benchmark "${name}". There are: ${benchmarks.map((benchmark) => benchmark.name).join(', ')}.`);
  return found;
}

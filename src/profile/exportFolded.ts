/**
 * Costs by call stack as folded stacks: `frame;frame;frame weight`, a line for each stack, as Brendan Gregg's stackcollapse
 * scripts write and flamegraph.pl, inferno and speedscope read (https://github.com/brendangregg/FlameGraph#2-fold-stacks).
 */
import { costStacks, type CostWeight } from './costStacks.ts';
import type { Report } from './report.ts';

/** Stacks in the order of their first cost, alike ones summed; empty where nothing of that weight is known. */
export function toFoldedStacks(document: { report: Report }, weight: CostWeight): string {
  const sums = new Map<string, number>();
  for (const stack of costStacks(document.report, weight)) {
    // A semicolon ends a frame.
    const key = stack.frames.map(({ name }) => name.replaceAll(';', ',')).join(';');
    sums.set(key, (sums.get(key) ?? 0) + stack.weight);
  }
  return [...sums].map(([key, sum]) => `${key} ${sum}\n`).join('');
}

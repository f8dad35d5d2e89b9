/** `--shard i/n`, as bench and sweep have it. */
import { UsageError } from './usageError.ts';

/** @throws UsageError */
export function shardOption(text: string): { index: number; count: number } {
  const [, index = NaN, count = NaN] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (!(index >= 1 && index <= count)) throw new UsageError(`--shard takes which part of how many, such as 2/8, not "${text}".`);
  return { index, count };
}

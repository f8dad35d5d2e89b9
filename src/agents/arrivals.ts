/** When the requests of a load come. Pure: the same seed gives the same times. */
import type { Random } from '../benchmarks/random.ts';

/** `clients`: so many at once, each of which takes the next task when it has done one. `perSecond`: whatever the server does. */
export type Load = { clients: number } | { perSecond: number };

/** How many requests come, or for how long. */
export type Extent = { count: number } | { durationMs: number };

/** More than any generator sends: a rate that was meant as something else. */
const MOST_ARRIVALS = 1_000_000;

/**
 * Arrivals of a Poisson process, in milliseconds from the start: gaps are exponential with a mean of 1 / rate.
 * @throws RangeError for a rate that is not positive, or for more than a million arrivals
 */
export function poissonArrivals(perSecond: number, extent: Extent, random: Random): number[] {
  if (!(perSecond > 0)) throw new RangeError(`a rate has to be above 0, not ${perSecond}`);
  const times: number[] = [];
  let at = 0;
  for (;;) {
    if ('count' in extent && times.length >= extent.count) return times;
    at += (-Math.log(1 - random.uniform()) / perSecond) * 1000;
    if ('durationMs' in extent && at >= extent.durationMs) return times;
    if (times.length >= MOST_ARRIVALS) throw new RangeError(`more than ${MOST_ARRIVALS} requests would come`);
    times.push(at);
  }
}

/** Which part of the work this is, of several that are done apart: `index` from 1 to `count`. */
export interface Shard {
  index: number;
  count: number;
}

/** Every `count`-th item, so that parts are of one size and of one kind. An item is in the same part whoever asks. */
export function inShard(itemIndex: number, { index, count }: Shard): boolean {
  return itemIndex % count === index - 1;
}

/** @throws Error that says what is wrong with it */
export function parseShard(text: string): Shard {
  const [, index = NaN, count = NaN] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (!(index >= 1 && index <= count)) throw new Error(`--shard takes which part of how many, such as 2/8, not "${text}".`);
  return { index, count };
}

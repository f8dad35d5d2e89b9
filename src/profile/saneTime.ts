/** Times as they can be ordered and drawn, whatever a recording holds. */
import type { Milliseconds } from './units.ts';

/** About 300 years. */
const MAX_TIME_MS = 1e13;

/** A time as it can be drawn: hostile or broken recordings hold NaN, infinities and times before the start. */
export function saneTime(time: number): Milliseconds {
  return Number.isNaN(time) ? 0 : Math.min(Math.max(time, 0), MAX_TIME_MS);
}

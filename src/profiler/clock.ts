/** The one clock of the profiler process: monotonic, the same in all its threads. */
import type { Milliseconds } from '../profile/units.ts';

// performance.now() is hrtime since the thread's own origin; adding the origin makes threads comparable, without a BigInt per reading.
const origin = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds of `process.hrtime`, whose zero is arbitrary; resolution about 0.1 µs. */
export function monotonicMs(): Milliseconds {
  return performance.now() + origin;
}

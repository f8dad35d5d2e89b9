/** The one clock of the profiler process: monotonic, the same in all its threads and for all programs of the machine. */
import type { Milliseconds } from '../profile/units.ts';

/**
 * Milliseconds of `process.hrtime`, whose zero is arbitrary; resolution about 0.1 µs.
 * Not `performance.now()` with an offset: a thread that is interrupted while it learns the offset is wrong for good.
 */
export function monotonicMs(): Milliseconds {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

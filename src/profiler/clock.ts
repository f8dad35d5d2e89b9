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

let turnBegan: Milliseconds | null = null;
/** A turn that has lasted longer, with a read from each of some hundred streams, was interrupted: what is read now may have come meanwhile. */
const MAX_TURN_MS: Milliseconds = 8;

/**
 * The clock as it stood when this turn of the event loop first asked. What a turn's reads bring had arrived before the first
 * of them is handed over: with hundreds of streams, the last one's turn comes ms later.
 */
export function turnMs(): Milliseconds {
  const now = monotonicMs();
  if (turnBegan === null) {
    turnBegan = now;
    setImmediate(endTurn);
  } else if (now - turnBegan > MAX_TURN_MS) turnBegan = now;
  return turnBegan;
}

function endTurn(): void {
  turnBegan = null;
}

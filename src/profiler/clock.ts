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

let turnEnds = false;

/**
 * The clock as it stood when this turn of the event loop first asked. What a turn's reads bring had arrived before the first
 * of them is handed over: with hundreds of streams, the last one's turn comes ms later. Who asks calls `endTurn` when
 * nobody waits any more for what the read brought.
 */
export function turnMs(): Milliseconds {
  const now = monotonicMs();
  if (turnBegan === null || now - turnBegan > MAX_TURN_MS) turnBegan = now;
  return turnBegan;
}

/** Has the next turn of the event loop ask the clock anew. */
export function endTurn(): void {
  if (turnEnds) return;
  turnEnds = true;
  setImmediate(forgetTurn);
}

function forgetTurn(): void {
  turnEnds = false;
  turnBegan = null;
}

/** Tells when, on our clock, something happened that another clock stamped. */
import type { Milliseconds } from '../profile/units.ts';

/** Long enough to meet a quick arrival, short enough to follow a clock that drifts or is set. */
const WINDOW = 64;

/**
 * A row cannot arrive before it is printed: of the last rows, the one that came quickest bounds how the clocks stand.
 * Time zones, summer time and a clock that is set while we look need no care of their own.
 */
export class StampClock {
  readonly #leastDelay: Milliseconds;
  readonly #recent: Milliseconds[] = [];

  /** @param leastDelay how long the quickest rows travel, as far as it is known */
  constructor(leastDelay: Milliseconds) {
    this.#leastDelay = leastDelay;
  }

  /** @param stamp on their clock @param arrived on ours @returns on ours */
  at(stamp: Milliseconds, arrived: Milliseconds): Milliseconds {
    const offset = arrived - stamp;
    const last = this.#recent.at(-1);
    // Set back or forward: what was learned before is of another clock.
    if (last !== undefined && Math.abs(offset - last) > 5000) this.#recent.length = 0;
    this.#recent.push(offset);
    if (this.#recent.length > WINDOW) this.#recent.shift();
    return Math.min(arrived, stamp + Math.min(...this.#recent) - this.#leastDelay);
  }
}

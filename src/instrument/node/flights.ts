/** Model calls that are under way in this thread, and the gaps between an answer and the next request. */
import type { Performance } from 'node:perf_hooks';
import { loadBuiltin } from './builtins.ts';
import type { WireObserver } from './context.ts';
import { now } from './events.ts';

/** Milliseconds, as `now()`. */
export interface Gap {
  from: number;
  to: number;
}

let performance: Performance | undefined;

/** Milliseconds that the thread was at work since it began. From Node's module, and not from the global, which the host may replace in tests of its own. */
function activeMs(): number {
  performance ??= loadBuiltin('node:perf_hooks').performance;
  return performance.eventLoopUtilization().active;
}

export class Flights {
  #count = 0;
  #busiestMs = 0;
  #activeBefore = 0;
  /** The gaps that are over and nobody has asked for. */
  #gaps: Gap[] = [];
  #gapBegan: number | null = null;
  /** Called when a call goes out, with what tells whether it still is under way. */
  onBegin: ((isUnderWay: () => boolean) => void) | null = null;

  /** A call goes out; what is returned is to be called when its answer was read or nobody can read it any more, and may be called twice. */
  begin(): () => void {
    if (this.#count === 0 && this.#gapBegan !== null) {
      this.#gaps.push({ from: this.#gapBegan, to: now() });
      this.#busiestMs = Math.max(this.#busiestMs, activeMs() - this.#activeBefore);
    }
    this.#gapBegan = null;
    this.#count += 1;
    let isOver = false;
    this.onBegin?.(() => !isOver);
    return () => {
      if (isOver) return;
      isOver = true;
      this.#count -= 1;
      if (this.#count > 0) return;
      this.#gapBegan = now();
      this.#activeBefore = activeMs();
    };
  }

  /** For how many milliseconds the thread was at work in the busiest of the gaps that are over. */
  get busiestMs(): number {
    return this.#busiestMs;
  }

  /** The gaps since this was asked last, the one that is going on included as far as it got. */
  takeGaps(): Gap[] {
    const gaps = this.#gaps;
    this.#gaps = [];
    if (this.#gapBegan !== null) {
      const to = now();
      gaps.push({ from: this.#gapBegan, to });
      this.#gapBegan = to;
    }
    return gaps;
  }
}

/** Tells of a call that goes through undici from its diagnostics channels. One that is mocked never begins. */
export class Flight implements WireObserver {
  readonly #flights: Flights;
  #end: (() => void) | null = null;

  constructor(flights: Flights) {
    this.#flights = flights;
  }

  created(): void {
    this.#end ??= this.#flights.begin();
  }

  headers(): void {
    // It is over when its body has arrived.
  }

  done(): void {
    this.#end?.();
  }

  failed(): void {
    this.#end?.();
  }
}

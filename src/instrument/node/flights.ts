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

let timing: Performance['nodeTiming'] | undefined;

/** Milliseconds for which the thread has waited so far. From Node's module, and not from the global, which the host may replace in tests of its own. */
function idleMs(): number {
  timing ??= loadBuiltin('node:perf_hooks').performance.nodeTiming;
  return timing.idleTime;
}

export class Flights {
  #count = 0;
  #busiestMs = 0;
  #idleBefore = 0;
  /** The gaps that are over and nobody has asked for; null while nobody ever has. */
  #gaps: Gap[] | null = null;
  #gapBegan: number | null = null;
  /** Called when a call goes out, with what tells whether it still is under way. */
  onBegin: ((isUnderWay: () => boolean) => void) | null = null;

  /** A call goes out; what is returned is to be called when its answer was read or nobody can read it any more, and may be called twice. */
  begin(): () => void {
    if (this.#count === 0 && this.#gapBegan !== null) {
      const to = now();
      this.#gaps?.push({ from: this.#gapBegan, to });
      // It is not worked for longer than it takes.
      if (to - this.#gapBegan > this.#busiestMs) this.#busiestMs = Math.max(this.#busiestMs, to - this.#gapBegan - (idleMs() - this.#idleBefore));
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
      this.#idleBefore = idleMs();
    };
  }

  /** For how many milliseconds the thread was at work in the busiest of the gaps that are over. */
  get busiestMs(): number {
    return this.#busiestMs;
  }

  /** The gaps since this was asked last, the one that is going on included as far as it got. Those before the first time are not kept. */
  takeGaps(): Gap[] {
    const gaps = this.#gaps ?? [];
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

/** Something that is done at once, and then no more often than it may be; what is asked for meanwhile is done once, when it may be again. */
import type { Milliseconds } from '../profile/units.ts';

export class Throttle {
  readonly #everyMs: Milliseconds;
  readonly #act: () => void;
  #actedAt: Milliseconds = -Infinity;
  #timer: NodeJS.Timeout | null = null;

  constructor(everyMs: Milliseconds, act: () => void) {
    this.#everyMs = everyMs;
    this.#act = act;
  }

  call(): void {
    if (this.#timer !== null) return;
    const wait = this.#actedAt + this.#everyMs - performance.now();
    if (wait <= 0) this.#do();
    else this.#timer = setTimeout(() => this.#do(), wait);
  }

  /** Forgets what is still to be done. */
  cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #do(): void {
    this.#timer = null;
    this.#actedAt = performance.now();
    this.#act();
  }
}

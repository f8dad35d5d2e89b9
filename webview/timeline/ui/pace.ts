/** Work that is asked for again and again while a run is live: done now and then, the rarer the longer it takes. */

const LEAST_MS = 400;
/** Of the time, so much at most: a twentieth. */
const REST_PER_WORK = 20;

export class Pace {
  private readonly work: () => void;
  private timer = 0;
  private nextAt = 0;

  constructor(work: () => void) {
    this.work = work;
  }

  /** At once. */
  now(): void {
    clearTimeout(this.timer);
    this.timer = 0;
    const began = performance.now();
    this.work();
    const ended = performance.now();
    this.nextAt = ended + Math.max(LEAST_MS, (ended - began) * REST_PER_WORK);
  }

  /** When it is its turn again. */
  soon(): void {
    if (this.timer === 0) this.timer = window.setTimeout(() => this.now(), Math.max(0, this.nextAt - performance.now()));
  }
}

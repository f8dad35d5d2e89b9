/** Asks a server for its metrics while calls are in flight, now and then between them, and no more once they have ceased. */
import { parseServerLoad, type ServerLoad } from './serverMetrics.ts';
import { monotonicMs } from '../profiler/clock.ts';
import { NoAnswerInTime } from '../proxy/askServer.ts';
import type { PageReader } from './metricsPage.ts';
import type { Milliseconds, Ratio } from '../profile/units.ts';

/** Ten times a second at most; as much less as keeps the server's own work for it (at most as long as its quickest answer took) to the share of a core. */
const QUICKEST_MS: Milliseconds = 100;
const LARGEST_SHARE: Ratio = 0.01;
/** Answers by which the work is judged. It hardly changes, and where the machine is busy only few come without a wait. */
const JUDGED = 60;
/** What a call did is counted soon after its end. */
const LINGER_MS: Milliseconds = 1000;
/** Between calls. */
const QUIET_MS: Milliseconds = 1000;
/** While a program does something else, others may use the server. */
const WATCH_MS: Milliseconds = 30_000;
const TIMEOUT_MS: Milliseconds = 2000;
const LAST_TIMEOUT_MS: Milliseconds = 500;
/** After so many failures in a row the server is taken to have no metrics. */
const MAX_FAILURES = 5;

/** How long to wait between two questions, by how long the last answers took. */
export function pollingInterval(answers: readonly Milliseconds[]): Milliseconds {
  const work = answers.length === 0 ? 0 : Math.min(...answers);
  return Math.max(QUICKEST_MS, work / LARGEST_SHARE);
}

export class MetricsPoller {
  readonly #page: PageReader;
  readonly #onLoad: (load: ServerLoad, asked: Milliseconds, answered: Milliseconds) => void;
  readonly #answers: Milliseconds[] = [];
  #inFlight = 0;
  #lastBusy: Milliseconds = -Infinity;
  #asked: Milliseconds = -Infinity;
  #timer: NodeJS.Timeout | null = null;
  #running = false;
  #closed = false;
  #failures = 0;

  constructor(page: PageReader, onLoad: (load: ServerLoad, asked: Milliseconds, answered: Milliseconds) => void) {
    this.#page = page;
    this.#onLoad = onLoad;
  }

  /** Reads once before there is any call: what the server had counted until then. */
  begin(): void {
    void this.#ask(TIMEOUT_MS);
  }

  callBegan(): void {
    this.#inFlight++;
    if (this.#closed || this.#failures >= MAX_FAILURES) return;
    if (!this.#running) {
      this.#running = true;
      void this.#next();
    } else if (this.#timer !== null && this.#inFlight === 1 && monotonicMs() - this.#asked >= pollingInterval(this.#answers)) {
      // What the server counted before this call is to be known.
      clearTimeout(this.#timer);
      void this.#next();
    }
  }

  callEnded(): void {
    this.#inFlight--;
    this.#lastBusy = monotonicMs();
  }

  /** The last reading of a run, which has what its last call did; then no more. Takes no longer than its patience. */
  async finish(): Promise<void> {
    if (this.#running && !this.#closed) {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = null;
      this.#running = false;
      await this.#ask(LAST_TIMEOUT_MS);
    }
    this.close();
  }

  close(): void {
    this.#closed = true;
    this.#running = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#page.close();
  }

  /** One question after the other: a server that answers late is not asked twice at once. */
  async #next(): Promise<void> {
    this.#timer = null;
    const asked = monotonicMs();
    this.#asked = asked;
    const load = await this.#ask(TIMEOUT_MS);
    this.#failures = load === null ? this.#failures + 1 : 0;
    if (this.#closed || !this.#running) return;
    const quietFor = this.#inFlight > 0 ? 0 : monotonicMs() - this.#lastBusy;
    if (quietFor > WATCH_MS || this.#failures >= MAX_FAILURES) {
      this.#running = false;
      return;
    }
    const interval = pollingInterval(this.#answers);
    const wait = asked + (quietFor > LINGER_MS ? Math.max(QUIET_MS, interval) : interval) - monotonicMs();
    this.#timer = setTimeout(() => void this.#next(), Math.max(0, wait));
    this.#timer.unref();
  }

  async #ask(patience: Milliseconds): Promise<ServerLoad | null> {
    const asked = monotonicMs();
    try {
      const { status, text } = await this.#page.ask(patience);
      if (status !== 200) return null;
      const answered = monotonicMs();
      this.#took(answered - asked);
      const load = parseServerLoad(text);
      if (load !== null && !this.#closed) this.#onLoad(load, asked, answered);
      return load;
    } catch (error) {
      // Not reachable now: counted as a failure, and asked again. One that is still at it has worked for as long as we waited, for all we know.
      if (error instanceof NoAnswerInTime) this.#took(patience);
      return null;
    }
  }

  #took(duration: Milliseconds): void {
    this.#answers.push(duration);
    if (this.#answers.length > JUDGED) this.#answers.shift();
  }
}

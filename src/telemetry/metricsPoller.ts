/** Asks a server for its metrics while calls are in flight, and a little longer. */
import { parseServerLoad, type ServerLoad } from './serverMetrics.ts';
import { monotonicMs } from '../profiler/clock.ts';
import type { Milliseconds } from '../profile/units.ts';

/** vLLM answers in 5 to 190 ms (measured); more often would load it. */
const EVERY_MS: Milliseconds = 250;
const LINGER_MS: Milliseconds = 1000;
const TIMEOUT_MS: Milliseconds = 2000;
/** After so many failures in a row the server is taken to have no metrics. */
const MAX_FAILURES = 5;

export class MetricsPoller {
  readonly #url: string;
  readonly #onLoad: (load: ServerLoad, at: Milliseconds) => void;
  #inFlight = 0;
  #lastBusy: Milliseconds = -Infinity;
  #timer: NodeJS.Timeout | null = null;
  #asking = false;
  #failures = 0;

  constructor(url: string, onLoad: (load: ServerLoad, at: Milliseconds) => void) {
    this.#url = url;
    this.#onLoad = onLoad;
  }

  callBegan(): void {
    this.#inFlight++;
    if (this.#timer !== null || this.#failures >= MAX_FAILURES) return;
    this.#timer = setInterval(() => this.#tick(), EVERY_MS);
    this.#timer.unref();
    this.#tick();
  }

  callEnded(): void {
    this.#inFlight--;
    this.#lastBusy = monotonicMs();
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    if ((this.#inFlight === 0 && monotonicMs() - this.#lastBusy > LINGER_MS) || this.#failures >= MAX_FAILURES) {
      this.close();
      return;
    }
    if (this.#asking) return;
    this.#asking = true;
    void this.#ask().then((load) => {
      this.#asking = false;
      this.#failures = load === null ? this.#failures + 1 : 0;
    });
  }

  async #ask(): Promise<ServerLoad | null> {
    const asked = monotonicMs();
    try {
      const response = await fetch(this.#url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
      if (!response.ok) return null;
      const load = parseServerLoad(await response.text());
      // The server read its gauges somewhere between question and answer.
      if (load !== null && this.#timer !== null) this.#onLoad(load, (asked + monotonicMs()) / 2);
      return load;
    } catch {
      // Not reachable now: counted as a failure, and asked again.
      return null;
    }
  }
}

/** Asks a Prometheus exporter for the GPUs' energy counter and power. */
import type { Joules, Milliseconds } from '../profile/units.ts';
import { monotonicMs } from '../profiler/clock.ts';
import { parseExportedGpus } from './gpuExporters.ts';
import { averagedOver, DRAW_FIELD, powerKind } from './nvidiaSmi.ts';
import { sumOfAll, type PowerExporterSpec, type PowerListener, type PowerReader } from './powerSource.ts';

const EVERY_MS: Milliseconds = 500;
const TIMEOUT_MS: Milliseconds = 3000;
/** Beyond this, what lies between two readings cannot be told apart, and analysis does not use them. */
const SLOW_MS: Milliseconds = 5000;
const MAX_FAILURES = 10;

/**
 * Exporters hand out the same reading until they take the next (the DCGM exporter's default is 30 s): a counter that
 * stands still is an old reading, and is not passed on.
 */
export class ExporterPoller implements PowerReader {
  readonly #spec: PowerExporterSpec;
  readonly #listener: PowerListener;
  readonly #timer: NodeJS.Timeout;
  #asking = false;
  #closed = false;
  #failures = 0;
  #lastJoules: Joules | null = null;
  #lastNewAt: Milliseconds | null = null;
  #told = false;

  constructor(spec: PowerExporterSpec, listener: PowerListener) {
    this.#spec = spec;
    this.#listener = listener;
    this.#timer = setInterval(() => this.#tick(), EVERY_MS);
    this.#timer.unref();
    this.#tick();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  #tick(): void {
    if (this.#asking) return;
    this.#asking = true;
    void this.#ask().then((answered) => {
      this.#asking = false;
      this.#failures = answered ? 0 : this.#failures + 1;
      if (this.#failures === MAX_FAILURES) this.#tell('powerUnread', `The GPU's power can no longer be read from ${this.#spec.url}. Energy comes from the GPU's profile where there is one.`);
    });
  }

  async #ask(): Promise<boolean> {
    const asked = monotonicMs();
    let text: string;
    try {
      const response = await fetch(this.#spec.url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
      if (!response.ok) return false;
      text = await response.text();
    } catch {
      // Not reachable now: counted as a failure, and asked again.
      return false;
    }
    const gpus = parseExportedGpus(text);
    if (gpus === null || this.#closed) return gpus !== null;
    const mine = this.#spec.gpus.map((index) => gpus.find((gpu) => gpu.index === index));
    const at = (asked + monotonicMs()) / 2;
    const overMs = averagedOver(powerKind(DRAW_FIELD, mine[0]?.name ?? ''));
    this.#take(at, overMs, sumOfAll(mine.map((gpu) => gpu?.watts ?? null)), sumOfAll(mine.map((gpu) => gpu?.joules ?? null)));
    return true;
  }

  #take(at: Milliseconds, overMs: Milliseconds, watts: number | null, joules: number | null): void {
    if (joules !== null && joules === this.#lastJoules) {
      if (this.#lastNewAt !== null && at - this.#lastNewAt > SLOW_MS)
        this.#tell('powerSlow', `${this.#spec.url} renews its readings more than ${SLOW_MS / 1000} s apart: too seldom to tell what single calls used. Start the DCGM exporter with --collect-interval=100.`);
      return;
    }
    this.#lastJoules = joules;
    this.#lastNewAt = at;
    // The counter says all that the power says, and when: the power, as NVML gives it, is a mean.
    if (joules === null) this.#listener.onReading({ at: at - overMs / 2, watts, joules, overMs });
    else this.#listener.onReading({ at, watts: null, joules, overMs: 0 });
  }

  #tell(code: string, message: string): void {
    if (this.#told) return;
    this.#told = true;
    this.#listener.onTrouble(code, message);
  }
}

/**
 * What `powermetrics --samplers gpu_power -i N` prints on a Mac with Apple's processors: paragraphs, each headed by how long it
 * looked (`*** Sampled system activity (…) (103.25ms elapsed) ***`), with `GPU Power: 39 mW`, the mean over that time
 * (powermetrics(1)).
 */
import type { Milliseconds } from '../profile/units.ts';
import type { PowerRows, SumListener } from './powerRows.ts';

/** It needs root, which is had here only where `sudo` asks for nothing. */
export function powermetricsCommand(everyMs: Milliseconds): string[] {
  return ['sudo', '-n', 'powermetrics', '--samplers', 'gpu_power', '-i', String(everyMs)];
}

export class PowermetricsRows implements PowerRows {
  readonly #onSum: SumListener;
  #delayMs: Milliseconds = 0;
  #elapsedMs: Milliseconds | null = null;

  constructor(onSum: SumListener) {
    this.#onSum = onSum;
  }

  setDelay(delayMs: Milliseconds): void {
    this.#delayMs = delayMs;
  }

  take(line: string, now: Milliseconds): boolean {
    const [, elapsed] = /\((\d+(?:\.\d+)?)ms elapsed\)/.exec(line) ?? [];
    if (elapsed !== undefined) this.#elapsedMs = Number(elapsed);
    const [, milliwatts] = /^GPU Power: (\d+(?:\.\d+)?) mW/.exec(line) ?? [];
    if (milliwatts !== undefined && this.#elapsedMs !== null) this.#onSum(now - this.#delayMs - this.#elapsedMs / 2, Number(milliwatts) / 1000, this.#elapsedMs);
    // Before the first paragraph it speaks only of trouble.
    return this.#elapsedMs !== null || line.trim() === '' || /^Machine model|^OS version|^Boot/.test(line);
  }
}

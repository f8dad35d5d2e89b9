/**
 * What `tegrastats --interval N` prints on a Jetson: a line for each reading, power rails in it as `NAME 5139mW/5139mW`, the first
 * number momentary, the others means and peaks (Jetson Linux developer guide, tegrastats utility). Where a rail feeds more than the
 * GPU, its power has that in it: there is no other.
 */
import type { Milliseconds, Watts } from '../profile/units.ts';
import type { PowerRows, SumListener } from './powerRows.ts';

/** Arguments of a loop that prints a line every `everyMs`. */
export function tegraLoop(everyMs: Milliseconds): string[] {
  return ['--interval', String(everyMs)];
}

/** The rail that the GPU is on, by the module: AGX Orin; Thor; Orin NX and Nano, Xavier NX; TX2; Nano; AGX Xavier. */
const GPU_RAILS = ['VDD_GPU_SOC', 'VDD_GPU', 'VDD_CPU_GPU_CV', 'VDD_SYS_GPU', 'POM_5V_GPU', 'GPU'];

/** The GPU's rail in a line, and what it draws; null where it names none. */
export function parseTegraLine(line: string): { rail: string; watts: Watts } | null {
  for (const rail of GPU_RAILS) {
    // Older modules say `GPU 2640/2640`, in mW; `GPU@40C` is a temperature.
    const [, milliwatts] = new RegExp(`(?:^|\\s)${rail} (\\d+)(?:mW)?/\\d+`).exec(line) ?? [];
    if (milliwatts !== undefined) return { rail, watts: Number(milliwatts) / 1000 };
  }
  return null;
}

export class TegraRows implements PowerRows {
  readonly #onSum: SumListener;
  #delayMs: Milliseconds = 0;

  constructor(onSum: SumListener) {
    this.#onSum = onSum;
  }

  setDelay(delayMs: Milliseconds): void {
    this.#delayMs = delayMs;
  }

  take(line: string, now: Milliseconds): boolean {
    if (line.trim() === '') return true;
    const found = parseTegraLine(line);
    if (found === null) return false;
    this.#onSum(now - this.#delayMs, found.watts, 0);
    return true;
  }
}

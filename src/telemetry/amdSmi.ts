/**
 * What `amd-smi metric --power --watch 1 --csv` prints: a greeting, then a header and one row for each GPU every second, the
 * shortest that it can do; with each reading the header again in some versions. Its columns are found by their names. Power is
 * that of the socket in W: momentary on MI300 and later, a mean on others
 * (https://rocm.docs.amd.com/projects/amdsmi/en/latest/how-to/amdsmi-cli-tool.html).
 */
import type { Milliseconds, Watts } from '../profile/units.ts';
import type { PowerRows, SumListener } from './powerRows.ts';
import { sumOfAll } from './powerSource.ts';

export const AMD_LOOP = ['metric', '--power', '--watch', '1', '--csv'];
export const AMD_LIST = ['list', '--csv'];

const EVERY_MS: Milliseconds = 1000;
const POWER_COLUMNS = ['socket_power', 'current_socket_power', 'average_socket_power'];

/** Indexes of the GPUs in the answer to `AMD_LIST`; empty when it is none. */
export function parseAmdList(text: string): number[] {
  const [header = '', ...rows] = text.split('\n').map((line) => line.trim());
  const column = header.split(',').indexOf('gpu');
  if (column === -1) return [];
  return [...new Set(rows.flatMap((row) => (/^\d+$/.test(row.split(',')[column] ?? '') ? [Number(row.split(',')[column])] : [])))];
}

/** Readings have no time of their own but whole seconds: they are of when they come. */
export class AmdRows implements PowerRows {
  readonly #gpus: ReadonlySet<number>;
  readonly #onSum: SumListener;
  #delayMs: Milliseconds = 0;
  #columns: { gpu: number; power: number } | null = null;
  #group = new Map<number, Watts | null>();

  constructor(gpus: readonly number[], onSum: SumListener) {
    this.#gpus = new Set(gpus);
    this.#onSum = onSum;
  }

  setDelay(delayMs: Milliseconds): void {
    this.#delayMs = delayMs;
  }

  take(line: string, now: Milliseconds): boolean {
    const cells = line.trim().split(',');
    if (line.trim() === '' || /stop watching/i.test(line)) return true;
    const power = POWER_COLUMNS.map((name) => cells.indexOf(name)).find((index) => index !== -1);
    if (power !== undefined) {
      this.#columns = { gpu: cells.indexOf('gpu'), power };
      return true;
    }
    if (this.#columns === null || !/^\d+$/.test(cells[this.#columns.gpu] ?? '')) return false;
    const index = Number(cells[this.#columns.gpu]);
    const watts = cells[this.#columns.power] ?? '';
    if (!this.#gpus.has(index)) return true;
    // The next reading has begun before this one was whole.
    if (this.#group.has(index)) this.#group.clear();
    this.#group.set(index, /^\d+(?:\.\d+)?$/.test(watts) ? Number(watts) : null);
    if (this.#group.size < this.#gpus.size) return true;
    const sum = sumOfAll([...this.#group.values()]);
    const each = [...this.#group].map(([gpu, power]) => ({ gpu, watts: power, joules: null }));
    this.#group = new Map();
    // Whether it is momentary or a mean is not told: the wider of both.
    const at = now - this.#delayMs - EVERY_MS / 2;
    if (each.length === 1) this.#onSum(at, sum, EVERY_MS);
    else this.#onSum(at, sum, EVERY_MS, each);
    return true;
  }
}

/** Rows of `nvidia-smi`, added up reading by reading. */
import type { Milliseconds } from '../profile/units.ts';
import { averagedOver, parseRow, powerKind, readingAge, type NvidiaRow } from './nvidiaSmi.ts';
import type { PowerRows, SumListener } from './powerRows.ts';
import { meanUtilization, sumOfAll } from './powerSource.ts';
import { StampClock } from './stampClock.ts';

export class NvidiaRows implements PowerRows {
  #clock = new StampClock(0);
  readonly #field: string;
  readonly #gpus: ReadonlySet<number>;
  readonly #onSum: SumListener;
  #group = new Map<number, NvidiaRow>();

  constructor(field: string, gpus: readonly number[], onSum: SumListener) {
    this.#field = field;
    this.#gpus = new Set(gpus);
    this.#onSum = onSum;
  }

  setDelay(delayMs: Milliseconds): void {
    this.#clock = new StampClock(delayMs);
  }

  take(line: string, now: Milliseconds): boolean {
    if (line.trim() === '') return true;
    const row = parseRow(line);
    if (row === null) return false;
    const at = this.#clock.at(row.stamp, now);
    if (!this.#gpus.has(row.index)) return true;
    // The next reading has begun before this one was whole: a GPU has fallen off the list.
    if (this.#group.has(row.index)) this.#group.clear();
    this.#group.set(row.index, row);
    if (this.#group.size < this.#gpus.size) return true;
    const rows = [...this.#group.values()];
    this.#group = new Map();
    const kind = powerKind(this.#field, row.name);
    const sum = sumOfAll(rows.map(({ watts }) => watts));
    const utilization = meanUtilization(rows.map(({ busy }) => (busy === null ? null : { busy })));
    this.#onSum(at - readingAge(kind), sum, averagedOver(kind), rows.length === 1 ? undefined : rows.map(({ index, watts }) => ({ gpu: index, watts, joules: null })), utilization);
    return true;
  }
}

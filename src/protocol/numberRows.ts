/** Rows of numbers, kept by column: one that has no number in any row takes no memory. NaN is null. */
import { withRoom } from './growing.ts';
import type { NumberColumns } from './spanColumns.ts';

export class NumberRows {
  length = 0;
  private capacity = 0;
  private columns: NumberColumns;
  private readonly width: number;

  constructor(width: number) {
    this.width = width;
    this.columns = new Array<null>(width).fill(null);
  }

  clear(): void {
    this.length = 0;
    this.capacity = 0;
    this.columns = new Array<null>(this.width).fill(null);
  }

  at(column: number, row: number): number {
    return this.columns[column]?.[row] ?? NaN;
  }

  /** Appends `count` rows. */
  append(rows: NumberColumns, count: number): void {
    this.reserve(this.length + count);
    rows.forEach((column, k) => {
      if (column !== null) this.column(k).set(column, this.length);
    });
    this.length += count;
  }

  /** Writes row `from` of `rows` over `row`. */
  set(row: number, rows: NumberColumns, from: number): void {
    for (let k = 0; k < this.width; k++) {
      const value = rows[k]?.[from] ?? NaN;
      if (this.columns[k] !== null || !Number.isNaN(value)) this.column(k)[row] = value;
    }
  }

  private reserve(length: number): void {
    if (length <= this.capacity) return;
    this.columns = this.columns.map((column) => column && filled(withRoom(column, length), this.capacity));
    this.capacity = this.columns.find((column) => column !== null)?.length ?? Math.max(16, length, Math.min(this.capacity * 2, this.capacity + (1 << 20)));
  }

  private column(k: number): Float64Array {
    return (this.columns[k] ??= filled(new Float64Array(this.capacity), 0));
  }

  /** Gives back what was reserved for more. */
  trim(): void {
    this.columns = this.columns.map((column) => column && column.slice(0, this.length));
    this.capacity = this.length;
  }

  get bytes(): number {
    return this.columns.reduce((sum, column) => sum + (column?.byteLength ?? 0), 0);
  }
}

function filled(column: Float64Array, from: number): Float64Array {
  return column.fill(NaN, from);
}

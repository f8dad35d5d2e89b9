/** Texts of many columns one after the other, found by number. */
import type { TextColumn } from './spanColumns.ts';

export class Texts {
  length = 0;
  private readonly columns: { first: number; column: TextColumn }[] = [];

  append(column: TextColumn): void {
    if (column.ends.length === 0) return;
    this.columns.push({ first: this.length, column });
    this.length += column.ends.length;
  }

  clear(): void {
    this.columns.length = 0;
    this.length = 0;
  }

  /** The text of a number below `length`. */
  at(number: number): string | null {
    let low = 0;
    let high = this.columns.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.columns[middle]?.first ?? 0) <= number) low = middle;
      else high = middle - 1;
    }
    const found = this.columns[low];
    if (found === undefined) return null;
    const { text, ends } = found.column;
    const place = number - found.first;
    const end = ends[place] ?? 0;
    if (end < 0) return null;
    const before = place === 0 ? 0 : (ends[place - 1] ?? 0);
    return text.slice(before < 0 ? ~before : before, end);
  }

  get bytes(): number {
    return this.columns.reduce((sum, { column }) => sum + column.ends.byteLength + column.text.length, 0);
  }
}

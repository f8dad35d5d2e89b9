/** Offsets in a text as lines and columns, and where they are once something is added. */
import type { Insertion } from './catchClauses.ts';

export const LINE_END = /\r\n|[\n\r\u2028\u2029]/g;

/** Offsets as lines and columns. */
export class Lines {
  readonly #starts = [0];
  readonly #ends: number[] = [];

  constructor(text: string) {
    if (/[\r\u2028\u2029]/.test(text)) {
      for (const { index, 0: end } of text.matchAll(LINE_END)) {
        this.#ends.push(index);
        this.#starts.push(index + end.length);
      }
    } else {
      for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
        this.#ends.push(at);
        this.#starts.push(at + 1);
      }
    }
    this.#ends.push(text.length);
  }

  get count(): number {
    return this.#starts.length;
  }

  /** 0-based. */
  lineOf(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Of a line (0-based). */
  start(line: number): number {
    return this.#starts[line] ?? 0;
  }

  startOf(offset: number): number {
    return this.#starts[this.lineOf(offset)] ?? 0;
  }

  endOf(offset: number): number {
    return this.#ends[this.lineOf(offset)] ?? 0;
  }
}

/** Where things are once the insertions are made. */
export class Shift {
  readonly #lines: Lines;
  /** By line (0-based), in order: column in the text before, and letters added on the line up to there. */
  readonly #added = new Map<number, { column: number; letters: number }[]>();

  /** @param insertions in order of their places */
  constructor(lines: Lines, insertions: readonly Insertion[]) {
    this.#lines = lines;
    for (const { at, text } of insertions) {
      const line = lines.lineOf(at);
      const list = this.#added.get(line) ?? [];
      this.#added.set(line, list);
      list.push({ column: at - lines.startOf(at), letters: (list.at(-1)?.letters ?? 0) + text.length });
    }
  }

  /** 1-based. */
  place(offset: number): { line: number; column: number } {
    const line = this.#lines.lineOf(offset);
    return { line: line + 1, column: this.column(line, offset - this.#lines.startOf(offset)) + 1 };
  }

  /** 0-based, both. */
  column(line: number, column: number): number {
    const added = this.#added.get(line) ?? [];
    let low = 0;
    let high = added.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (added[middle]!.column <= column) low = middle + 1;
      else high = middle;
    }
    return column + (added[low - 1]?.letters ?? 0);
  }

  /** The same of what begins with its column (0-based), of one line (0-based) and in order. */
  move(line: number, places: readonly [column: number, ...rest: number[]][]): void {
    const added = this.#added.get(line);
    if (added === undefined) return;
    let passed = 0;
    for (const place of places) {
      while (passed < added.length && added[passed]!.column <= place[0]) passed += 1;
      place[0] += added[passed - 1]?.letters ?? 0;
    }
  }
}

/** The text with what is added, in order of its places. */
export function insert(text: string, insertions: readonly Insertion[]): string {
  const parts: string[] = [];
  let from = 0;
  for (const { at, text: added } of insertions) {
    parts.push(text.slice(from, at), added);
    from = at;
  }
  return parts.join('') + text.slice(from);
}

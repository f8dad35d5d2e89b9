/**
 * A lane of spans: as many rows as spans overlap. A span gets the first free row at or below the row it asks for, so
 * nested spans form a flame and concurrent ones stack. Spans that still run wait in `running` and enter their row's
 * append-only store when they end.
 */
import { Row } from './row.ts';
import type { Milliseconds } from '../../../src/profile/units.ts';

/** Beyond this many rows spans share the last one, cut where they would overlap. */
const MAX_ROWS = 512;
/** Clocks of two processes differ by about this much; a child that starts this early still fits behind its elder. */
const SLACK_MS = 0.002;

/** A rectangle of a span: its whole, or one phase of a model call. */
export interface Part {
  start: Milliseconds;
  end: Milliseconds;
  category: number;
  flags: number;
}

export class SpanLane {
  rows: Row[] = [];
  /** Running spans by number. */
  readonly running = new Map<number, { row: number; start: Milliseconds }>();
  /** Spans were added out of order or changed after they ended: the lane must be built anew. */
  stale = false;
  private rowEnds: Milliseconds[] = [];
  private lastStart = -Infinity;

  clear(): void {
    this.rows = [];
    this.rowEnds = [];
    this.running.clear();
    this.lastStart = -Infinity;
    this.stale = false;
  }

  get length(): number {
    return this.rows.reduce((sum, row) => sum + row.length, 0) + this.running.size;
  }

  /** Gives the span a row. Spans must come in order of start; one that does not makes the lane stale. */
  place(span: number, start: Milliseconds, end: Milliseconds | null, wantedRow: number): number {
    if (start < this.lastStart) {
      this.stale = true;
      return -1;
    }
    this.lastStart = start;
    let row = Math.min(wantedRow, MAX_ROWS - 1);
    while (row < MAX_ROWS - 1 && (this.rowEnds[row] ?? -Infinity) > start + SLACK_MS) row++;
    while (this.rows.length <= row) {
      this.rows.push(new Row());
      this.rowEnds.push(-Infinity);
    }
    this.rowEnds[row] = Math.max(this.rowEnds[row] ?? -Infinity, end ?? Infinity);
    if (end === null) this.running.set(span, { row, start });
    return row;
  }

  /** Writes an ended span's rectangles into its row. */
  write(row: number, span: number, parts: readonly Part[]): void {
    const target = this.rows[row];
    if (target === undefined) return;
    for (const part of parts) target.append(part.start, part.end, part.category, span, part.flags);
  }

  /** A running span has ended; its row is free again from then on. */
  finish(span: number, end: Milliseconds, parts: readonly Part[]): void {
    const running = this.running.get(span);
    if (running === undefined) return;
    this.running.delete(span);
    this.rowEnds[running.row] = end;
    this.write(running.row, span, parts);
  }
}

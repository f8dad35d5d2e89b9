/**
 * A lane of spans: as many rows as spans overlap. A span gets the first free row, or in a lane of nested ones a row below its
 * parent's, so that these form a flame and concurrent ones stack. Spans that still run wait in `running` and enter their row's
 * append-only store when they end.
 */
import { Branches, type Owner } from './branches.ts';
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
  /** Which rows belong together; null in a lane whose spans are not nested. */
  branches: Branches | null = null;
  private readonly branched: boolean;
  private rowEnds: Milliseconds[] = [];
  private lastStart = -Infinity;

  /** @param branched spans are nested, and those that run at the same time are kept apart */
  constructor(branched: boolean) {
    this.branched = branched;
    this.clear();
  }

  clear(): void {
    this.rows = [];
    this.branches = this.branched ? new Branches() : null;
    this.rowEnds = [];
    this.running.clear();
    this.lastStart = -Infinity;
    this.stale = false;
  }

  get length(): number {
    return this.rows.reduce((sum, row) => sum + row.length, 0) + this.running.size;
  }

  /** Where a row stands on screen, from the lane's top. */
  placeOfRow(row: number): number {
    return this.branches?.placeOf(row) ?? row;
  }

  rowAtPlace(place: number): number {
    return this.branches?.rowAt(place) ?? place;
  }

  /** Gives the span the first free row. Spans must come in order of start; one that does not makes the lane stale. */
  place(span: number, start: Milliseconds, end: Milliseconds | null): number {
    if (this.isLate(start)) return -1;
    let row = 0;
    while (row < MAX_ROWS - 1 && !this.isFreeNow(row)) row++;
    return this.take(row, span, start, end);
  }

  /**
   * Gives a nested span a row in its parent's branch, or in one beside it. In order of start, as `place`.
   * @param parentRow -1 for what is at the lane's top
   * @param isOver whether what owns a branch is over when the span starts
   */
  placeInBranch(span: number, start: Milliseconds, end: Milliseconds | null, parentRow: number, owner: Owner, form: { name: string; thread: string | null }, isOver: (owner: Owner) => boolean): number {
    if (this.isLate(start)) return -1;
    const { branches } = this;
    if (branches === null || this.rows.length >= MAX_ROWS - 1) return this.take(MAX_ROWS - 1, span, start, end);
    const row = branches.rowFor(parentRow, owner, this.isFreeNow, isOver);
    branches.note(row, owner, form.thread, form.name);
    return this.take(row, span, start, end);
  }

  private isLate(start: Milliseconds): boolean {
    if (start < this.lastStart) {
      this.stale = true;
      return true;
    }
    this.lastStart = start;
    return false;
  }

  /** Whether a row is free for the span that is being placed. Made once, as there are very many spans. */
  private readonly isFreeNow = (row: number): boolean => (this.rowEnds[row] ?? -Infinity) <= this.lastStart + SLACK_MS;

  private take(row: number, span: number, start: Milliseconds, end: Milliseconds | null): number {
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

/** Undo and redo of zooming and panning. Movements that follow each other closely are one step. Pure: time is given. */
import { sameRange, type ViewRange } from './viewRange.ts';
import type { Milliseconds } from '../../../src/profile/units.ts';

const MOST_STEPS = 100;
/** A wheel or a drag gives many movements, each soon after the one before. */
const SAME_MOVEMENT_MS = 600;

export class RangeHistory {
  private past: ViewRange[] = [];
  private future: ViewRange[] = [];
  private movedAt: Milliseconds = -Infinity;

  /** The view is about to leave `from`, at the moment `now` of any steady clock. */
  leaving(from: ViewRange, now: Milliseconds): void {
    const continues = now - this.movedAt < SAME_MOVEMENT_MS;
    this.movedAt = now;
    if (continues) return;
    this.future = [];
    const last = this.past.at(-1);
    if (last !== undefined && sameRange(last, from)) return;
    this.past.push(from);
    if (this.past.length > MOST_STEPS) this.past.shift();
  }

  /** Where the view was before, or null at the beginning. */
  undo(current: ViewRange): ViewRange | null {
    return this.step(this.past, this.future, current);
  }

  /** Where it was before it was undone, or null. */
  redo(current: ViewRange): ViewRange | null {
    return this.step(this.future, this.past, current);
  }

  private step(from: ViewRange[], to: ViewRange[], current: ViewRange): ViewRange | null {
    this.movedAt = -Infinity;
    let next = from.pop();
    while (next !== undefined && sameRange(next, current)) next = from.pop();
    if (next === undefined) return null;
    to.push(current);
    return next;
  }

  /** Another run is shown. */
  clear(): void {
    this.past = [];
    this.future = [];
    this.movedAt = -Infinity;
  }
}

/** The stretch of time that is shown, and how it moves. Pure. */
import type { Milliseconds } from '../../../src/profile/units.ts';

export interface ViewRange {
  start: Milliseconds;
  end: Milliseconds;
}

/** Narrowest stretch that can be shown. */
export const MIN_RANGE_MS = 0.01;
const MARGIN = 0.01;

/** The whole run, with a little room at its end. */
export function fitRange(wallMs: Milliseconds): ViewRange {
  return { start: 0, end: Math.max(wallMs, 1) * (1 + MARGIN) };
}

/** Keeps a range inside the run and no narrower than can be shown. */
export function clampRange(range: ViewRange, wallMs: Milliseconds): ViewRange {
  const whole = fitRange(wallMs);
  const width = Math.min(Math.max(range.end - range.start, MIN_RANGE_MS), whole.end);
  const start = Math.min(Math.max(range.start, 0), whole.end - width);
  return Number.isFinite(start) && Number.isFinite(width) ? { start, end: start + width } : whole;
}

/** Zooms by `factor` (< 1 is closer) around the time `at`, which stays where it is on screen. */
export function zoomRange(range: ViewRange, factor: number, at: Milliseconds, wallMs: Milliseconds): ViewRange {
  const width = Math.min(Math.max((range.end - range.start) * factor, MIN_RANGE_MS), fitRange(wallMs).end);
  const share = (at - range.start) / (range.end - range.start);
  const start = at - share * width;
  return clampRange({ start, end: start + width }, wallMs);
}

export function panRange(range: ViewRange, by: Milliseconds, wallMs: Milliseconds): ViewRange {
  return clampRange({ start: range.start + by, end: range.end + by }, wallMs);
}

/** The least change that brings [start, end] well into view and makes it wide enough to be seen. */
export function revealRange(range: ViewRange, start: Milliseconds, end: Milliseconds, wallMs: Milliseconds): ViewRange {
  const width = range.end - range.start;
  const inside = start >= range.start && end <= range.end;
  if (inside && end - start >= width / 40) return range;
  const length = Math.max(end - start, MIN_RANGE_MS);
  if (length > width * 0.9 || length < width / 40) {
    const wanted = length > width * 0.9 ? length * 1.2 : length * 12;
    const middle = (start + end) / 2;
    return clampRange({ start: middle - wanted / 2, end: middle + wanted / 2 }, wallMs);
  }
  return clampRange({ start: (start + end - width) / 2, end: (start + end + width) / 2 }, wallMs);
}

/** Follows a run that grows: keeps the width, ends at the run's end. A view of the whole run stays one. */
export function followRange(range: ViewRange, oldWallMs: Milliseconds, wallMs: Milliseconds): ViewRange {
  if (range.start <= 0 && range.end >= fitRange(oldWallMs).end * 0.999) return fitRange(wallMs);
  const whole = fitRange(wallMs);
  return clampRange({ start: whole.end - (range.end - range.start), end: whole.end }, wallMs);
}

export function sameRange(a: ViewRange, b: ViewRange): boolean {
  return a.start === b.start && a.end === b.end;
}

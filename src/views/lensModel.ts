/** Which lens stands where in a buffer: pure, from a report's lines of that file. */
import { formatLens, type LensOptions } from '../profile/formatValue.ts';
import type { ReportLine } from '../profile/report.ts';
import { anchorLines } from './lineAnchors.ts';

/** A line of the report at its place in the buffer. */
export interface PlacedLine {
  /** In the buffer, from 0. */
  line: number;
  /** The line is no longer what ran, or nobody can tell. */
  stale: boolean;
  report: ReportLine;
}

/** What a lens says once its line has changed. */
export const STALE_NOTE = '  (before your last edit)';

/**
 * @param snapshot the file's lines when it ran; null when they are not known, so that each line counts as changed
 * @param buffer the file's lines now
 */
export function placeLines(lines: readonly ReportLine[], snapshot: readonly string[] | null, buffer: readonly string[]): PlacedLine[] {
  const anchors = snapshot === null ? null : anchorLines(snapshot, buffer, lines.map((each) => each.line - 1));
  const placed: PlacedLine[] = [];
  for (const report of lines) {
    const anchor = anchors === null ? { line: report.line - 1, edited: true } : anchors.get(report.line - 1);
    if (anchor && anchor.line < buffer.length) placed.push({ line: anchor.line, stale: anchor.edited, report });
  }
  return placed.sort((a, b) => a.line - b.line);
}

export function lensText(placed: PlacedLine, options: LensOptions): string {
  return formatLens(placed.report, options) + (placed.stale ? STALE_NOTE : '');
}

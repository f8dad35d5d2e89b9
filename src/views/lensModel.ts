/** Which lens stands where in a buffer: pure, from a report's lines of that file. */
import { formatLens, type LensOptions } from '../profile/formatValue.ts';
import type { ReportLine } from '../profile/report.ts';
import { anchorLines } from '../analysis/lineAnchors.ts';
import type { LineHistory } from '../analysis/lineHistory.ts';
import { changeText } from './historyText.ts';

export type Staleness = 'edited' | 'unknown' | null;

/** A line of the report at its place in the buffer. */
export interface PlacedLine {
  /** In the buffer, from 0. */
  line: number;
  /** `edited`: the line is no longer what ran. `unknown`: nobody can tell. Null: it is what ran. */
  stale: Staleness;
  report: ReportLine;
}

/** What a lens says once its line has changed: VS Code lets no one colour it. */
export const STALE_NOTES: Readonly<Record<'edited' | 'unknown', string>> = {
  edited: '  (measured before this edit)',
  unknown: '  (measured on another version of this file)',
};

/**
 * @param snapshot the file's lines when it ran; null when they are not known, so that each stays where it was, with a note
 * @param buffer the file's lines now
 */
export function placeLines(lines: readonly ReportLine[], snapshot: readonly string[] | null, buffer: readonly string[]): PlacedLine[] {
  const anchors = snapshot === null ? null : anchorLines(snapshot, buffer, lines.map((each) => each.line - 1));
  const placed: PlacedLine[] = [];
  for (const report of lines) {
    const anchor = anchors === null ? { line: report.line - 1, edited: true } : anchors.get(report.line - 1);
    if (!anchor || anchor.line >= buffer.length) continue;
    placed.push({ line: anchor.line, stale: anchors === null ? 'unknown' : anchor.edited ? 'edited' : null, report });
  }
  return placed.sort((a, b) => a.line - b.line);
}

/**
 * The line of another run that stands where one of this run does and did the same: called a model, called tools, or led to calls.
 * Null when there is none, or nobody knows which line it was.
 */
export function sameLine(others: readonly PlacedLine[], line: PlacedLine): PlacedLine | null {
  const candidates = others.filter((other) => other.line === line.line && other.stale !== 'unknown' && roleOf(other) === roleOf(line));
  return candidates.find(({ stale }) => stale === null) ?? candidates[0] ?? null;
}

function roleOf({ report }: PlacedLine): 'llm' | 'tool' | 'leads' {
  return report.llmCalls > 0 ? 'llm' : report.toolCalls > 0 ? 'tool' : 'leads';
}

/** @param history the line's, where a change is to be shown */
export function lensText(placed: PlacedLine, options: LensOptions, history: LineHistory | null = null): string {
  return formatLens(placed.report, options) + changeText(history) + (placed.stale === null ? '' : STALE_NOTES[placed.stale]);
}

/** Which lens stands where in a buffer: pure, from a report's lines of that file. */
import * as l10n from '@vscode/l10n';
import { formatLens, type LensOptions } from '../profile/formatValue.ts';
import type { Report, ReportFunction, ReportLine } from '../profile/report.ts';
import { LEAST_SHOWN_SHARE } from '../analysis/functions.ts';
import { anchorLines } from '../analysis/lineAnchors.ts';
import type { LineHistory } from '../analysis/lineHistory.ts';
import { changeText } from './historyText.ts';

export type Staleness = 'edited' | 'unknown' | null;

/** Something of the report at its place in the buffer. */
export interface Placed<Row> {
  /** In the buffer, from 0. */
  line: number;
  /** `edited`: the line is no longer what ran. `unknown`: nobody can tell. Null: it is what ran. */
  stale: Staleness;
  report: Row;
}
export type PlacedLine = Placed<ReportLine>;
export type PlacedFunction = Placed<ReportFunction>;

/** What a lens says once its line has changed: VS Code lets no one colour it. */
export const STALE_NOTES: Readonly<Record<'edited' | 'unknown', string>> = {
  edited: l10n.t('  (measured before this edit)'),
  unknown: l10n.t('  (measured on another version of this file)'),
};

/** The same for a hover. */
export const STALE_TEXTS: Readonly<Record<'edited' | 'unknown', string>> = {
  edited: l10n.t('Measured before this edit: the line has changed since it ran, and these numbers are of the text before.'),
  unknown: l10n.t('Measured on another version of this file, whose text is not known: the numbers may belong to another line.'),
};

/**
 * @param snapshot the file's lines when it ran; null when they are not known, so that each stays where it was, with a note
 * @param buffer the file's lines now
 */
export function placeLines(lines: readonly ReportLine[], snapshot: readonly string[] | null, buffer: readonly string[]): PlacedLine[] {
  return place(lines, ({ line }) => line, snapshot, buffer);
}

/**
 * The program's own functions that are worth a lens, where they are defined.
 * @param name the file, as the report names it
 */
export function placeFunctions({ functions, totals }: Report, name: string, snapshot: readonly string[] | null, buffer: readonly string[]): PlacedFunction[] {
  const rows = functions.filter(({ site, selfMs }) => site?.file === name && selfMs >= totals.wallMs * LEAST_SHOWN_SHARE);
  return place(rows, ({ site }) => site?.line ?? 1, snapshot, buffer);
}

function place<Row>(rows: readonly Row[], lineOf: (row: Row) => number, snapshot: readonly string[] | null, buffer: readonly string[]): Placed<Row>[] {
  const anchors = snapshot === null ? null : anchorLines(snapshot, buffer, rows.map((row) => lineOf(row) - 1));
  const placed: Placed<Row>[] = [];
  for (const report of rows) {
    const line = lineOf(report) - 1;
    const anchor = anchors === null ? { line, edited: true } : anchors.get(line);
    if (!anchor || anchor.line >= buffer.length) continue;
    placed.push({ line: anchor.line, stale: anchors === null ? 'unknown' : anchor.edited ? 'edited' : null, report });
  }
  return placed.sort((a, b) => a.line - b.line);
}

/**
 * The line of another run that stands where one of this run does and did the same: called a model, called tools, or led to calls.
 * Null when there is none, or nobody knows which line it was.
 * @param others from the top
 */
export function sameLine(others: readonly PlacedLine[], line: PlacedLine): PlacedLine | null {
  const candidates: PlacedLine[] = [];
  for (let at = firstFrom(others, line.line); others[at]?.line === line.line; at++) {
    const other = others[at]!;
    if (other.stale !== 'unknown' && roleOf(other) === roleOf(line)) candidates.push(other);
  }
  return candidates.find(({ stale }) => stale === null) ?? candidates[0] ?? null;
}

/** Place of the first of some lines, from the top, that is on this line or below. */
function firstFrom(lines: readonly PlacedLine[], line: number): number {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((lines[middle]?.line ?? 0) < line) low = middle + 1;
    else high = middle;
  }
  return low;
}

function roleOf({ report }: PlacedLine): 'llm' | 'tool' | 'leads' {
  return report.llmCalls > 0 ? 'llm' : report.toolCalls > 0 ? 'tool' : 'leads';
}

/** @param history the line's, where a change is to be shown */
export function lensText(placed: PlacedLine, options: LensOptions, history: LineHistory | null = null): string {
  return formatLens(placed.report, options) + changeText(history) + (placed.stale === null ? '' : STALE_NOTES[placed.stale]);
}

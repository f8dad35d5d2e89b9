/** The paper's experiments as text for a terminal. */
import { digits, percentOff, withMargin } from '../experiments/report/format.ts';
import { groupedByBasis, type PlacedRow, type Result } from '../experiments/report/grouped.ts';
import { errorOf } from '../experiments/rows.ts';
import { alignColumns } from '../profile/alignColumns.ts';
import type { TerminalStyle } from './terminalStyle.ts';

const ALIGN = ['left', 'left', 'left', 'right', 'right', 'left', 'right', 'left'] as const;

function table(rows: readonly PlacedRow[], style: TerminalStyle): string[] {
  const cells = rows.map((row) => [row.where, row.series, row.what, withMargin(row.ours), digits(row.published), row.unit, percentOff(errorOf(row)), row.basis]);
  const [head = '', ...rest] = alignColumns([['in', 'of', 'figure', 'ours', 'published', '', 'error', 'ours is'], ...cells], [...ALIGN]);
  return [style.bold(head), ...rest];
}

/** One experiment: all of its rows, what holds of what the paper says, and notes. */
export function experimentText({ experiment: { where, title }, findings: { rows, directions, notes } }: Result, style: TerminalStyle): string[] {
  return [
    style.bold(`${where}: ${title}`),
    ...table(
      rows.map((row) => ({ ...row, where })),
      style,
    ),
    ...directionsText(directions),
    ...notes.map((note) => `  ${note}`),
  ];
}

/** Many experiments: the figures that the paper prints, by what ours rest on, then what does not hold, then notes. */
export function groupedText(results: readonly Result[], style: TerminalStyle): string[] {
  const groups = groupedByBasis(results).filter(({ rows }) => rows.length > 0);
  const directions = results.flatMap(({ findings }) => findings.directions);
  return [
    ...groups.flatMap(({ title, rows, medianError }) => [style.bold(title), ...table(rows, style), `${rows.length} figures, off by ${medianError === null ? '–' : `${(100 * medianError).toFixed(1)} %`} in the median`, '']),
    style.bold('What the paper says in words'),
    ...directionsText(directions),
    `${directions.filter(({ holds }) => holds).length} of ${directions.length} hold`,
    '',
    style.bold('Notes'),
    ...results.flatMap(({ experiment: { where }, findings: { notes } }) => notes.map((note) => `  ${where}: ${note}`)),
  ];
}

function directionsText(directions: Result['findings']['directions']): string[] {
  return directions.map(({ says, holds }) => `  ${holds ? 'yes' : 'NO '}  ${says}`);
}

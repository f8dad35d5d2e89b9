/**
 * Recomputes with the simulator what the paper measured and prints ours beside theirs; the exit code is 1 where a row is not
 * within its limit.
 *
 *     npm run verify:paper
 */
import { alignColumns } from '../../src/profile/alignColumns.ts';
import { notes } from './notes.ts';
import { recompute } from './recompute.ts';
import { verdictOf, type Row } from './rows.ts';

const digits = (value: number | null): string => (value === null ? '–' : Math.abs(value) >= 10_000 ? Math.round(value).toLocaleString('en-US') : value === 0 ? '0' : String(Number(value.toPrecision(4))));

function cells(row: Row): string[] {
  const { where, what, unit, ours, theirs, limit, printed, basis } = row;
  const ratio = ours === null || theirs === null || theirs === 0 ? '–' : (ours / theirs).toFixed(3);
  const within = limit === null ? '' : limit === 0 ? 'equal' : `±${limit * 100} %${printed === undefined ? '' : ' or rounds to it'}`;
  return [where, what, digits(ours), digits(theirs), unit, ratio, within, verdictOf(row), basis];
}

const { rows, fitted } = recompute();
const table = alignColumns([['in', 'figure', 'ours', 'theirs', '', 'ratio', 'limit', '', 'ours is'], ...rows.map(cells)], ['left', 'left', 'right', 'right', 'left', 'right', 'left', 'left', 'left']);
const missed = rows.filter((row) => verdictOf(row) === 'NOT MET');
const limited = rows.filter((row) => verdictOf(row) !== '').length;
process.stdout.write(`${[...table, '', ...notes(fitted), '', `${limited - missed.length} of ${limited} rows with a limit are within it; NOT MET: ${missed.length === 0 ? 'none' : missed.map(({ where, what }) => `${where} ${what}`).join('; ')}.`].join('\n')}\n`);
if (missed.length > 0) process.exitCode = 1;

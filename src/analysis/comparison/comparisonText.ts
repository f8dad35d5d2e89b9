/** A comparison of runs as a person reads it, in a monospaced font: the terminal's and the editor's. */
import * as l10n from '@vscode/l10n';
import { formatCount } from '../../profile/formatCount.ts';
import { formatFigure, lineFigures, totalFigures, type Figure, type FigureUnit, type LineFigureName } from './figures.ts';
import type { Difference, LineDifference, RunComparison } from './compareRuns.ts';
import type { RuleBreach } from './rules.ts';
import { formatPercent } from '../../profile/formatValue.ts';
import { visibleText } from '../../profile/visibleText.ts';
import { alignColumns } from '../../profile/alignColumns.ts';

/** How heads are set apart. */
export interface ComparisonStyle {
  dim(text: string): string;
}

/** At most this many lines; the rest is counted. */
const MOST_LINES = 15;
/** A smaller change is as good as none. */
const LEAST_SHARE = 0.0005;
/** Of a line beside its time, where they changed. */
const SHOWN_OF_LINES: readonly LineFigureName[] = ['calls', 'promptTokens', 'completionTokens', 'energy'];

/** The whole text, ending in a newline. @param names of the two sides */
export function comparisonText(comparison: RunComparison, names: { before: string; after: string }, found: readonly RuleBreach[], style: ComparisonStyle): string {
  const { runs, totals, lines, notes } = comparison;
  const count = (number: number): string => (number === 1 ? formatCount(1, 'run') : l10n.t`mean of ${formatCount(number, 'run')}`);
  const head = alignColumns([[style.dim(l10n.t('before')), `${visibleText(names.before, 120)} · ${count(runs.before)}`], [style.dim(l10n.t('after')), `${visibleText(names.after, 120)} · ${count(runs.after)}`]], ['left', 'left']);
  const titles = [l10n.t('figure'), l10n.t('before'), l10n.t('after'), l10n.t('change'), '', l10n.t('chance'), ''].map((title) => style.dim(title));
  const figures = Object.entries<Figure<never>>(totalFigures).flatMap(([name, { label, unit }]) => {
    const of = totals[name as keyof typeof totals];
    return of.before === null && of.after === null ? [] : [[label, ...cells(of, unit)]];
  });
  const changed = lines.filter(({ figures: of }) => Object.values(of).some(({ change }) => change !== 0));
  const blocks = [
    head,
    alignColumns([titles, ...figures], ['left', 'right', 'right', 'right', 'right', 'right', 'left']),
    lineTable(changed, style),
    [...(runs.before === 1 && runs.after === 1 ? [l10n.t('One run on each side does not show what chance does: name several of each (--against) to have that told apart.')] : []), ...notes].map((note) => `! ${note}`),
    found.map((breach) => `✗ ${breachText(breach)}`),
  ];
  return `${blocks.filter((block) => block.length > 0).map((block) => block.join('\n')).join('\n\n')}\n`;
}

function lineTable(changed: readonly LineDifference[], style: ComparisonStyle): string[] {
  if (changed.length === 0) return [];
  const titles = [l10n.t('line'), l10n.t('time before'), l10n.t('after'), l10n.t('change'), '', l10n.t('chance'), '', l10n.t('also')].map((title) => style.dim(title));
  const rows = changed.slice(0, MOST_LINES).map((line) => [placeText(line), ...cells(line.figures.time, 'time'), alsoText(line)]);
  const more = changed.length - MOST_LINES;
  return [...alignColumns([titles, ...rows], ['left', 'right', 'right', 'right', 'right', 'right', 'left', 'left']), ...(more > 0 ? [l10n.t`… and ${more} more lines (--json has all)`] : [])];
}

function placeText({ file, line, function: name }: { file: string; line: number; function: string | null }): string {
  return `${visibleText(file, 80)}:${line}${name === null ? '' : `  ${visibleText(name, 40)}`}`;
}

function alsoText({ runs, figures }: LineDifference): string {
  if (runs.before === 0) return l10n.t('new');
  if (runs.after === 0) return l10n.t('gone');
  return SHOWN_OF_LINES.flatMap((name) => {
    const { before, after, change } = figures[name];
    if (change === null || change === 0) return [];
    const { label, unit } = lineFigures[name];
    return `${label} ${formatFigure(before, unit)}→${formatFigure(after, unit)}`;
  }).join(' · ');
}

/** Before, after, the change, its share, what chance explains, and whether it is beyond that. */
function cells({ before, after, change, ratio, chance, isClear }: Difference, unit: FigureUnit): string[] {
  if (change !== null && Math.abs(ratio ?? 1) < LEAST_SHARE) return [formatFigure(before, unit), formatFigure(after, unit), change === 0 ? '=' : '≈', '', '', ''];
  const mark = isClear !== true || change === null || change === 0 ? '' : change > 0 ? '▲' : '▼';
  return [formatFigure(before, unit), formatFigure(after, unit), change === null ? '–' : change === 0 ? '=' : signed(change, formatFigure(Math.abs(change), unit)), ratio === null || change === 0 ? '' : signed(ratio, formatPercent(Math.abs(ratio))), chance === null || change === 0 ? '' : `±${formatFigure(chance, unit)}`, mark];
}

function signed(value: number, text: string): string {
  return `${value < 0 ? '−' : '+'}${text}`;
}

/** `time>10%: 20.6 s → 24 s (+17 %)`. */
export function breachText({ rule, line, difference: { before, after, ratio, isClear } }: RuleBreach): string {
  const share = ratio === null ? '' : ` (${signed(ratio, formatPercent(Math.abs(ratio)))})`;
  return `${rule.text}: ${line === null ? '' : `${placeText(line)}  `}${formatFigure(before, rule.unit)} → ${formatFigure(after, rule.unit)}${share}${isClear === null ? `, ${l10n.t('by the figures alone: what chance does is not known')}` : ''}`;
}

/**
 * Two runs, or two groups of runs, figure by figure and line by line.
 *
 * What chance explains is half a 95 % confidence interval of the difference of the means (Welch's t): from the runs of the two
 * groups where both have two and more, else, for the time of a line, from its calls. Of one run each nothing else can be said:
 * a run's length varies with the model's answers, and one run does not show by how much.
 */
import * as l10n from '@vscode/l10n';
import type { Report, ReportLine } from '../../profile/report.ts';
import { spanTableOf } from '../spanTable.ts';
import { meanOf, tidy, welchMargin } from '../statistics.ts';
import { lineFigures, totalFigures, type Figure, type LineFigureName, type TotalFigure } from './figures.ts';
import { sharedLines, type SharedLine } from './linePairs.ts';

export interface Difference {
  /** Means over the runs; null where one of them does not have it. */
  before: number | null;
  after: number | null;
  change: number | null;
  /** As a share of before; null where that is 0. */
  ratio: number | null;
  /** Changes up to this are left to chance; null where too few runs and calls tell. */
  chance: number | null;
  /** Beyond chance: true or false where that is known. */
  isClear: boolean | null;
}

export interface LineDifference {
  file: string;
  /** As the latest run has it. */
  line: number;
  function: string | null;
  /** It only leads to calls further down, whose own lines are there as well. */
  leads: boolean;
  /** Runs of each side that have the line. */
  runs: { before: number; after: number };
  figures: Record<LineFigureName, Difference>;
}

export interface RunComparison {
  runs: { before: number; after: number };
  totals: Record<TotalFigure, Difference>;
  /** Those that call first, and of either the largest change of time. */
  lines: LineDifference[];
  /** Why the runs may not be comparable, in words. */
  notes: string[];
}

/** @param before, after one run or more each. @throws RangeError for none */
export function compareRuns(before: readonly Report[], after: readonly Report[]): RunComparison {
  if (before.length === 0 || after.length === 0) throw new RangeError('no runs to compare');
  const totals = mapFigures(totalFigures, (figure) => difference(before.map(figure.of), after.map(figure.of)));
  const lines = sharedLines(before, after).map((shared): LineDifference => {
    const figures = mapFigures(lineFigures, (figure) => difference(shared.before.map((line) => valueIn(figure, line)), shared.after.map((line) => valueIn(figure, line))));
    if (figures.time.chance === null) figures.time = withChance(figures.time, chanceByCalls(before, after, shared));
    const { file, line, function: name } = shared;
    return { file, line, function: name, leads: [...shared.before, ...shared.after].every((each) => each === null || each.calls === 0), runs: { before: known(shared.before), after: known(shared.after) }, figures };
  });
  const size = ({ figures }: LineDifference): number => Math.abs(figures.time.change ?? 0);
  return { runs: { before: before.length, after: after.length }, totals, lines: lines.sort((a, b) => Number(a.leads) - Number(b.leads) || size(b) - size(a)), notes: notesOn(before, after) };
}

function mapFigures<Name extends string, Of>(figures: Readonly<Record<Name, Figure<Of>>>, make: (figure: Figure<Of>) => Difference): Record<Name, Difference> {
  return Object.fromEntries(Object.entries<Figure<Of>>(figures).map(([name, figure]) => [name, make(figure)])) as Record<Name, Difference>;
}

/** A run without the line did not come to it: that cost nothing, as far as there is anything to know. */
function valueIn(figure: Figure<ReportLine>, line: ReportLine | null): number | null {
  return line === null ? 0 : figure.of(line);
}

function known(lines: readonly (ReportLine | null)[]): number {
  return lines.filter((line) => line !== null).length;
}

function difference(before: readonly (number | null)[], after: readonly (number | null)[]): Difference {
  const [of, than] = [allKnown(before), allKnown(after)];
  if (of === null || than === null) return { before: of && meanOf(of), after: than && meanOf(than), change: null, ratio: null, chance: null, isClear: null };
  const [a, b] = [meanOf(of), meanOf(than)];
  const change = b - a;
  return withChance({ before: a, after: b, change, ratio: a === 0 ? null : change / a, chance: null, isClear: null }, welchMargin({ values: of, times: 1 }, { values: than, times: 1 }));
}

function withChance(of: Difference, chance: number | null): Difference {
  return { ...of, chance, isClear: chance === null || of.change === null ? null : Math.abs(tidy(of.change)) > tidy(chance) };
}

function allKnown(values: readonly (number | null)[]): number[] | null {
  const found = values.filter((value) => value !== null);
  return found.length === values.length ? found : null;
}

/** Of one run each: of the sum of a line's calls, by their spread. Null where the line does not call, or calls once. */
function chanceByCalls(before: readonly Report[], after: readonly Report[], shared: SharedLine): number | null {
  const [[of, ...others], [than, ...more]] = [before, after];
  if (of === undefined || than === undefined || others.length + more.length > 0) return null;
  const [a, b] = [callTimes(of, shared.before[0] ?? null), callTimes(than, shared.after[0] ?? null)];
  return welchMargin({ values: a, times: a.length }, { values: b, times: b.length });
}

function callTimes(report: Report, line: ReportLine | null): number[] {
  if (line === null || line.calls === 0) return [];
  const table = spanTableOf(report);
  return Array.from(table.numbersOf(line)).flatMap((number) => table.figuresOf(number).ms ?? []);
}

function notesOn(before: readonly Report[], after: readonly Report[]): string[] {
  const all = [...before, ...after];
  const differs = (value: (report: Report) => string | null): string[] => [...new Set(all.map((report) => value(report) ?? l10n.t('unknown')))];
  const notes: string[] = [];
  const say = (what: string, values: string[]): void => {
    if (values.length > 1) notes.push(l10n.t`The runs differ in ${what}: ${values.join(', ')}.`);
  };
  say(l10n.t('their server'), differs(({ backend }) => backend.kind));
  say(l10n.t('their model'), differs(({ backend }) => backend.model));
  say(l10n.t('their GPU'), differs(({ backend }) => backend.gpu));
  say(l10n.t('how energy is charged'), differs(({ accounting }) => accounting.policy));
  const cut = all.filter(({ run }) => !run.complete).length;
  if (cut > 0) notes.push(cut === 1 ? l10n.t`1 of ${all.length} runs is not complete: what was cut off is not in the figures.` : l10n.t`${cut} of ${all.length} runs are not complete: what was cut off is not in the figures.`);
  return notes;
}

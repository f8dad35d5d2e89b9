/** A table of tasks as results: what each setting took and brought, with charts, as the editor's experiment view shows them. Pure. */
import { axisName, type Chart, type Point, type Series } from '../charts/chart.ts';
import type { Result } from '../report/grouped.ts';
import type { Results } from '../results.ts';
import type { Row, RunBasis } from '../rows.ts';
import { estimate, meanOf, percentileOf, type Estimate } from '../statistics.ts';
import type { TaskRow } from './columns.ts';
import { overRepeats, repeatFigures, type RepeatFigures } from './means.ts';
import { groupOf } from './merge.ts';

/** Points of a distribution's curve. */
const QUANTILES = 100;
/** More settings than this are told apart by a list of names only. */
const CURVES_AT_MOST = 7;

interface Group {
  name: string;
  basis: RunBasis;
  /** Measured tasks that were worked on. */
  worked: TaskRow[];
  repeats: RepeatFigures[];
  perRepeat: TaskRow[][];
  qps: number | null;
}

const seconds = (milliseconds: number | null | undefined): number | null => (milliseconds === null || milliseconds === undefined ? null : milliseconds / 1000);

/** Of the figures that a row of the view tells of each setting. */
const FIGURES: { what: string; unit: string; of: (repeat: RepeatFigures) => number | null }[] = [
  { what: 'tasks of a repeat', unit: '', of: ({ tasks }) => tasks },
  { what: 'tasks that failed', unit: '', of: ({ failed }) => failed },
  { what: 'score', unit: '%', of: ({ score }) => (score === null ? null : 100 * score) },
  { what: 'mean latency', unit: 's', of: ({ latencyMs }) => seconds(latencyMs?.mean) },
  { what: 'median of latency', unit: 's', of: ({ latencyMs }) => seconds(latencyMs?.p50) },
  { what: '95th percentile of latency', unit: 's', of: ({ latencyMs }) => seconds(latencyMs?.p95) },
  { what: '99th percentile of latency', unit: 's', of: ({ latencyMs }) => seconds(latencyMs?.p99) },
  { what: 'throughput', unit: 'tasks/s', of: ({ throughputPerSecond }) => throughputPerSecond },
  { what: 'calls of models per task', unit: '', of: ({ llmCalls }) => llmCalls },
  { what: 'uses of tools per task', unit: '', of: ({ toolCalls }) => toolCalls },
  { what: 'tokens read per task', unit: 'tokens', of: ({ promptTokens }) => promptTokens },
  { what: 'tokens written per task', unit: 'tokens', of: ({ completionTokens }) => completionTokens },
  { what: 'energy of a task’s calls', unit: 'Wh', of: ({ activeEnergyWh }) => activeEnergyWh },
  { what: 'money for a task’s calls', unit: 'USD', of: ({ costUsd }) => costUsd },
];

/** @param file the table's name. A result for each experiment in it */
export function tableResults(rows: readonly TaskRow[], file: string): Results {
  const experiments = [...new Set(rows.map(({ experiment }) => experiment))];
  const repeats = new Set(rows.map(({ repeat }) => repeat)).size;
  const results = experiments.map((experiment, index): Result => {
    const own = rows.filter((row) => row.experiment === experiment);
    const groups = groupsOf(own);
    const { agent, benchmark } = own[0]!;
    return {
      experiment: { id: `table-${index + 1}`, where: experiment, title: [agent, benchmark].filter((part) => part !== null).join(' on ') },
      findings: { rows: groups.flatMap(figureRows), directions: [], notes: [], charts: chartsOf(groups) },
    };
  });
  return { title: file, settings: `${rows.filter((row) => !row.warm_up).length} tasks, ${repeats} ${repeats === 1 ? 'repeat' : 'repeats'}.`, results };
}

function groupsOf(rows: readonly TaskRow[]): Group[] {
  const groups = groupedBy(rows, groupOf);
  const several = (of: (row: TaskRow) => string | null) => new Set(rows.map(of)).size > 1;
  const [hasModels, hasBackends] = [several(({ model }) => model), several(({ backend }) => backend)];
  return [...groups.values()].map((own) => {
    const [first] = own as [TaskRow];
    const perRepeat = [...groupedBy(own, ({ repeat }) => repeat).values()];
    const name = [first.setting, hasModels ? first.model : null, hasBackends ? first.backend : null].filter((part) => part !== null && part !== '').join(', ') || 'all';
    return { name, basis: first.simulated ? 'simulated' : 'measured', worked: own.filter(({ warm_up: warmUp, error }) => !warmUp && error === null), repeats: perRepeat.map(repeatFigures), perRepeat, qps: first.qps };
  });
}

/** In the order of their first. */
function groupedBy<Key>(rows: readonly TaskRow[], keyOf: (row: TaskRow) => Key): Map<Key, TaskRow[]> {
  const groups = new Map<Key, TaskRow[]>();
  for (const row of rows) {
    const own = groups.get(keyOf(row)) ?? [];
    groups.set(keyOf(row), own);
    own.push(row);
  }
  return groups;
}

/** What is not known of a setting is no row. */
function figureRows({ name, basis, repeats }: Group): Row[] {
  return FIGURES.flatMap(({ what, unit, of }) => {
    const ours = overRepeats(repeats, of);
    return ours === null ? [] : [{ series: name, what, unit, ours, published: null, basis }];
  });
}

function chartsOf(groups: readonly Group[]): Chart[] {
  const names = groups.map(({ name }) => name.split(', ').slice(0, 4).map(axisName));
  const bars = (id: string, title: string, y: Chart['y'], series: readonly { name: string; of: (group: Group) => Estimate | null; stack?: string }[]): Chart => ({
    id, title, note: '', x: { title: '', names }, y, second: null,
    series: series.flatMap(({ name, of, stack }, color) => known({ ...plain(name, color), stack: stack ?? null, points: groups.flatMap((group, x) => point(x, of(group), group.basis, stack === undefined)) })),
  });
  const figure = (of: (repeat: RepeatFigures) => number | null) => ({ repeats }: Group) => overRepeats(repeats, of);
  const part = (column: 'llm_only_ms' | 'overlap_ms' | 'tools_only_ms' | 'other_ms') => ({ perRepeat }: Group) =>
    estimate(perRepeat.map((rows) => meanKnown(rows.filter(({ warm_up: warmUp, error }) => !warmUp && error === null).flatMap((row) => seconds(row[column]) ?? []))));
  const curves = groups.slice(0, CURVES_AT_MOST);
  const atRate = groups.filter(({ qps }) => qps !== null);
  const seconds_ = (title: string, scale: 'linear' | 'logarithmic' = 'linear') => ({ title, unit: 's', scale });
  const all: Chart[] = [
    bars('latency', 'Latency of a task', seconds_('latency'), [
      { name: 'mean', of: figure(({ latencyMs }) => seconds(latencyMs?.mean)) },
      { name: '95th percentile', of: figure(({ latencyMs }) => seconds(latencyMs?.p95)) },
    ]),
    {
      id: 'distribution', title: 'Share of tasks that is answered by then', note: curves.length < groups.length ? `The first ${curves.length} of ${groups.length} settings.` : '', x: seconds_('latency', 'logarithmic'), y: { title: 'tasks answered', unit: '%', scale: 'linear' }, second: null,
      series: curves.flatMap((group, color) => known({ ...plain(group.name, color), basis: group.basis, form: 'steps', points: distribution(group.worked.flatMap((row) => seconds(row.latency_ms) ?? [])) })),
    },
    bars('time', 'Where a task’s time goes', seconds_('mean latency'), [
      { name: 'models alone', of: part('llm_only_ms'), stack: 'time' },
      { name: 'both at once', of: part('overlap_ms'), stack: 'time' },
      { name: 'tools alone', of: part('tools_only_ms'), stack: 'time' },
      { name: 'neither', of: part('other_ms'), stack: 'time' },
    ]),
    {
      id: 'rate', title: '95th percentile of latency under load', note: '', x: { title: 'tasks per second', unit: '1/s', scale: 'linear' }, y: seconds_('95th percentile of latency', 'logarithmic'), second: null,
      series: new Set(atRate.map(({ qps }) => qps)).size < 2 ? [] : known({ ...plain('95th percentile', 0), form: 'line', points: atRate.toSorted((a, b) => a.qps! - b.qps!).flatMap((group) => point(group.qps!, figure(({ latencyMs }) => seconds(latencyMs?.p95))(group), group.basis)) }),
    },
    {
      id: 'score', title: 'Score against latency', note: '', x: seconds_('mean latency'), y: { title: 'score', unit: '%', scale: 'linear' }, second: null,
      series: curves.flatMap((group, color) => {
        const [latency, score] = [figure(({ latencyMs }) => seconds(latencyMs?.mean))(group), figure(({ score: of }) => (of === null ? null : 100 * of))(group)];
        return latency === null ? [] : known({ ...plain(group.name, color), form: 'points', points: point(latency.mean, score, group.basis) });
      }),
    },
    bars('energy', 'Energy of a task’s calls', { title: 'energy', unit: 'Wh', scale: 'linear' }, [{ name: 'energy', of: figure(({ activeEnergyWh }) => activeEnergyWh) }]),
  ];
  return all.filter(({ series }) => series.length > 0);
}

/** Measured, until its points say otherwise. */
const plain = (name: string, color: number): Series => ({ name: axisName(name), basis: 'measured', form: 'bars', color, dashed: false, second: false, stack: null, points: [] });
const known = (series: Series): Series[] => (series.points.length === 0 ? [] : [series]);
const point = (x: number, of: Estimate | null, basis: RunBasis, hasMargin = true): Point[] => (of === null ? [] : [{ x, y: of.mean, margin: hasMargin ? of.margin : null, label: null, basis }]);
const meanKnown = (values: readonly number[]): number | null => (values.length === 0 ? null : meanOf(values));

function distribution(values: readonly number[]): Point[] {
  if (values.length === 0) return [];
  return Array.from({ length: QUANTILES + 1 }, (_, index) => ({ x: percentileOf(values, index / QUANTILES), y: (100 * index) / QUANTILES, margin: null, label: null }));
}

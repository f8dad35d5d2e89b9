/** What the paper's charts are put together from. */
import type { Axis, Categories, Chart, ChartBasis, Point, Series } from '../../charts/chart.ts';
import type { Estimate } from '../../statistics.ts';
import { pairName, type Pair } from '../pairs.ts';

export const axis = (title: string, unit: string, scale: Axis['scale'] = 'linear'): Axis => ({ title, unit, scale });
export const categories = (names: Categories['names'], title = ''): Categories => ({ title, names });
/** Agent over benchmark, as names along an axis. */
export const pairCategory = (pair: Pair): string[] => pairName(pair).split(', ');

/** What is not known is no point. */
export function point(x: number, ours: Estimate | number | null, label: string | null = null): Point[] {
  if (ours === null) return [];
  return typeof ours === 'number' ? [{ x, y: ours, margin: null, label }] : [{ x, y: ours.mean, margin: ours.margin, label }];
}

interface Look {
  color?: number;
  dashed?: boolean;
  second?: boolean;
  stack?: string;
}

const series = (form: Series['form'], name: string, basis: ChartBasis, points: Point[], { color = 0, dashed = false, second = false, stack }: Look): Series => ({ name, basis, form, color, dashed, second, stack: stack ?? null, points });

type Value = Estimate | number | null;
/** A value, where need be with what it rests on. */
type Valued = Value | { basis: ChartBasis; value: Value };
const isMarked = (value: Valued): value is { basis: ChartBasis; value: Value } => typeof value === 'object' && value !== null && 'basis' in value;
/** Rests on something else than its series. */
export const on = (basis: ChartBasis, value: Value): Valued => ({ basis, value });

/** A value for each category, in their order, from `first` on. */
export function bars(name: string, basis: ChartBasis, values: readonly Valued[], { first = 0, ...look }: Look & { first?: number } = {}): Series {
  const points = values.flatMap((value, index) => (isMarked(value) ? point(first + index, value.value).map((each) => ({ ...each, basis: value.basis })) : point(first + index, value)));
  // Parts of a stack have no whiskers: those of one would lie over the next. The tables have them.
  return series('bars', name, basis, look.stack === undefined ? points : points.map((each) => ({ ...each, margin: null })), look);
}

/** The paper's own values, by category. */
export function published(values: readonly (number | null)[], { first = 0, name = 'the paper’s' }: { first?: number; name?: string } = {}): Series {
  return series('points', name, 'published', values.flatMap((value, index) => point(first + index, value)), {});
}

export const line = (name: string, basis: ChartBasis, points: Point[], look: Look = {}): Series => series('line', name, basis, points, look);
export const steps = (name: string, basis: ChartBasis, points: Point[], look: Look = {}): Series => series('steps', name, basis, points, look);
export const points = (name: string, basis: ChartBasis, of: Point[], look: Look = {}): Series => series('points', name, basis, of, look);

/** Series without a point are left out: nothing is known of them. */
export function chart(id: string, title: string, x: Chart['x'], y: Axis, all: readonly Series[], { second = null, note = '' }: { second?: Axis | null; note?: string } = {}): Chart {
  return { id, title, note, x, y, second, series: all.filter((each) => each.points.length > 0) };
}

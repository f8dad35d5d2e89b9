/** How far axes reach: as far as values, stacks and whiskers do. Chart.js reckons without the latter two. */
import { hasCategories, type Axis, type Chart, type Point, type Series } from './chart.ts';

/** As Chart.js has it: what is only suggested is rounded to a tick. */
export interface Range {
  min?: number;
  max?: number;
  suggestedMax?: number;
}

/** From here on an axis of shares goes up to the whole. */
const NEARLY_WHOLE_PERCENT = 60;

/** The ends of a point's whiskers. What is not below 0 is not below it within its margin either, nor a share above the whole. */
export function whiskers({ y, margin }: Point, { scale, unit }: Axis): { low: number; high: number } | null {
  if (margin === null || margin === 0) return null;
  const low = y >= 0 ? Math.max(scale === 'logarithmic' ? y / 1000 : 0, y - margin) : y - margin;
  return { low, high: unit === '%' && y <= 100 ? Math.min(100, y + margin) : y + margin };
}

/** Of one of the measured axes of a chart. */
export function valueRange({ x, series }: Chart, axis: Axis, isSecond: boolean): Range {
  const own = series.filter(({ second }) => second === isSecond);
  const alone = own.filter(({ stack }) => stack === null);
  const values = alone.flatMap(({ points }) => points.map(({ y }) => y));
  const highs = alone.flatMap(({ points }) => points.map((point) => whiskers(point, axis)?.high ?? point.y));
  const lows = alone.flatMap(({ points }) => points.map((point) => whiskers(point, axis)?.low ?? point.y));
  const stacks = hasCategories(x) ? stackHeights(own.filter(({ stack }) => stack !== null)) : [];
  const most = Math.max(...highs, ...stacks);
  if (!Number.isFinite(most)) return {};
  if (axis.scale === 'logarithmic') {
    const positive = [...values, ...stacks].filter((value) => value > 0);
    // Whiskers that go far down do not make everything else small.
    return positive.length === 0 ? {} : { min: below(Math.min(...positive)), max: above(most) };
  }
  const min = Math.min(0, ...lows);
  const isNearlyWhole = axis.unit === '%' && most > NEARLY_WHOLE_PERCENT && most <= 100 + 1e-9;
  return isNearlyWhole ? { min, max: 100 } : { min, suggestedMax: most };
}

/** Of a measured axis along the bottom. */
export function placeRange({ series }: Chart, { scale }: Axis): Range {
  const places = series.flatMap(({ points }) => points.map(({ x }) => x));
  if (scale === 'linear') return { min: Math.min(0, ...places) };
  const positive = places.filter((place) => place > 0);
  return positive.length === 0 ? {} : { min: below(Math.min(...positive)), max: above(Math.max(...positive)) };
}

function stackHeights(stacked: readonly Series[]): number[] {
  const heights = new Map<string, number>();
  for (const { stack, points } of stacked) for (const { x, y } of points) heights.set(`${stack} ${x}`, (heights.get(`${stack} ${x}`) ?? 0) + y);
  return [...heights.values()];
}

const STEPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];
const decade = (value: number): number => 10 ** Math.floor(Math.log10(value));
/** The next round figure, at least a tenth below, so that a bar of it is seen. */
function below(value: number): number {
  const wanted = value / 1.1;
  const base = decade(wanted);
  return base * (STEPS.findLast((step) => step * base <= wanted * (1 + 1e-9)) ?? 1);
}
function above(value: number): number {
  const wanted = value * 1.05;
  const base = decade(wanted);
  return base * (STEPS.find((step) => step * base >= wanted * (1 - 1e-9)) ?? 10);
}

/** Small sums and ranks that keep "not known" apart from zero. */
import type { Evidence } from '../profile/recordingFormat.ts';

/** Strongest to weakest: what a sum of differently known numbers may be called. */
const EVIDENCE_ORDER: readonly Evidence[] = ['measured', 'sampled', 'inferred', 'estimated', 'simulated'];

/** The weakest of several, or null for none. */
export function weakestEvidence(all: Iterable<Evidence>): Evidence | null {
  let weakest = -1;
  for (const each of all) weakest = Math.max(weakest, EVIDENCE_ORDER.indexOf(each));
  return EVIDENCE_ORDER[weakest] ?? null;
}

/** Sum of the known values; null when none is. */
export function sumKnown(values: Iterable<number | null>): number | null {
  let sum: number | null = null;
  for (const value of values) if (value !== null) sum = (sum ?? 0) + value;
  return sum;
}

/**
 * Percentile `share` (0 to 1) of numbers in ascending order, interpolated between ranks as NumPy does; null for none.
 */
export function percentile(sorted: ArrayLike<number>, share: number): number | null {
  if (sorted.length === 0) return null;
  const rank = (sorted.length - 1) * share;
  const below = sorted[Math.floor(rank)] ?? 0;
  const above = sorted[Math.ceil(rank)] ?? below;
  return tidy(below + (above - below) * (rank - Math.floor(rank)));
}

/** 50th, 95th and 99th percentile of numbers in any order, without sorting them all. Reorders its argument. */
export function percentilesOfMany(values: Float64Array): { p50: number | null; p95: number | null; p99: number | null } {
  return { p50: selectPercentile(values, 0.5), p95: selectPercentile(values, 0.95), p99: selectPercentile(values, 0.99) };
}

function selectPercentile(values: Float64Array, share: number): number | null {
  if (values.length === 0) return null;
  const rank = (values.length - 1) * share;
  const place = Math.floor(rank);
  placeRank(values, place);
  const below = values[place] ?? 0;
  let above = below;
  if (rank > place) {
    // Everything behind the place is at least as large; the next rank is the smallest of it.
    above = Infinity;
    for (let index = place + 1; index < values.length; index++) above = Math.min(above, values[index] ?? Infinity);
  }
  return tidy(below + (above - below) * (rank - place));
}

/** Hoare's selection: afterwards `values[place]` is what sorting would put there, smaller ones before it, larger behind. */
function placeRank(values: Float64Array, place: number): void {
  let left = 0;
  let right = values.length - 1;
  while (left < right) {
    const pivot = values[(left + right) >>> 1] ?? 0;
    let low = left;
    let high = right;
    while (low <= high) {
      while ((values[low] ?? Infinity) < pivot) low++;
      while ((values[high] ?? -Infinity) > pivot) high--;
      if (low > high) break;
      const swapped = values[low] ?? 0;
      values[low++] = values[high] ?? 0;
      values[high--] = swapped;
    }
    if (place <= high) right = high;
    else if (place >= low) left = low;
    else return;
  }
}

export function ascending(values: readonly number[]): Float64Array {
  return new Float64Array(values).sort();
}

export function percentiles(sorted: ArrayLike<number>): { p50: number | null; p95: number | null; p99: number | null } {
  return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), p99: percentile(sorted, 0.99) };
}

/** Cuts the noise of floating-point sums at a nanosecond, far below what any clock here resolves. */
export function tidy(milliseconds: number): number {
  return Math.round(milliseconds * 1e6) / 1e6;
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample; 0 for a single value. */
export function varianceOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = meanOf(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
}

/** 97.5th percentile of Student's t by degrees of freedom, 1 to 10 (any table of statistics). */
const T_975 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/** The same for any number: above the table by Cornish–Fisher's first two terms around the normal's 1.96, within 0.5 %. */
export function t975(degrees: number): number {
  const whole = Math.max(1, Math.floor(degrees));
  const z = 1.959964;
  return T_975[whole - 1] ?? z + (z ** 3 + z) / (4 * whole) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * whole ** 2);
}

/** A mean, or as many times it: a sum where `times` is the number of values. */
export interface Sample {
  values: readonly number[];
  times: number;
}

/**
 * Welch's t-test: half the 95 % confidence interval of the difference of two means (or multiples of them), by the spread of
 * the values, which are taken to be roughly normal. Null where a side has less than two.
 */
export function welchMargin(a: Sample, b: Sample): number | null {
  if (a.values.length < 2 || b.values.length < 2) return null;
  const squaredOf = ({ values, times }: Sample): number => (varianceOf(values) * times ** 2) / values.length;
  const [ofA, ofB] = [squaredOf(a), squaredOf(b)];
  const squared = ofA + ofB;
  if (squared === 0) return 0;
  // Welch–Satterthwaite.
  const degrees = squared ** 2 / (ofA ** 2 / (a.values.length - 1) + ofB ** 2 / (b.values.length - 1));
  return t975(degrees) * Math.sqrt(squared);
}

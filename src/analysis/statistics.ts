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

/** Means of repeats, with what they are certain to. */

export interface Estimate {
  mean: number;
  /** Half the width of the 95 % confidence interval of the mean; null for a single repeat. */
  margin: number | null;
}

/** 97.5th percentile of Student's t by degrees of freedom, 1 to 10 (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2). */
const STUDENT_T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
/**
 * The mean of repeats that differ by their seeds alone; null where one of them is not known (or no number).
 * @throws RangeError for none
 */
export function estimate(repeats: readonly (number | null)[]): Estimate | null {
  if (repeats.length === 0) throw new RangeError('nothing to estimate from');
  const values = repeats.filter((value): value is number => value !== null && Number.isFinite(value));
  if (values.length < repeats.length) return null;
  const mean = meanOf(values);
  if (values.length === 1) return { mean, margin: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const degrees = values.length - 1;
  // Of more than 10 degrees it is less, by 12 % at most: the margin is then a little wide.
  const t = STUDENT_T[Math.min(degrees, STUDENT_T.length) - 1]!;
  return { mean, margin: t * Math.sqrt(variance / values.length) };
}

/** @throws RangeError for none */
export function meanOf(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no mean of nothing');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Interpolated between ranks. @throws RangeError for none */
export function percentileOf(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('no percentile of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (sorted.length - 1) * share;
  const below = sorted[Math.floor(rank)]!;
  return below + (sorted[Math.ceil(rank)]! - below) * (rank - Math.floor(rank));
}

/** @throws RangeError for none */
export function medianOf(values: readonly number[]): number {
  return percentileOf(values, 0.5);
}

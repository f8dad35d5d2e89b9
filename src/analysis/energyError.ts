/** How far off the energy of a stretch of time may be. */
import type { Grade } from '../profile/report.ts';
import type { Milliseconds, Ratio, WattHours } from '../profile/units.ts';

/** Of a profile that was not calibrated on the machine. */
const UNCALIBRATED_ERROR: Ratio = 0.35;
/** A counter over at least 2 s; and readings, because the sensors of A100 and H100 see a quarter of the time (arXiv 2312.02741). */
const SETTLED_ERROR = { counter: 0.05, integrated: 0.15 } as const;

/**
 * Relative error to be expected of the energy of a stretch this long; above 1, only an upper bound is known. A profile's is the
 * same over any time.
 *
 * A counter under 1 s is no better than a profile: it is renewed every 100 ms and noisy. And whatever the source, at
 * both ends of a stretch half of what the readings cannot tell apart may belong to it or not: of bursts of 0.3 s on an
 * H100, readings every 100 ms were off by up to 12 %, and means of 1 s said less than half (`test/fixtures/gpu`).
 * @param resolution what the readings tell apart; null where it is not known or there are none
 */
export function energyError(grade: Grade, duration: Milliseconds, resolution: Milliseconds | null): Ratio {
  if (grade === 'model' || grade === 'simulated') return UNCALIBRATED_ERROR;
  const settled = duration >= 2000 ? SETTLED_ERROR[grade] : duration >= 1000 && grade === 'counter' ? 0.15 : UNCALIBRATED_ERROR;
  return Math.max(settled, SETTLED_ERROR[grade] + (resolution ?? 0) / 2 / Math.max(duration, 1));
}

/** From the least to the most that it may be. */
export function energyBand(energy: WattHours, error: Ratio): [WattHours, WattHours] {
  return [energy * Math.max(0, 1 - error), energy * (1 + error)];
}

/** The band of a stretch's energy; null where nothing is known of it: no energy, no grade, or readings that do not say what they tell apart. */
export function stretchBand(energy: WattHours | null, grade: Grade | null, duration: Milliseconds, resolution: Milliseconds | null): [WattHours, WattHours] | null {
  if (energy === null || grade === null || (resolution === null && (grade === 'counter' || grade === 'integrated'))) return null;
  return energyBand(energy, energyError(grade, duration, resolution));
}

/** Watts over the run: from the device's own counter or readings where there are enough, else from the GPU profile. */
import type { Profile } from '../profile/model.ts';
import type { SampleLine } from '../profile/recordingFormat.ts';
import type { Grade } from '../profile/report.ts';
import type { Joules, Milliseconds, Watts } from '../profile/units.ts';
import type { TrackSegment } from './gpuTrack.ts';

/** Readings must span this share of the run, the rest being taken to go on as at their ends. */
const NEEDED_COVERAGE = 0.8;
/** Readings further apart than this say too little about what lies between. */
const LONGEST_GAP: Milliseconds = 5000;

export interface PowerSource {
  grade: Grade;
  /** Mean power of all GPUs in a segment, or null where it is not known. */
  wattsIn(segment: TrackSegment): Watts | null;
}

export function powerSource(profile: Profile, wallMs: Milliseconds): PowerSource {
  if (!profile.backend.simulated) {
    const counter = readingsCurve(profile.samples, wallMs, 'joules');
    if (counter !== null) return { grade: 'counter', wattsIn: counter };
    const readings = readingsCurve(profile.samples, wallMs, 'watts');
    if (readings !== null) return { grade: 'integrated', wattsIn: readings };
  }
  const { gpuProfile, gpuCount } = profile.header;
  const idle = gpuProfile?.idleWatts?.value ?? null;
  const prefill = gpuProfile?.prefillWatts?.value ?? null;
  const decode = gpuProfile?.decodeWatts?.value ?? null;
  const perGpu: Readonly<Record<TrackSegment['state'], Watts | null>> = {
    idle,
    prefill,
    decode,
    // Both at once, or not told apart: halfway, at most 13 % off on the GPUs profiled, well inside the band.
    mixed: prefill === null || decode === null ? null : (prefill + decode) / 2,
    // What others' requests do is not seen; most of a server's busy time is decode.
    foreign: decode,
  };
  return {
    grade: profile.backend.simulated ? 'simulated' : 'model',
    wattsIn: (segment) => {
      const watts = perGpu[segment.state];
      return segment.watts ?? (watts === null ? null : watts * gpuCount);
    },
  };
}

/**
 * Relative error to be expected. A counter over at least 2 s: 5 %; under 1 s its updates (every 100 ms) and noise make
 * it no better than a profile. Readings: power sensors of A100 and H100 see a quarter of the time (arXiv 2312.02741),
 * 15 % over 2 s and more. A profile that was not calibrated on the machine: 35 %.
 */
export function energyError(grade: Grade, duration: Milliseconds): number {
  if (grade === 'model' || grade === 'simulated' || duration < 1000) return 0.35;
  return grade === 'counter' && duration >= 2000 ? 0.05 : duration >= 2000 || grade === 'counter' ? 0.15 : 0.35;
}

/**
 * Mean power between two moments from a sensor's readings, or null when there are too few. Only the source with the
 * most readings counts: two tools reading one device would otherwise count it twice.
 */
function readingsCurve(samples: readonly SampleLine[], wallMs: Milliseconds, field: 'joules' | 'watts'): PowerSource['wattsIn'] | null {
  const bySource = new Map<string, { t: Milliseconds; value: number }[]>();
  for (const sample of samples) {
    const value = sample[field];
    if (value === null || sample.t > wallMs) continue;
    const list = bySource.get(sample.source);
    if (list === undefined) bySource.set(sample.source, [{ t: sample.t, value }]);
    else if (sample.t > (list.at(-1)?.t ?? 0)) list.push({ t: sample.t, value });
  }
  let readings: { t: Milliseconds; value: number }[] = [];
  for (const list of bySource.values()) if (list.length > readings.length) readings = list;
  const first = readings[0];
  const last = readings.at(-1);
  if (first === undefined || last === undefined || readings.length < 2 || last.t - first.t < wallMs * NEEDED_COVERAGE) return null;
  if (readings.some((reading, index) => reading.t - (readings[index - 1]?.t ?? reading.t) > LONGEST_GAP)) return null;
  const curve: { t: Milliseconds; joules: Joules }[] = [];
  let joules = 0;
  readings.forEach((reading, index) => {
    const before = readings[index - 1];
    if (before !== undefined) {
      // A counter that falls has been reset; nothing is known of that stretch but that it was not negative.
      joules += field === 'joules' ? Math.max(0, reading.value - before.value) : (((reading.value + before.value) / 2) * (reading.t - before.t)) / 1000;
    }
    curve.push({ t: reading.t, joules });
  });
  return (segment) => ((joulesUntil(curve, segment.end) - joulesUntil(curve, segment.start)) / (segment.end - segment.start)) * 1000;
}

/** Energy up to a moment; beyond the readings, power is taken to go on as in the nearest stretch. */
function joulesUntil(curve: readonly { t: Milliseconds; joules: Joules }[], at: Milliseconds): Joules {
  let low = 1;
  let high = curve.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((curve[middle]?.t ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  const left = curve[low - 1];
  const right = curve[low];
  if (left === undefined || right === undefined) return 0;
  return left.joules + ((right.joules - left.joules) * (at - left.t)) / (right.t - left.t);
}

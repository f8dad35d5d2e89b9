/** Watts over the run: from the device's own counter or readings where there are enough, else from the GPU profile. */
import { decodeWattsOf } from '../profile/hardwareProfiles.ts';
import type { Profile } from '../profile/model.ts';
import type { SampleLine } from '../profile/recordingFormat.ts';
import type { Grade } from '../profile/report.ts';
import type { Joules, Milliseconds, Ratio, Watts } from '../profile/units.ts';
import { energyError } from './energyError.ts';
import type { TrackSegment } from './gpuTrack.ts';

/** Readings must span this share of the run, the rest being taken to go on as at their ends. */
const NEEDED_COVERAGE = 0.8;
/** Readings further apart than this say too little about what lies between. */
const LONGEST_GAP: Milliseconds = 5000;

export interface PowerSource {
  grade: Grade;
  /** Mean power of all GPUs in a segment, or null where it is not known. */
  wattsIn(segment: TrackSegment): Watts | null;
  /** Relative error to be expected of the energy of a stretch this long; above 1, only an upper bound is known. */
  errorOver(duration: Milliseconds): Ratio;
  /** How far apart moments must be for the readings to tell them apart; null where power was not read. */
  resolutionMs: Milliseconds | null;
}

/** Mean power between two moments, by readings that tell apart what is this far from each other. */
interface Readings {
  wattsIn(stretch: { start: Milliseconds; end: Milliseconds }): Watts;
  resolutionMs: Milliseconds;
}

/** Readings of a device, or of several together. */
type PowerReadings = readonly Pick<SampleLine, 't' | 'source' | 'watts' | 'joules' | 'overMs'>[];

/** By the device's own counter, else by its readings; null where there are too few of both. */
export function measuredPower(samples: PowerReadings, wallMs: Milliseconds): (Readings & Pick<PowerSource, 'grade' | 'errorOver'>) | null {
  const counter = readingsCurve(samples, wallMs, 'joules');
  if (counter !== null) return { ...counter, grade: 'counter', errorOver: (duration) => energyError('counter', duration, counter.resolutionMs) };
  const readings = readingsCurve(samples, wallMs, 'watts');
  return readings === null ? null : { ...readings, grade: 'integrated', errorOver: (duration) => energyError('integrated', duration, readings.resolutionMs) };
}

export function powerSource(profile: Profile, wallMs: Milliseconds): PowerSource {
  if (!profile.backend.simulated) {
    const measured = measuredPower(profile.samples, wallMs);
    if (measured !== null) return measured;
  }
  const { gpuProfile, gpuCount } = profile.header;
  const idle = gpuProfile?.idleWatts?.value ?? null;
  const prefill = gpuProfile?.prefillWatts?.value ?? null;
  const perGpu = ({ state, batch }: TrackSegment): Watts | null => {
    if (state === 'idle' || gpuProfile === null) return idle;
    if (state === 'prefill') return prefill;
    // What others' requests do is not seen; most of a server's busy time is decode.
    const decode = decodeWattsOf(gpuProfile, Math.max(1, batch));
    if (state !== 'mixed') return decode;
    // Both at once, or not told apart: halfway, at most 20 % off on the GPUs profiled, well inside the band.
    return prefill === null || decode === null ? null : (prefill + decode) / 2;
  };
  const grade = profile.backend.simulated ? 'simulated' : 'model';
  return {
    grade,
    errorOver: (duration) => energyError(grade, duration, null),
    resolutionMs: null,
    wattsIn: (segment) => {
      const watts = perGpu(segment);
      return segment.watts ?? (watts === null ? null : watts * gpuCount);
    },
  };
}

/**
 * Mean power between two moments from a sensor's readings, or null when there are too few. Only the source with the
 * most readings counts: two tools reading one device would otherwise count it twice.
 */
function readingsCurve(samples: PowerReadings, wallMs: Milliseconds, field: 'joules' | 'watts'): Readings | null {
  const bySource = new Map<string, Reading[]>();
  for (const sample of samples) {
    const value = sample[field];
    if (value === null || sample.t > wallMs) continue;
    const list = bySource.get(sample.source);
    const reading = { t: sample.t, value, overMs: sample.overMs ?? 0 };
    if (list === undefined) bySource.set(sample.source, [reading]);
    else if (sample.t > (list.at(-1)?.t ?? 0)) list.push(reading);
  }
  let readings: Reading[] = [];
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
  const spacing = (last.t - first.t) / (readings.length - 1);
  return {
    wattsIn: (segment) => ((joulesUntil(curve, segment.end) - joulesUntil(curve, segment.start)) / (segment.end - segment.start)) * 1000,
    resolutionMs: Math.max(spacing, readings.reduce((longest, { overMs }) => Math.max(longest, overMs), 0)),
  };
}

interface Reading {
  t: Milliseconds;
  value: number;
  overMs: Milliseconds;
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

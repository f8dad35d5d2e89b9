/**
 * The run's own clock: counted from where the run begins, and standing while a debugger holds the program. Time on it is the
 * only time that analysis knows, so that a pause is in no sum, no lane and nobody's cost.
 */
import type { Profile } from '../profile/model.ts';
import type { SampleLine } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';

/** A stretch of the recording that the run's clock leaves out; `at` is where that is on the run's clock. */
export interface Pause {
  at: Milliseconds;
  length: Milliseconds;
}

export interface RunClock {
  /** When the run begins, on the recording's clock. */
  begin: Milliseconds;
  /** Time in a debugger, in order. */
  pauses: readonly Pause[];
  /** From the recording's clock to the run's. */
  readonly at: (t: Milliseconds) => Milliseconds;
}

/** An editor's terminal takes its time to start the program: then the run begins with the first that is seen of one. */
export function runClock(profile: Profile): RunClock {
  const begin = runBegin(profile);
  const stretches = merged(profile.pauses, begin);
  let out = 0;
  const pauses = stretches.map(({ t, end }) => {
    const pause = { at: t - begin - out, length: end - t };
    out += pause.length;
    return pause;
  });
  const at = (t: Milliseconds): Milliseconds => {
    let shifted = t - begin;
    for (const stretch of stretches) {
      if (t <= stretch.t) break;
      shifted -= Math.min(t, stretch.end) - stretch.t;
    }
    return shifted;
  };
  return { begin, pauses, at };
}

function runBegin({ header, processes, calls, hookSpans }: Profile): Milliseconds {
  if (header.beginsWithProgram !== true) return 0;
  const first = Math.min(...[processes[0]?.t, calls[0]?.start.t, hookSpans[0]?.start.t].map((t) => t ?? Infinity));
  return Number.isFinite(first) ? Math.max(0, first) : 0;
}

/** Pauses in order, those that touch as one: two processes may be held at once. */
function merged(pauses: readonly { t: Milliseconds; end: Milliseconds }[], begin: Milliseconds): { t: Milliseconds; end: Milliseconds }[] {
  const whole: { t: Milliseconds; end: Milliseconds }[] = [];
  for (const { t, end } of pauses) {
    const from = Math.max(begin, t);
    if (end <= from) continue;
    const last = whole.at(-1);
    if (last !== undefined && from <= last.end) last.end = Math.max(last.end, end);
    else whole.push({ t: from, end });
  }
  return whole;
}

/** The same profile on the run's clock. What the GPU did before the run or during a pause is left out. */
export function onRunClock(profile: Profile, clock: RunClock): Profile {
  if (clock.begin === 0 && clock.pauses.length === 0) return profile;
  const { at, begin } = clock;
  const atOrNull = (t: Milliseconds | null): Milliseconds | null => (t === null ? null : at(t));
  const line = <Line extends { t: Milliseconds }>(recorded: Line): Line => ({ ...recorded, t: at(recorded.t) });
  const { header, processes, calls, hookSpans, traceSpans, gpu, samples, pauses, warnings, end, lastT, ...rest } = profile;
  return {
    ...rest,
    header: { ...header, startedAt: new Date(Date.parse(header.startedAt) + begin).toISOString() },
    processes: processes.map(line),
    calls: calls.map((call) => ({
      ...call,
      start: line(call.start),
      firstTokenAt: atOrNull(call.firstTokenAt),
      end:
        call.end === null
          ? null
          : { ...line(call.end), headersAt: atOrNull(call.end.headersAt), firstTokenAt: atOrNull(call.end.firstTokenAt), chunkGaps: gapsOnClock(call.end.firstTokenAt, call.end.chunkGaps, clock) },
    })),
    hookSpans: hookSpans.map((span) => ({ ...span, start: line(span.start), end: span.end === null ? null : line(span.end) })),
    traceSpans: traceSpans.map((span) => ({ ...line(span), end: at(span.end) })),
    gpu: gpu.flatMap((segment) => {
      const moved = { ...segment, t: Math.max(0, at(segment.t)), end: at(segment.end) };
      return moved.end > moved.t ? [moved] : [];
    }),
    samples: samplesOnClock(samples, clock, pauses),
    pauses: [],
    warnings: warnings.map((warning) => ({ ...warning, t: Math.max(0, at(warning.t)) })),
    end: end === null ? null : { ...end, t: Math.max(0, at(end.t)) },
    lastT: Math.max(0, at(lastT)),
  };
}

function gapsOnClock(firstTokenAt: Milliseconds | null, gaps: number[], clock: RunClock): number[] {
  if (firstTokenAt === null || clock.pauses.length === 0) return gaps;
  let arrival = firstTokenAt;
  return gaps.map((gap) => {
    const before = clock.at(arrival);
    arrival += gap;
    return clock.at(arrival) - before;
  });
}

/** Readings during a pause are left out, and so is what an energy counter counted meanwhile. */
function samplesOnClock(samples: readonly SampleLine[], clock: RunClock, pauses: Profile['pauses']): SampleLine[] {
  const counter = joulesOverTime(samples);
  const stretches = merged(pauses, clock.begin);
  return samples
    .filter(({ t }) => t >= clock.begin && !stretches.some((stretch) => t > stretch.t && t < stretch.end))
    .map((sample) => {
      const skipped = sample.joules === null ? 0 : stretches.filter((stretch) => stretch.end <= sample.t).reduce((sum, stretch) => sum + counter(stretch.end) - counter(stretch.t), 0);
      return { ...sample, t: clock.at(sample.t), joules: sample.joules === null ? null : sample.joules - skipped };
    });
}

/** The counter between its readings, by straight lines. */
function joulesOverTime(samples: readonly SampleLine[]): (t: Milliseconds) => number {
  const readings = samples.flatMap(({ t, joules }) => (joules === null ? [] : [{ t, joules }]));
  return (t) => {
    const after = readings.findIndex((reading) => reading.t >= t);
    const next = readings[after];
    const before = after === -1 ? readings.at(-1) : readings[after - 1];
    if (next === undefined || before === undefined) return (next ?? before)?.joules ?? 0;
    return before.joules + ((next.joules - before.joules) * (t - before.t)) / (next.t - before.t);
  };
}

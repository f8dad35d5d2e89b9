/** Where a run begins: at the recording's start, or with the program that an editor's terminal took its time to start. */
import type { Profile } from '../profile/model.ts';
import type { Milliseconds } from '../profile/units.ts';

/** When the run begins, on the recording's clock. Nothing that was recorded of a program comes before it. */
export function runBegin({ header, processes, calls, hookSpans }: Profile): Milliseconds {
  if (header.beginsWithProgram !== true) return 0;
  const first = Math.min(...[processes[0]?.t, calls[0]?.start.t, hookSpans[0]?.start.t].map((t) => t ?? Infinity));
  return Number.isFinite(first) ? Math.max(0, first) : 0;
}

/** The same profile with its times counted from `begin`; what the GPU did before is left out. */
export function countedFrom(profile: Profile, begin: Milliseconds): Profile {
  if (begin === 0) return profile;
  const at = (t: Milliseconds) => t - begin;
  const atOrNull = (t: Milliseconds | null) => (t === null ? null : t - begin);
  const line = <Line extends { t: Milliseconds }>(recorded: Line): Line => ({ ...recorded, t: at(recorded.t) });
  const { header, processes, calls, hookSpans, gpu, samples, warnings, end, lastT, ...rest } = profile;
  return {
    ...rest,
    header: { ...header, startedAt: new Date(Date.parse(header.startedAt) + begin).toISOString() },
    processes: processes.map(line),
    calls: calls.map((call) => ({
      ...call,
      start: line(call.start),
      firstTokenAt: atOrNull(call.firstTokenAt),
      end: call.end === null ? null : { ...line(call.end), headersAt: atOrNull(call.end.headersAt), firstTokenAt: atOrNull(call.end.firstTokenAt) },
    })),
    hookSpans: hookSpans.map((span) => ({ ...span, start: line(span.start), end: span.end === null ? null : line(span.end) })),
    gpu: gpu.filter((segment) => segment.end > begin).map((segment) => ({ ...line(segment), t: Math.max(0, at(segment.t)), end: at(segment.end) })),
    samples: samples.filter((sample) => sample.t >= begin).map(line),
    warnings: warnings.map((warning) => ({ ...warning, t: Math.max(0, at(warning.t)) })),
    end: end === null ? null : { ...end, t: Math.max(0, at(end.t)) },
    lastT: Math.max(0, at(lastT)),
  };
}

/**
 * What the GPU did over the run: one contiguous track of states. Calls that overlap there count once.
 *
 * From the recording's own GPU lines where it has them (the embedded server), else from the calls' phases:
 * prefill in one call while another decodes is `mixed`, and so is work whose phase nobody tells.
 */
import type { Profile } from '../profile/model.ts';
import type { Evidence, GpuState } from '../profile/recordingFormat.ts';
import type { Milliseconds, Ratio, Watts } from '../profile/units.ts';
import type { Clock, Draft } from './drafts.ts';
import { kvUse } from './kvUse.ts';
import { gpuWork } from './phases.ts';
import type { Window } from './serverLoad.ts';
import { tidy, weakestEvidence } from './statistics.ts';
import { workShares, type Worker, type WorkShares } from './workShares.ts';

export interface TrackSegment {
  start: Milliseconds;
  end: Milliseconds;
  state: GpuState;
  batch: number;
  kvTokens: number | null;
  kvCapacityTokens: number | null;
  /** As the recording gives it; null where it does not. */
  watts: Watts | null;
  /** Calls at work in it, with their shares (sum 1). Empty for idle and foreign. */
  shares: readonly (readonly [Draft, Ratio])[];
}

export interface GpuTrack {
  /** Contiguous over [0, wallMs]. */
  segments: TrackSegment[];
  evidence: Evidence;
  /** Something told whether others used the server; else `foreign` is not known. */
  foreignKnown: boolean;
  /** Some work's phase is unknown, and `mixed` includes it. */
  phasesUnknown: boolean;
}

export interface GpuTime {
  prefill: number | null;
  decode: number | null;
  mixed: number | null;
  foreign: number | null;
  idle: number | null;
}

type Busy = Omit<TrackSegment, 'watts' | 'kvTokens' | 'kvCapacityTokens'>;

/** @param foreign when others used the server and we did not, where that is known */
export function buildGpuTrack(profile: Profile, calls: readonly Draft[], clock: Clock, foreign: readonly Window[] | null): GpuTrack {
  const work = callWork(calls);
  const shares = workShares(profile);
  const phasesUnknown = work.some(({ part }) => part.phase === 'unknown');
  if (profile.gpu.length > 0) {
    const recorded = recordedSegments(profile, calls, clock);
    const recordedUntil = recorded.at(-1)?.end ?? 0;
    // While it is being written, or when it was cut off, the recording's GPU lines lag behind its calls.
    const tail = profile.end === null ? inferredSegments(work, recordedUntil, shares) : [];
    const evidence = weakestEvidence(profile.gpu.map((line) => line.evidence)) ?? 'inferred';
    return { segments: fillIdle([...recorded, ...tail], clock.wallMs, []), evidence, foreignKnown: true, phasesUnknown: false };
  }
  const kv = kvUse(profile);
  const inferred = fillIdle(inferredSegments(work, 0, shares), clock.wallMs, foreign ?? []);
  return {
    segments: kv === null ? inferred : inferred.map((segment) => ({ ...segment, kvTokens: kv.tokensIn(segment.start, segment.end), kvCapacityTokens: kv.capacityTokens })),
    evidence: phasesUnknown ? 'estimated' : 'inferred',
    // The embedded server serves nobody else.
    foreignKnown: foreign !== null || profile.backend.simulated,
    phasesUnknown,
  };
}

/** Time in each state. The known ones sum to the run's length; null is "not told apart" and not 0. */
export function gpuTime(track: GpuTrack): GpuTime {
  const time = { prefill: 0, decode: 0, mixed: 0, foreign: 0, idle: 0 };
  for (const segment of track.segments) time[segment.state] += segment.end - segment.start;
  const toldApart = (value: number): number | null => (track.phasesUnknown && value === 0 ? null : tidy(value));
  return {
    prefill: toldApart(time.prefill),
    decode: toldApart(time.decode),
    mixed: tidy(time.mixed),
    foreign: track.foreignKnown || time.foreign > 0 ? tidy(time.foreign) : null,
    idle: tidy(time.idle),
  };
}

function callWork(calls: readonly Draft[]): Worker[] {
  return calls.flatMap((draft) =>
    draft.call === null || draft.phases === null ? [] : gpuWork(draft.call, draft.phases, draft.start, draft.end).map((part) => ({ draft, part })),
  );
}

function recordedSegments(profile: Profile, calls: readonly Draft[], clock: Clock): TrackSegment[] {
  const byCallId = new Map(calls.map((draft) => [draft.call?.start.id ?? '', draft]));
  const segments: TrackSegment[] = [];
  let from = 0;
  for (const line of profile.gpu) {
    const start = Math.max(line.t, from);
    const end = Math.min(line.end, clock.wallMs);
    if (end <= start) continue;
    from = end;
    const busy = line.state !== 'idle' && line.state !== 'foreign';
    const shares = busy ? knownShares(line.shares, byCallId) : [];
    // Work of which none is for a call of this recording was done for somebody else.
    const state = busy && shares.length === 0 ? 'foreign' : line.state;
    segments.push({ start, end, state, batch: line.batch, kvTokens: line.kvTokens, kvCapacityTokens: line.kvCapacityTokens, watts: line.watts, shares });
  }
  return segments;
}

function knownShares(shares: Readonly<Record<string, number>>, byCallId: ReadonlyMap<string, Draft>): [Draft, Ratio][] {
  const known: [Draft, number][] = [];
  let sum = 0;
  for (const [callId, share] of Object.entries(shares)) {
    const draft = byCallId.get(callId);
    if (draft === undefined || !(share >= 0)) continue;
    known.push([draft, share]);
    sum += share;
  }
  return known.map(([draft, share]) => [draft, sum > 0 ? share / sum : 1 / known.length]);
}

function inferredSegments(work: readonly Worker[], from: Milliseconds, shares: WorkShares): TrackSegment[] {
  const edges: { at: Milliseconds; worker: Worker; starts: boolean }[] = [];
  for (const worker of work) {
    if (worker.part.end <= from) continue;
    edges.push({ at: Math.max(worker.part.start, from), worker, starts: true }, { at: worker.part.end, worker, starts: false });
  }
  // At one instant ends come first: a call's prefill hands over to its decode.
  edges.sort((a, b) => a.at - b.at || Number(a.starts) - Number(b.starts));
  const active = new Map<Draft, Worker>();
  const segments: TrackSegment[] = [];
  let since = from;
  for (const { at, worker, starts } of edges) {
    if (at > since) {
      if (active.size > 0) segments.push({ ...busySegment([...active.values()], since, at, shares), kvTokens: null, kvCapacityTokens: null, watts: null });
      since = at;
    }
    if (starts) active.set(worker.draft, worker);
    else active.delete(worker.draft);
  }
  return segments;
}

function busySegment(active: readonly Worker[], start: Milliseconds, end: Milliseconds, sharesOf: WorkShares): Busy {
  const phases = new Set(active.map(({ part }) => part.phase));
  const [phase] = phases;
  const state = phases.size > 1 || phase === undefined || phase === 'unknown' ? 'mixed' : phase;
  const shares = sharesOf(active);
  return { start, end, state, batch: active.length, shares: active.map(({ draft }, index) => [draft, shares[index] ?? 0] as const) };
}

/** Fills the gaps of ordered busy segments up to `wallMs` with idle, and with foreign where a window says so. */
function fillIdle(busy: readonly TrackSegment[], wallMs: Milliseconds, foreign: readonly Window[]): TrackSegment[] {
  const segments: TrackSegment[] = [];
  let at = 0;
  let window = 0;
  const fill = (until: Milliseconds): void => {
    while (at < until) {
      while (window < foreign.length && (foreign[window]?.[1] ?? 0) <= at) window++;
      const next = foreign[window];
      const inside = next !== undefined && next[0] <= at;
      const end = Math.min(until, next === undefined ? until : inside ? next[1] : next[0]);
      segments.push({ start: at, end, state: inside ? 'foreign' : 'idle', batch: 0, kvTokens: null, kvCapacityTokens: null, watts: null, shares: [] });
      at = end;
    }
  };
  for (const segment of busy) {
    fill(Math.min(segment.start, wallMs));
    const end = Math.min(segment.end, wallMs);
    if (end <= at) continue;
    segments.push(end === segment.end && at === segment.start ? segment : { ...segment, start: at, end });
    at = end;
  }
  fill(wallMs);
  return segments;
}

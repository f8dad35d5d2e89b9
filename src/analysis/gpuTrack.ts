/**
 * What the GPU did over the run: one contiguous track of states. Calls that overlap there count once.
 *
 * From the recording's own GPU lines where it has them (the embedded server), else from the calls' phases:
 * prefill in one call while another decodes is `mixed`, and so is work whose phase nobody tells.
 */
import type { Profile } from '../profile/model.ts';
import type { Evidence, GpuLine, GpuState } from '../profile/recordingFormat.ts';
import type { Milliseconds, Ratio, Watts } from '../profile/units.ts';
import type { Clock, Draft } from './drafts.ts';
import { kvUse } from './kvUse.ts';
import { gpuWork } from './phases.ts';
import { cutter, type OthersWindow, type Piece } from './othersLoad.ts';
import { Replay } from './replay.ts';
import { tidy, weakestEvidence } from './statistics.ts';
import { workShares, type OthersShare, type Worker, type WorkShares } from './workShares.ts';

export type Shares = readonly (readonly [Draft, Ratio])[];

export interface TrackSegment {
  start: Milliseconds;
  end: Milliseconds;
  state: GpuState;
  /** Sequences at once, others' included as far as they were seen. */
  batch: number;
  kvTokens: number | null;
  kvCapacityTokens: number | null;
  /** As the recording gives it; null where it does not. */
  watts: Watts | null;
  /** Calls at work in it, with their shares, which sum to 1 with that of others. Empty for idle and foreign. Ask for one segment after the other: they are found anew each time. */
  shares: () => Shares;
  /** Others' requests beside the calls; null where none was seen, and where no call is at work. */
  others: OthersShare | null;
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

/** @param others when others used the server, where that is known */
export function buildGpuTrack(profile: Profile, calls: readonly Draft[], clock: Clock, others: readonly OthersWindow[] | null): GpuTrack {
  const work = callWork(calls);
  const shares = workShares(profile);
  const phasesUnknown = work.some(({ part }) => part.phase === 'unknown');
  if (profile.gpu.length > 0) {
    const recorded = recordedSegments(profile, calls, clock);
    const recordedUntil = recorded.at(-1)?.end ?? 0;
    // While it is being written, or when it was cut off, the recording's GPU lines lag behind its calls.
    const tail = profile.end === null ? inferredSegments(work, recordedUntil, shares, []) : [];
    const evidence = weakestEvidence(profile.gpu.map((line) => line.evidence)) ?? 'inferred';
    return { segments: fillIdle([...recorded, ...tail], clock.wallMs, []), evidence, foreignKnown: true, phasesUnknown: false };
  }
  const kv = kvUse(profile);
  const inferred = fillIdle(inferredSegments(work, 0, shares, others ?? []), clock.wallMs, others ?? []);
  return {
    segments: kv === null ? inferred : inferred.map((segment) => ({ ...segment, kvTokens: kv.tokensIn(segment.start, segment.end), kvCapacityTokens: kv.capacityTokens })),
    evidence: phasesUnknown ? 'estimated' : 'inferred',
    // The embedded server serves nobody else.
    foreignKnown: others !== null || profile.backend.simulated,
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
    const { shares, others } = busy ? knownShares(line, byCallId) : { shares: NONE, others: null };
    // Work of which none is for a call of this recording was done for somebody else.
    const state = busy && shares.length === 0 ? 'foreign' : line.state;
    segments.push({ start, end, state, batch: line.batch, kvTokens: line.kvTokens, kvCapacityTokens: line.kvCapacityTokens, watts: line.watts, shares: () => shares, others });
  }
  return segments;
}

const NONE: Shares = [];

/** Whatever is not for a call of this recording is others'. */
function knownShares({ shares, evidence }: Pick<GpuLine, 'shares' | 'evidence'>, byCallId: ReadonlyMap<string, Draft>): Pick<TrackSegment, 'others'> & { shares: Shares } {
  const known: [Draft, number][] = [];
  let requests = 0;
  let theirs = 0;
  let sum = 0;
  for (const [callId, share] of Object.entries(shares)) {
    if (!(share >= 0)) continue;
    const draft = byCallId.get(callId);
    if (draft !== undefined) known.push([draft, share]);
    else {
      requests++;
      theirs += share;
    }
    sum += share;
  }
  if (sum - theirs <= 0) return { shares: known.map(([draft]) => [draft, 1 / known.length]), others: null };
  return { shares: known.map(([draft, share]) => [draft, share / sum]), others: theirs > 0 ? { requests, share: theirs / sum, evidence } : null };
}

function inferredSegments(work: readonly Worker[], from: Milliseconds, shares: WorkShares, others: readonly OthersWindow[]): TrackSegment[] {
  const edges: Edge[] = [];
  for (const worker of work) {
    if (worker.part.end <= from) continue;
    edges.push({ at: Math.max(worker.part.start, from), worker, starts: true }, { at: worker.part.end, worker, starts: false });
  }
  // At one instant ends come first: a call's prefill hands over to its decode.
  edges.sort((a, b) => a.at - b.at || Number(a.starts) - Number(b.starts));
  const replay = new Replay<Active, Edge>(edges, () => ({ workers: new Map(), phases: new Map() }), step);
  const cut = cutter(others);
  const segments: TrackSegment[] = [];
  let since = from;
  edges.forEach(({ at }, edge) => {
    if (at <= since) return;
    const active = replay.after(edge);
    if (active.workers.size > 0) for (const piece of cut(since, at)) segments.push({ ...busySegment(active, piece, shares), shares: () => sharesIn(replay.after(edge), piece, shares), kvTokens: null, kvCapacityTokens: null, watts: null });
    since = at;
  });
  return segments;
}

interface Edge {
  at: Milliseconds;
  worker: Worker;
  starts: boolean;
}

/** The calls at work at a moment. */
interface Active {
  workers: Map<Draft, Worker>;
  /** How many of them are in each phase. */
  phases: Map<Worker['part']['phase'], number>;
}

function step({ workers, phases }: Active, { worker, starts }: Edge): void {
  const count = ({ part }: Worker, by: 1 | -1): void => {
    const left = (phases.get(part.phase) ?? 0) + by;
    if (left === 0) phases.delete(part.phase);
    else phases.set(part.phase, left);
  };
  const before = workers.get(worker.draft);
  if (before !== undefined) count(before, -1);
  if (starts) {
    workers.set(worker.draft, worker);
    count(worker, 1);
  } else workers.delete(worker.draft);
}

function busySegment({ workers, phases }: Active, { start, end, others: window }: Piece, sharesOf: WorkShares): Omit<Busy, 'shares'> {
  const [phase] = phases.keys();
  const state = phases.size > 1 || phase === undefined || phase === 'unknown' ? 'mixed' : phase;
  const others = window === null ? null : sharesOf([...workers.values()], window).others;
  return { start, end, state, batch: Math.round(workers.size + (others?.requests ?? 0)), others };
}

function sharesIn({ workers }: Active, { others }: Piece, sharesOf: WorkShares): Shares {
  const active = [...workers.values()];
  const { calls } = sharesOf(active, others);
  return active.map(({ draft }, index) => [draft, calls[index] ?? 0] as const);
}

/** Fills the gaps of ordered busy segments up to `wallMs` with idle, and with foreign where others' requests ran. */
function fillIdle(busy: readonly TrackSegment[], wallMs: Milliseconds, others: readonly OthersWindow[]): TrackSegment[] {
  const segments: TrackSegment[] = [];
  const cut = cutter(others.filter(({ requests }) => requests > 0));
  let at = 0;
  const fill = (until: Milliseconds): void => {
    for (const { start, end, others: window } of cut(at, until))
      segments.push({ start, end, state: window === null ? 'idle' : 'foreign', batch: window?.requests ?? 0, kvTokens: null, kvCapacityTokens: null, watts: null, shares: () => NONE, others: null });
    at = Math.max(at, until);
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

/**
 * Where the energy and the GPU's time went: to the calls what the policy charges them with, idle apart and blamed on what the
 * agent was waiting for. Calls + idle + foreign = total, because each stretch of the track is split between them without rest.
 */
import type { Accounting } from '../profile/accounting.ts';
import type { Profile } from '../profile/model.ts';
import type { Grade, GpuSegment, ReportSpan, ServerUse } from '../profile/report.ts';
import { wattHours, type Milliseconds, type Ratio, type UsDollars, type WattHours } from '../profile/units.ts';
import type { Wait } from './agentTime.ts';
import type { Draft } from './drafts.ts';
import { PerDraft, type Drafts } from './draftTree.ts';
import { energyBand } from './energyError.ts';
import { amortize, newCharge, uncharged, type Charge } from './energyPolicies.ts';
import { pushSegment, WaitCursor } from './gpuSegments.ts';
import type { GpuTrack, Shares, TrackSegment } from './gpuTrack.ts';
import { useOfMoney, type Money } from './money.ts';
import { powerSource } from './power.ts';
import { tidy } from './statistics.ts';

type LlmEnergy = NonNullable<ReportSpan['llm']>['energyWh'];

export interface Blame {
  idleMs: Milliseconds;
  /** Null where power is not known, and where the policy charged it to the calls. */
  idleWh: WattHours | null;
}

export type BlameByDraft = Pick<PerDraft<Blame>, 'get'>;

export interface EnergyUse {
  totals: { active: WattHours | null; idle: WattHours | null; foreign: WattHours | null; total: WattHours | null; grade: Grade | null; band: [number, number] | null; resolutionMs?: Milliseconds };
  /** What others took of the GPU while calls of this run were at work there. */
  beside: NonNullable<ServerUse['foreign']['beside']>;
  /** The run's own, others' on the same GPUs left out. */
  ownWh: WattHours | null;
  costUsd: UsDollars | null;
  prices: Money['prices'];
  allHosted: Money['allHosted'];
  /** Sets a call's energy and cost in its span. */
  charge(call: Draft): void;
  /** GPU idle time and energy by the span that the agent was waiting for. */
  blame: BlameByDraft;
  usdPerMs: Money['usdPerMs'];
  /** The track as views show it. */
  segments: GpuSegment[];
}

export interface EnergyInput {
  profile: Profile;
  calls: readonly Draft[];
  track: GpuTrack;
  waits: readonly Wait[];
  wallMs: Milliseconds;
  drafts: Drafts;
}

export function useOfEnergy({ profile, calls, track, waits, wallMs, drafts }: EnergyInput, { policy, apiPrices }: Accounting): EnergyUse {
  const power = powerSource(profile, wallMs);
  const unchargedWatts = uncharged(policy, profile, track, power);
  const charges = new PerDraft<Charge>(drafts);
  const blame = new PerDraft<Blame>(drafts);
  const sums: Record<'active' | 'idle' | 'foreign' | 'total', WattHours | null> = { active: 0, idle: 0, foreign: 0, total: 0 };
  const segments: GpuSegment[] = [];
  const beside: OthersBeside = { ms: 0, shareMs: 0, energyWh: 0 };
  const cursor = new WaitCursor(waits);
  let anyPower = false;
  let anyForeign = track.foreignKnown;
  for (const segment of track.segments) {
    if (segment.state !== 'idle') {
      const watts = power.wattsIn(segment);
      const length = segment.end - segment.start;
      const drawn = watts === null ? null : wattHours(watts, length);
      const left = watts === null || unchargedWatts === null ? null : wattHours(Math.min(watts, unchargedWatts), length);
      const charged = drawn === null || left === null ? null : drawn - left;
      const theirs = segment.state === 'foreign' ? 1 : (segment.others?.share ?? 0);
      anyPower ||= watts !== null;
      if (theirs > 0) {
        anyForeign = true;
        sums.foreign = plus(sums.foreign, charged === null ? null : charged * theirs);
        if (theirs < 1) addBeside(beside, segment, charged);
      }
      if (theirs < 1) sums.active = plus(sums.active, charged === null ? null : charged * (1 - theirs));
      if (policy === 'marginal') sums.idle = plus(sums.idle, left);
      sums.total = plus(sums.total, drawn);
      const shares = segment.shares();
      chargeCalls(charges, segment, shares, drawn, charged);
      pushSegment(segments, segment, shares, watts, null);
      continue;
    }
    for (const { wait, piece } of cursor.within(segment)) {
      const watts = power.wattsIn(piece);
      anyPower ||= watts !== null;
      const drawn = watts === null ? null : wattHours(watts, piece.end - piece.start);
      sums.idle = plus(sums.idle, drawn);
      sums.total = plus(sums.total, drawn);
      const waitingFor = wait.waitingFor();
      blameIdle(blame, waitingFor, piece, watts);
      pushSegment(segments, piece, [], watts, waitingFor[0]?.span.id ?? null);
    }
  }
  if (policy === 'amortized' && amortize(charges.values, sums.idle)) {
    sums.active = plus(sums.active, sums.idle);
    sums.idle = 0;
    for (const each of blame.values) each.idleWh = null;
  }
  const { active, idle, total } = sums;
  const foreign = anyForeign ? sums.foreign : null;
  const grade = anyPower ? power.grade : null;
  const money = useOfMoney(profile, calls, (call) => charges.get(call)?.activeMs ?? 0, wallMs, apiPrices);
  return {
    beside: { ms: tidy(beside.ms), share: beside.ms === 0 ? null : beside.shareMs / beside.ms, energyWh: beside.energyWh, evidence: 'estimated' },
    totals: { active, idle, foreign, total, grade, band: total === null || grade === null ? null : energyBand(total, power.errorOver(wallMs)), ...(grade === null || power.resolutionMs === null ? {} : { resolutionMs: power.resolutionMs }) },
    ownWh: active === null || idle === null ? null : active + idle,
    costUsd: money.costUsd,
    prices: money.prices,
    allHosted: money.allHosted,
    charge: (call) => {
      const { llm } = call.span;
      if (llm === null) return;
      const charge = charges.get(call) ?? { ...newCharge(), chargedWh: grade === null ? null : 0 };
      llm.energyWh = energyOf(charge, grade, power.errorOver(call.end - call.start), power.errorOver(wallMs));
      llm.costUsd = money.costOf(call);
    },
    blame,
    usdPerMs: money.usdPerMs,
    segments,
  };
}

/** The band is as wide as the error of what the call drew, however little of that it is charged with. */
function energyOf({ drawnWh, chargedWh, idleWh }: Charge, grade: Grade | null, error: Ratio, idleError: Ratio): LlmEnergy {
  if (drawnWh === null || chargedWh === null || grade === null) return { active: null, grade: null, band: null };
  const active = chargedWh + idleWh;
  const off = drawnWh * error + idleWh * idleError;
  return { active, grade, band: [Math.max(0, active - off), active + off] };
}

/** Others' part of the time and energy in which calls were at work, too. */
interface OthersBeside {
  ms: Milliseconds;
  /** Their share of each moment, summed up. */
  shareMs: Milliseconds;
  energyWh: WattHours | null;
}

function addBeside(beside: OthersBeside, { start, end, others }: TrackSegment, charged: WattHours | null): void {
  const share = others?.share ?? 0;
  beside.ms += end - start;
  beside.shareMs += (end - start) * share;
  beside.energyWh = plus(beside.energyWh, charged === null ? null : charged * share);
}

function plus(sum: WattHours | null, energy: WattHours | null): WattHours | null {
  return sum === null || energy === null ? null : sum + energy;
}

function chargeCalls(charges: PerDraft<Charge>, segment: TrackSegment, shares: Shares, drawn: WattHours | null, charged: WattHours | null): void {
  for (const [call, share] of shares) {
    let charge = charges.get(call);
    if (charge === undefined) {
      charge = newCharge();
      charges.set(call, charge);
    }
    charge.activeMs += (segment.end - segment.start) * share;
    charge.drawnWh = plus(charge.drawnWh, drawn === null ? null : drawn * share);
    charge.chargedWh = plus(charge.chargedWh, charged === null ? null : charged * share);
  }
}

function blameIdle(blame: PerDraft<Blame>, waitingFor: readonly Draft[], piece: TrackSegment, watts: number | null): void {
  const duration = (piece.end - piece.start) / waitingFor.length;
  for (const draft of waitingFor) {
    let entry = blame.get(draft);
    if (entry === undefined) {
      entry = { idleMs: 0, idleWh: 0 };
      blame.set(draft, entry);
    }
    entry.idleMs += duration;
    entry.idleWh = plus(entry.idleWh, watts === null ? null : wattHours(watts, duration));
  }
}

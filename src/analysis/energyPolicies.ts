/** The policies that charge energy to calls (`src/profile/accounting.ts` says what each means). */
import type { EnergyPolicy } from '../profile/accounting.ts';
import type { Profile } from '../profile/model.ts';
import type { Milliseconds, WattHours, Watts } from '../profile/units.ts';
import type { GpuTrack } from './gpuTrack.ts';
import type { PowerSource } from './power.ts';

/** A run must have been idle so long, all in all, for its readings to tell what the GPU draws idle. */
const ENOUGH_IDLE: Milliseconds = 1000;

/** What one call is charged with. Null: power was not known in some of its time. */
export interface Charge {
  /** GPU time, overlapping calls sharing it. */
  activeMs: Milliseconds;
  /** Its part of what the GPU drew while it worked. */
  drawnWh: WattHours | null;
  /** What the policy charges of that. */
  chargedWh: WattHours | null;
  /** What the policy adds of the idle energy. */
  idleWh: WattHours;
}

export function newCharge(): Charge {
  return { activeMs: 0, drawnWh: 0, chargedWh: 0, idleWh: 0 };
}

/**
 * Power that calls are not charged with while the GPU works: none, or, with the marginal policy, what it draws idle: the mean of the
 * run's own readings where it was idle long enough, else the profile's. Null where that is not known.
 */
export function uncharged(policy: EnergyPolicy, profile: Profile, track: GpuTrack, power: PowerSource): Watts | null {
  if (policy !== 'marginal') return 0;
  const { gpuProfile, gpuCount } = profile.header;
  const fromProfile = gpuProfile?.idleWatts === undefined ? null : gpuProfile.idleWatts.value * gpuCount;
  if (power.grade !== 'counter' && power.grade !== 'integrated') return fromProfile;
  let idleMs = 0;
  let drawn = 0;
  for (const segment of track.segments) {
    if (segment.state !== 'idle') continue;
    const length = segment.end - segment.start;
    idleMs += length;
    drawn += (power.wattsIn(segment) ?? 0) * length;
  }
  return idleMs < ENOUGH_IDLE ? fromProfile : drawn / idleMs;
}

/**
 * Charges the idle energy to the calls in proportion to what each drew (amortized policy).
 * @returns false where there is nothing to go by: no call drew anything, or it is not known what
 */
export function amortize(charges: readonly Charge[], idle: WattHours | null): boolean {
  let sum: WattHours | null = 0;
  for (const { chargedWh } of charges) sum = sum === null || chargedWh === null ? null : sum + chargedWh;
  if (idle === null || sum === null || sum <= 0) return false;
  for (const charge of charges) charge.idleWh = (idle * (charge.chargedWh ?? 0)) / sum;
  return true;
}

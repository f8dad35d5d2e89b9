/** Which of several answers a piece of measured work belongs to, where by its time it could be the tool that any of them asked for. */
import type { Draft } from './drafts.ts';
import type { RecordedAround } from './draftTree.ts';

/**
 * Leaves each piece of work to those that claim it from nearest by: a call inside the innermost function's run that is also around
 * the work. Conversations that go on at once are told apart by that where each runs in a function of its own. `claims`: what each
 * claimant would take, which is cut down in place; `issuerOf`: the call whose answer asked for it.
 *
 * Returns how many still claim each.
 */
export function leaveToNearest<Claimant>(claims: Map<Claimant, Draft[]>, issuerOf: (claimant: Claimant) => Draft, recorded: RecordedAround): ReadonlyMap<Draft, number> {
  const claimants = new Map<Draft, Claimant[]>();
  for (const [claimant, works] of claims) {
    for (const work of works) {
      const list = claimants.get(work);
      if (list === undefined) claimants.set(work, [claimant]);
      else list.push(claimant);
    }
  }
  const lost = new Map<Claimant, Set<Draft>>();
  const left = new Map<Draft, number>();
  for (const [work, rivals] of claimants) {
    const distances = rivals.length === 1 ? [0] : distancesTo(work, rivals.map(issuerOf), recorded);
    const nearest = Math.min(...distances);
    let count = 0;
    rivals.forEach((claimant, index) => {
      if (distances[index] === nearest) count++;
      else lost.set(claimant, (lost.get(claimant) ?? new Set()).add(work));
    });
    left.set(work, count);
  }
  for (const [claimant, works] of lost) claims.set(claimant, (claims.get(claimant) ?? []).filter((work) => !works.has(work)));
  return left;
}

/** How many runs lie between a piece of work and the innermost that it has in common with each call; infinite without one. */
function distancesTo(work: Draft, issuers: readonly Draft[], recorded: RecordedAround): number[] {
  const runs = [...recorded(work)];
  return issuers.map((issuer) => {
    const around = recorded(issuer);
    const common = runs.findIndex((run) => around.has(run));
    return common === -1 ? Infinity : common;
  });
}

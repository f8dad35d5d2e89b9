/** Which of several answers a piece of measured work belongs to, where by its time it could be the tool that any of them asked for. */
import type { Draft } from './drafts.ts';
import type { RecordedAround } from './draftTree.ts';

/** An answer's tool calls that some measured work may be. */
export interface Claimant {
  /** The call whose answer asked. */
  readonly issuer: Draft;
  /** How many tool calls these are. */
  readonly count: number;
}

/**
 * Leaves each piece of work to those that claim it from nearest by: the call that it came after in the program's own course; else
 * those inside the innermost function's run that is also around the work. Conversations that go on at once are told apart by that.
 * `claims`: what each claimant would take, which is cut down in place.
 *
 * Two calls that one function waits for at once have all that follows after the later one: where one is left with more than it asked
 * for and its rival with less, nothing is told by that, and both keep their claims.
 *
 * Returns how many still claim each.
 */
export function leaveToNearest<Key extends Claimant>(claims: Map<Key, Draft[]>, recorded: RecordedAround): ReadonlyMap<Draft, number> {
  const claimants = new Map<Draft, Key[]>();
  for (const [claimant, works] of claims) {
    for (const work of works) {
      const list = claimants.get(work);
      if (list === undefined) claimants.set(work, [claimant]);
      else list.push(claimant);
    }
  }
  const winners = new Map<Draft, readonly Key[]>();
  const rivalsOf = new Map<Key, Set<Key>>();
  const won = new Map<Key, number>();
  for (const [work, rivals] of claimants) {
    const nearest = rivals.length === 1 ? rivals : nearestOf(work, rivals, recorded);
    winners.set(work, nearest);
    for (const each of nearest) won.set(each, (won.get(each) ?? 0) + 1);
    if (nearest.length === rivals.length) continue;
    for (const each of nearest) for (const rival of rivals) if (!nearest.includes(rival)) rivalsOf.set(each, (rivalsOf.get(each) ?? new Set()).add(rival));
  }
  const isDoubtful = (claimant: Key): boolean => (won.get(claimant) ?? 0) > claimant.count && [...(rivalsOf.get(claimant) ?? [])].some((rival) => (won.get(rival) ?? 0) < rival.count);
  const left = new Map<Draft, number>();
  const kept = new Map<Key, Draft[]>();
  for (const [work, rivals] of claimants) {
    const nearest = winners.get(work) ?? rivals;
    const keepers = nearest.length < rivals.length && nearest.some(isDoubtful) ? rivals : nearest;
    left.set(work, keepers.length);
    for (const each of keepers) kept.set(each, [...(kept.get(each) ?? []), work]);
  }
  for (const claimant of claims.keys()) claims.set(claimant, kept.get(claimant) ?? []);
  return left;
}

function nearestOf<Key extends Claimant>(work: Draft, rivals: readonly Key[], recorded: RecordedAround): readonly Key[] {
  const after = work.hook?.start.after;
  const before = after === undefined ? [] : rivals.filter(({ issuer }) => issuer.call?.start.tag === after);
  if (before.length > 0) return before;
  const runs = [...recorded(work)];
  const distances = rivals.map(({ issuer }) => {
    const around = recorded(issuer);
    const common = runs.findIndex((run) => around.has(run));
    return common === -1 ? Infinity : common;
  });
  const least = Math.min(...distances);
  return rivals.filter((_, index) => distances[index] === least);
}

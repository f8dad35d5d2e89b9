/** Requests that wait, in the order in which the scheduler lets them in (vLLM's `v1/core/sched/request_queue.py`). */
import type { Milliseconds } from '../../profile/units.ts';
import type { Sequence } from './sequence.ts';

/** First come, first served; or by the requests' `priority`, the lowest first, and among equals by arrival. */
export type SchedulingPolicy = 'fcfs' | 'priority';

/** Negative when `a` goes before `b`. */
function rank(a: Sequence, b: Sequence): number {
  return (a.request.priority ?? 0) - (b.request.priority ?? 0) || a.request.arrival - b.request.arrival;
}

/** Whom to take blocks from: under `fcfs` the latest that was let in, else the last by priority. */
export function victimOf(running: readonly Sequence[], policy: SchedulingPolicy): Sequence {
  const latest = running.at(-1)!;
  return policy === 'fcfs' ? latest : running.reduce((last, sequence) => (rank(sequence, last) >= 0 ? sequence : last));
}

export class WaitingQueue {
  readonly #policy: SchedulingPolicy;
  /** In the order of the policy. */
  readonly #sequences: Sequence[] = [];

  constructor(policy: SchedulingPolicy) {
    this.#policy = policy;
  }

  get size(): number {
    return this.#sequences.length;
  }

  add(sequence: Sequence): void {
    if (this.#policy === 'fcfs') this.#sequences.push(sequence);
    else this.#insert(sequence);
  }

  /** Takes back one that was let in already: before all others, unless priority decides. */
  addBack(sequence: Sequence): void {
    if (this.#policy === 'fcfs') this.#sequences.unshift(sequence);
    else this.#insert(sequence);
  }

  /** Who is next of those that are there by `now`; null when nobody is. Under `fcfs` nobody overtakes the first. */
  next(now: Milliseconds): Sequence | null {
    const next = this.#policy === 'fcfs' ? this.#sequences[0] : this.#sequences.find(({ request }) => request.arrival <= now);
    return next !== undefined && next.request.arrival <= now ? next : null;
  }

  /** When somebody can be let in; null when nobody waits. */
  get earliest(): Milliseconds | null {
    if (this.#sequences.length === 0) return null;
    return this.#policy === 'fcfs' ? this.#sequences[0]!.request.arrival : this.#sequences.reduce((least, { request }) => Math.min(least, request.arrival), Infinity);
  }

  remove(sequence: Sequence): void {
    this.#sequences.splice(this.#sequences.indexOf(sequence), 1);
  }

  find(id: string): Sequence | null {
    return this.#sequences.find(({ request }) => request.id === id) ?? null;
  }

  #insert(sequence: Sequence): void {
    const after = this.#sequences.findIndex((other) => rank(sequence, other) < 0);
    this.#sequences.splice(after < 0 ? this.#sequences.length : after, 0, sequence);
  }
}

/** Joins engine steps that are alike into the segments of GPU time that a recording keeps. */
import type { Milliseconds, Ratio, Tokens, Watts } from '../profile/units.ts';
import type { StepState } from './engine/costModel.ts';
import type { EngineStep } from './engine/engineStep.ts';

/** A segment grows no longer than this before it is handed out, so that live views keep up. */
const LONGEST_SEGMENT_MS: Milliseconds = 100;
/** Steps that follow each other within this are one stretch: rounding, not idle time. */
const GAP_MS: Milliseconds = 1e-6;

export interface Segment {
  start: Milliseconds;
  end: Milliseconds;
  state: StepState;
  batch: number;
  kvTokens: Tokens;
  kvCapacityTokens: Tokens;
  watts: Watts | null;
  /** By label, not by request: a call that asked for several answers is one label. Sums to 1. */
  shares: Record<string, Ratio>;
}

/** Collects steps and calls `emit` with each segment when its state, its requests or idle time ends it, or its length. */
export class SegmentMerger {
  readonly #emit: (segment: Segment) => void;
  #open: { segment: Segment; members: string; work: Map<string, Milliseconds> } | null = null;

  constructor(emit: (segment: Segment) => void) {
    this.#emit = emit;
  }

  /** @param label what a request of the step is called in `shares` */
  add(step: EngineStep, label: (id: string) => string): void {
    const members = step.shares.map(({ id }) => id).join('\n');
    const open = this.#open;
    const duration = step.end - step.start;
    if (open !== null && (open.members !== members || open.segment.state !== step.state || step.start - open.segment.end > GAP_MS)) this.flush();
    if (this.#open === null) {
      const { start, end, state, batch, kvTokens, kvCapacityTokens, watts } = step;
      this.#open = { segment: { start, end, state, batch, kvTokens, kvCapacityTokens, watts, shares: {} }, members, work: new Map() };
    } else {
      const { segment } = this.#open;
      const before = segment.end - segment.start;
      // Equal powers are kept as they are, free of rounding.
      if (segment.watts !== step.watts) segment.watts = segment.watts === null || step.watts === null ? null : (segment.watts * before + step.watts * duration) / (before + duration);
      segment.end = step.end;
      segment.kvTokens = step.kvTokens;
    }
    const { segment, work } = this.#open;
    for (const { id, share } of step.shares) work.set(label(id), (work.get(label(id)) ?? 0) + share * duration);
    if (segment.end - segment.start >= LONGEST_SEGMENT_MS || step.finished.length > 0) this.flush();
  }

  /** Hands out what is open. */
  flush(): void {
    if (this.#open === null) return;
    const { segment, work } = this.#open;
    this.#open = null;
    const total = [...work.values()].reduce((sum, value) => sum + value, 0);
    for (const [label, value] of work) segment.shares[label] = value / total;
    this.#emit(segment);
  }
}

/** Stretches of a GPU track as views show them: idle ones cut by what the agent was waiting for, and alike neighbours as one. */
import type { GpuSegment } from '../profile/report.ts';
import type { Milliseconds, Watts } from '../profile/units.ts';
import type { Wait } from './agentTime.ts';
import type { Shares, TrackSegment } from './gpuTrack.ts';

/** Cuts stretches by waits. Both in order of time: each stretch is asked for once, one after the other. */
export class WaitCursor {
  readonly #waits: readonly Wait[];
  #at = 0;

  constructor(waits: readonly Wait[]) {
    this.#waits = waits;
  }

  *within<Stretch extends { start: Milliseconds; end: Milliseconds }>(stretch: Stretch): Generator<{ wait: Wait; piece: Stretch }> {
    while (this.#at < this.#waits.length && (this.#waits[this.#at]?.end ?? 0) <= stretch.start) this.#at++;
    for (let at = this.#at; at < this.#waits.length; at++) {
      const wait = this.#waits[at];
      if (wait === undefined || wait.start >= stretch.end) return;
      const piece = { ...stretch, start: Math.max(wait.start, stretch.start), end: Math.min(wait.end, stretch.end) };
      if (piece.end > piece.start) yield { wait, piece };
    }
  }
}

/** Of the calls at work at once, so many are named in each stretch: all of a thousand, over a long run, would be more than memory has room for. */
const NAMED_SPANS = 64;

/**
 * Adds a stretch, or lengthens the one before when nothing that is shown differs.
 * @param shares of the stretch
 */
export function pushSegment(segments: GpuSegment[], from: TrackSegment, shares: Shares, watts: Watts | null, blamedOn: string | null): void {
  const last = segments.at(-1);
  const spans = shares.slice(0, NAMED_SPANS).map(([draft]) => draft.span.id);
  const moreSpans = shares.length - spans.length;
  if (
    last !== undefined &&
    last.state === from.state &&
    last.batch === from.batch &&
    last.kvTokens === from.kvTokens &&
    last.kvCapacityTokens === from.kvCapacityTokens &&
    last.watts === watts &&
    last.blamedOn === blamedOn &&
    last.others?.requests === from.others?.requests &&
    last.others?.share === from.others?.share &&
    (last.moreSpans ?? 0) === moreSpans &&
    last.spans.length === spans.length &&
    last.spans.every((id, index) => id === spans[index])
  ) {
    last.endMs = from.end;
    return;
  }
  segments.push({
    startMs: from.start,
    endMs: from.end,
    state: from.state,
    batch: from.batch,
    kvTokens: from.kvTokens,
    kvCapacityTokens: from.kvCapacityTokens,
    watts,
    spans,
    ...(moreSpans > 0 ? { moreSpans } : {}),
    blamedOn,
    ...(from.others === null ? {} : { others: from.others }),
  });
}

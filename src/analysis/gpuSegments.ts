/** Stretches of a GPU track as views show them: idle ones cut by what the agent was waiting for, and alike neighbours as one. */
import type { GpuSegment } from '../profile/report.ts';
import type { Milliseconds, Watts } from '../profile/units.ts';
import type { Wait } from './agentTime.ts';
import type { TrackSegment } from './gpuTrack.ts';

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

/** Adds a stretch, or lengthens the one before when nothing that is shown differs. */
export function pushSegment(segments: GpuSegment[], from: TrackSegment, watts: Watts | null, blamedOn: string | null): void {
  const last = segments.at(-1);
  const spans = from.shares.map(([draft]) => draft.span.id);
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
    blamedOn,
    ...(from.others === null ? {} : { others: from.others }),
  });
}

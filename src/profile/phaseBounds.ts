/** Where an LLM call's queue, prefill and decode lie on the clock: one answer for analysis, timeline and exports. */
import type { Milliseconds } from './units.ts';

export interface PhaseBounds {
  phase: 'queue' | 'prefill' | 'decode';
  startMs: Milliseconds;
  endMs: Milliseconds;
}

export interface PhaseTimes {
  queueMs: number | null;
  prefillMs: number | null;
  decodeMs: number | null;
  /** From the call's start to its first token, where a stream showed it. */
  ttftMs: number | null;
}

/**
 * Places the phases that are known between `startMs` and `endMs` (for a running call: now). Decode begins at the
 * first token where a stream showed one, else it ends with the call; prefill lies before it, queue before that.
 * A running call that has begun to decode decodes until `endMs`. Where the queue is all that is known, the call begins with it. Phases never overlap, and empty ones are left out.
 */
export function phaseBounds(times: PhaseTimes, startMs: Milliseconds, endMs: Milliseconds): PhaseBounds[] {
  const within = (value: number): number => Math.min(Math.max(value, startMs), endMs);
  if (times.ttftMs === null && times.prefillMs === null && times.decodeMs === null) {
    const queueEnd = within(startMs + (times.queueMs ?? 0));
    return queueEnd > startMs ? [{ phase: 'queue', startMs, endMs: queueEnd }] : [];
  }
  const decodeStart =
    times.ttftMs !== null ? within(startMs + times.ttftMs) : times.decodeMs !== null ? within(endMs - times.decodeMs) : prefillEndOf(times, within, startMs, endMs);
  const decodeEnd = times.decodeMs !== null ? within(decodeStart + times.decodeMs) : times.ttftMs !== null ? endMs : decodeStart;
  const prefillStart = times.prefillMs === null ? decodeStart : within(decodeStart - times.prefillMs);
  const queueStart = times.queueMs === null ? prefillStart : within(prefillStart - times.queueMs);
  const bounds: PhaseBounds[] = [
    { phase: 'queue', startMs: queueStart, endMs: prefillStart },
    { phase: 'prefill', startMs: prefillStart, endMs: decodeStart },
    { phase: 'decode', startMs: decodeStart, endMs: decodeEnd },
  ];
  return bounds.filter((each) => each.endMs > each.startMs);
}

/** Without a first token or a decode time, what is known starts with the call. */
function prefillEndOf(times: PhaseTimes, within: (value: number) => number, startMs: number, endMs: number): number {
  if (times.prefillMs === null) return endMs;
  return within(startMs + (times.queueMs ?? 0) + times.prefillMs);
}

/** What a server did in a stretch of a run: its GPU's phases and its KV cache. Pure. */
import type { TimelineDocument } from '../protocol/webview.ts';
import type { Milliseconds, Ratio } from '../profile/units.ts';
import { tidy } from './statistics.ts';
import { overlapMs, type Stretch } from './taskCosts.ts';

export interface StretchOfServer {
  ms: Milliseconds;
  /** Sums to `ms` where all is known; null where the GPU's work is not known. */
  gpuMs: { prefill: Milliseconds; decode: Milliseconds; mixed: Milliseconds; foreign: Milliseconds; idle: Milliseconds } | null;
  /** Share of its KV cache in use while it worked: mean over that time, and the most. Null where it does not tell. */
  kvUse: { mean: Ratio; max: Ratio } | null;
  /** Sequences at once while it worked: mean over that time, and the most. */
  batch: { mean: number; max: number } | null;
}

export function serverIn({ report, gpu }: TimelineDocument, stretch: Stretch): StretchOfServer {
  const time = { prefill: 0, decode: 0, mixed: 0, foreign: 0, idle: 0 };
  const kv = new Mean();
  const batch = new Mean();
  for (const segment of gpu) {
    const ms = overlapMs(segment, stretch);
    if (ms === 0) continue;
    time[segment.state] += ms;
    if (segment.state === 'idle') continue;
    batch.add(segment.batch, ms);
    if (segment.kvTokens !== null && segment.kvCapacityTokens !== null && segment.kvCapacityTokens > 0) kv.add(segment.kvTokens / segment.kvCapacityTokens, ms);
  }
  const { prefill, decode, mixed, foreign, idle } = time;
  return {
    ms: tidy(stretch.endMs - stretch.startMs),
    gpuMs: report.totals.gpuMs.idle === null ? null : { prefill: tidy(prefill), decode: tidy(decode), mixed: tidy(mixed), foreign: tidy(foreign), idle: tidy(idle) },
    kvUse: kv.result,
    batch: batch.result,
  };
}

/** Of values that each held for some time. */
class Mean {
  #sum = 0;
  #ms = 0;
  #max = 0;

  add(value: number, ms: Milliseconds): void {
    this.#sum += value * ms;
    this.#ms += ms;
    this.#max = Math.max(this.#max, value);
  }

  get result(): { mean: number; max: number } | null {
    return this.#ms === 0 ? null : { mean: this.#sum / this.#ms, max: this.#max };
  }
}

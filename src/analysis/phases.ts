/** What can be said of one LLM call's inside: queue, prefill, decode, first token, gaps between tokens. */
import type { Call } from '../profile/model.ts';
import { phaseBounds } from '../profile/phaseBounds.ts';
import type { Evidence, PhaseSource } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import { percentile, percentiles, tidy } from './statistics.ts';

/** Chunks closer than this came in one packet: a token's gap is then unknown, not nearly zero. */
const SAME_ARRIVAL: Milliseconds = 0.01;

export interface CallPhases {
  queueMs: number | null;
  prefillMs: number | null;
  decodeMs: number | null;
  /** Prefill and decode together, where they are not told apart. */
  inferenceMs?: Milliseconds;
  phaseEvidence: Evidence | null;
  phaseSource: PhaseSource | null;
  ttftMs: number | null;
  itlMs: { p50: number | null; p95: number | null; p99: number | null; max: number | null };
}

/** A stretch in which the server worked on a call, as far as the client's side can tell. */
export interface GpuWork {
  phase: 'prefill' | 'decode' | 'unknown';
  start: Milliseconds;
  end: Milliseconds;
}

const NO_GAPS = new Float64Array(0);

/** Time between arrivals of a stream's output, those of one packet merged. */
export function arrivalGaps(call: Call): Float64Array {
  const all = call.end?.chunkGaps ?? [];
  if (all.length === 0) return NO_GAPS;
  const gaps = new Float64Array(all.length);
  let count = 0;
  for (let index = 1; index < all.length; index++) {
    const gap = all[index] ?? 0;
    if (gap >= SAME_ARRIVAL) gaps[count++] = gap;
  }
  return gaps.subarray(0, count);
}

/** From so many on, what comes between two arrivals is no token. */
const PACKED_TOKENS = 1.5;

/**
 * How many tokens came at once, in the mean of a stream, where that is more than one: a server decodes several in a step, or
 * gathers them, and when each was made is not known. Null where tokens came one by one, and where it is not known: what was
 * thought may be counted and not sent.
 */
export function tokensPerArrival(call: Call): number | null {
  const { end } = call;
  const tokens = end?.usage?.completionTokens ?? null;
  if (end === null || end.status !== 'ok' || end.chunkGaps.length === 0 || tokens === null || (end.usage?.reasoningTokens ?? 0) > 0) return null;
  const mean = tokens / (arrivalGaps(call).length + 1);
  return mean < PACKED_TOKENS ? null : tidy(mean);
}

/** The gaps of all calls, in no particular order. */
export function allArrivalGaps(calls: readonly Call[]): Float64Array {
  const each = calls.map(arrivalGaps);
  const all = new Float64Array(each.reduce((sum, gaps) => sum + gaps.length, 0));
  let at = 0;
  for (const gaps of each) {
    all.set(gaps, at);
    at += gaps.length;
  }
  return all;
}

/**
 * The server's own figures where it gives them, in its answer or elsewhere. Else, for streams: prefill = until the first token
 * (which includes queue and network, hence `inferred`), decode = first to last token, queue unknown; where the server tells the
 * queue alone, it is taken out of the prefill. An answer in one piece shows
 * nothing of its inside: all null, but for a queue that the server tells.
 */
export function callPhases(call: Call): CallPhases {
  const { start, end } = call;
  const gaps = arrivalGaps(call).sort();
  const phases: CallPhases = {
    queueMs: null,
    prefillMs: null,
    decodeMs: null,
    phaseEvidence: null,
    phaseSource: null,
    ttftMs: call.firstTokenAt === null ? null : tidy(Math.max(0, call.firstTokenAt - start.t)),
    itlMs: { ...percentiles(gaps), max: percentile(gaps, 1) },
  };
  const server = end?.server ?? null;
  if (server !== null && (server.prefillMs !== null || server.decodeMs !== null)) {
    return { ...phases, queueMs: server.queueMs, prefillMs: server.prefillMs, decodeMs: server.decodeMs, phaseEvidence: server.evidence, phaseSource: 'answer' };
  }
  const { elsewhere } = call;
  if (elsewhere !== undefined && (elsewhere.times.prefillMs !== null || elsewhere.times.decodeMs !== null)) {
    // The figures are the server's own; that they are this call's is certain by its id, and inferred from a counter.
    return { ...phases, ...elsewhere.times, phaseEvidence: elsewhere.source === 'trace' ? 'measured' : 'inferred', phaseSource: elsewhere.source };
  }
  const queue = queueAlone(call);
  if (phases.ttftMs !== null) {
    // Where arrivals were not kept (each has a gap, the first one of 0), the last is taken to be the answer's end.
    const untilLast = end === null ? null : tidy(end.chunkGaps.length === 0 ? Math.max(0, end.t - start.t - phases.ttftMs) : end.chunkGaps.reduce((sum, gap) => sum + Math.max(0, gap), 0));
    const queueMs = queue === null ? null : Math.min(queue.ms, phases.ttftMs);
    return { ...phases, queueMs, prefillMs: tidy(phases.ttftMs - (queueMs ?? 0)), decodeMs: untilLast, phaseEvidence: 'inferred', phaseSource: queue?.source ?? 'stream' };
  }
  if (isEmbedding(start) && end?.status === 'ok') {
    // An embedding is one prefill and nothing else; network and queue are in it.
    return { ...phases, prefillMs: tidy(Math.max(0, end.t - start.t)), decodeMs: 0, phaseEvidence: 'inferred', phaseSource: 'stream' };
  }
  // The rest is prefill and decode, not told apart.
  const inferenceMs = server?.inferenceMs;
  if (queue !== null) return { ...phases, queueMs: queue.ms, ...(inferenceMs === undefined ? {} : { inferenceMs }), phaseEvidence: queue.evidence, phaseSource: queue.source };
  return phases;
}

/** What the server tells of its queue where that is all that it tells, by the best source. */
function queueAlone({ end, elsewhere }: Call): { ms: Milliseconds; evidence: Evidence; source: PhaseSource } | null {
  if (end?.server && end.server.queueMs !== null) return { ms: end.server.queueMs, evidence: end.server.evidence, source: 'answer' };
  if (elsewhere === undefined || elsewhere.times.queueMs === null) return null;
  return { ms: elsewhere.times.queueMs, evidence: elsewhere.source === 'trace' ? 'measured' : 'inferred', source: elsewhere.source };
}

/** A prefill and nothing else, by whichever API. */
export function isEmbedding({ endpoint, path }: Call['start']): boolean {
  return endpoint === 'embeddings' || ((endpoint === 'ollama' || endpoint === 'llamacpp') && /embed/.test(path));
}

/**
 * When the server worked on the call. Without a stream or the server's figures its inside is `unknown`: the whole
 * call (after its queue, where that is known, and for as long as the server says) counts as busy, with prefill and decode not told apart. A call that failed before its first token is taken
 * to have cost the GPU nothing.
 */
export function gpuWork(call: Call, phases: CallPhases, start: Milliseconds, end: Milliseconds): GpuWork[] {
  if (phases.prefillMs !== null || phases.decodeMs !== null) {
    return phaseBounds(phases, start, end).flatMap((bound) =>
      bound.phase === 'queue' ? [] : [{ phase: bound.phase, start: bound.startMs, end: bound.endMs }],
    );
  }
  if (call.end?.status === 'error' || end <= start) return [];
  // A stream that is still, or was left, without a token is in its prefill (or queue).
  const from = Math.min(end, start + (phases.queueMs ?? 0));
  const until = phases.inferenceMs === undefined ? end : Math.min(end, from + phases.inferenceMs);
  return from >= until ? [] : [{ phase: call.start.stream && call.end?.status !== 'ok' ? 'prefill' : 'unknown', start: from, end: until }];
}

/**
 * Finds the server's own account of a call where its answer has none: in the server's trace of the request, by the request's id;
 * else in the difference that it made to the server's counters, where no other request ended meanwhile.
 */
import type { Call, Profile, ServerTimes } from '../profile/model.ts';
import type { ServerCounters, TraceSpanLine } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import { isLlmCall } from './drafts.ts';
import { groupBy } from './grouping.ts';
import { tidy } from './statistics.ts';

/** A server counts a request a little before or after its client has the last of the answer. */
const COUNTED_LATE: Milliseconds = 150;
/** What a reading says was counted between question and answer: so far after their middle at least, for older recordings do not say how long it took. */
const READ_LATE: Milliseconds = 100;
/** By how much what the client saw of a call may differ from what the server did for it: the network, and a share of the whole. */
const SEEN_ERROR: Milliseconds = 30;
const SEEN_ERROR_SHARE = 0.1;

/** The same profile with each call's account where one was found, and without the server's spans, which are not the program's. */
export function withServerTimes(profile: Profile): Profile {
  const spans = profile.traceSpans.filter(({ server }) => server !== undefined && server !== null);
  const without = profile.calls.filter((call) => call.end !== null && call.end.server === null && isLlmCall(call.start));
  const traced = bySpans(without, spans);
  const counted = byCounters(profile, without);
  if (spans.length === 0 && counted.size === 0) return profile;
  return {
    ...profile,
    traceSpans: profile.traceSpans.filter((span) => !spans.includes(span)),
    calls: profile.calls.map((call) => {
      const trace = traced.get(call);
      if (trace !== undefined) return { ...call, elsewhere: { times: trace, source: 'trace' } };
      const counters = counted.get(call);
      return counters === undefined ? call : { ...call, elsewhere: { times: counters, source: 'counters' } };
    }),
  };
}

/** By the answer's id (of one of several prompts or choices with a number behind it, and then of none), else by the trace that the request was sent under. */
function bySpans(calls: readonly Call[], spans: readonly TraceSpanLine[]): Map<Call, ServerTimes> {
  const byRequest = groupBy(spans, ({ server }) => server?.requestId ?? '');
  const byContext = groupBy(spans, ({ traceId, parentSpanId }) => `${traceId}:${parentSpanId}`);
  const found = new Map<Call, ServerTimes>();
  for (const call of calls) {
    const id = call.end?.responseId ?? null;
    const { trace } = call.start;
    const named = id === null ? [] : [...(byRequest.get(id) ?? []), ...(byRequest.get(`${id}-0`) ?? [])];
    const several = id !== null && byRequest.has(`${id}-1`);
    const sent = named.length > 0 || trace === null ? named : (byContext.get(`${trace.traceId}:${trace.spanId}`) ?? []);
    const [span] = sent;
    if (sent.length === 1 && !several && span?.server && (span.server.prefillMs !== null || span.server.decodeMs !== null)) found.set(call, timesOf(span.server));
  }
  return found;
}

function timesOf({ queueMs, prefillMs, decodeMs }: ServerTimes): ServerTimes {
  const rounded = (value: Milliseconds | null) => (value === null ? null : tidy(value));
  return { queueMs: rounded(queueMs), prefillMs: rounded(prefillMs), decodeMs: rounded(decodeMs) };
}

/**
 * Between two readings in which the server counted one request more, and one call of ours ended, the sums rose by that call's
 * times. A request of others' that ended then instead would be taken for it: what the client saw of the call must bear it out.
 */
function byCounters(profile: Profile, calls: readonly Call[]): Map<Call, ServerTimes> {
  const readings = profile.samples.flatMap(({ t, counters, tookMs }) => (counters?.finished === undefined || counters.finished === null ? [] : [{ from: t - (tookMs ?? 0) / 2, to: t + Math.max(READ_LATE, (tookMs ?? 0) / 2), counters }]));
  const ended = calls.filter((call) => call.end?.status === 'ok').sort((a, b) => (a.end?.t ?? 0) - (b.end?.t ?? 0));
  const found = new Map<Call, ServerTimes>();
  const doubtful = new Set<Call>();
  let first = 0;
  readings.forEach(({ to, counters }, index) => {
    const before = readings[index - 1];
    if (before === undefined || counters.finished! - before.counters.finished! !== 1) return;
    while (first < ended.length && endOf(ended[first]!) <= before.from - COUNTED_LATE) first++;
    const candidates: Call[] = [];
    for (let at = first; at < ended.length && endOf(ended[at]!) <= to; at++) candidates.push(ended[at]!);
    const times = difference(before.counters, counters);
    const fitting = times === null ? [] : candidates.filter((call) => bearsOut(call, times));
    const [call] = fitting;
    // Two calls that end almost at once, or one that two steps of the counter would fit, are left to the stream.
    if (fitting.length !== 1 || call === undefined || times === null) return;
    if (found.has(call)) doubtful.add(call);
    found.set(call, times);
  });
  for (const call of doubtful) found.delete(call);
  return found;
}

function endOf(call: Call): Milliseconds {
  return call.end?.t ?? Infinity;
}

/** Null where a sum fell: the server was started anew. */
function difference(before: ServerCounters, after: ServerCounters): ServerTimes | null {
  const rose = (name: 'queueMs' | 'prefillMs' | 'decodeMs') => (before[name] === null || after[name] === null ? null : after[name] - before[name]);
  const times = { queueMs: rose('queueMs'), prefillMs: rose('prefillMs'), decodeMs: rose('decodeMs') };
  const values = Object.values(times);
  return values.every((value) => value === null) || values.some((value) => value !== null && value < 0) ? null : timesOf(times);
}

/** Whether what the client saw of a call can be of a request that took so long. */
function bearsOut({ start, end, firstTokenAt }: Call, { queueMs, prefillMs, decodeMs }: ServerTimes): boolean {
  const length = (end?.t ?? start.t) - start.t;
  const server = (queueMs ?? 0) + (prefillMs ?? 0) + (decodeMs ?? 0);
  if (!near(length, server, prefillMs === null || decodeMs === null)) return false;
  const gaps = end?.chunkGaps ?? [];
  if (firstTokenAt === null || gaps.length < 2) return true;
  const written = gaps.reduce((sum, gap) => sum + Math.max(0, gap), 0);
  if (decodeMs !== null && !near(written, decodeMs, false)) return false;
  return prefillMs === null || near(firstTokenAt - start.t, (queueMs ?? 0) + prefillMs, false);
}

/** @param least the server tells of a part only */
function near(seen: Milliseconds, told: Milliseconds, least: boolean): boolean {
  const error = SEEN_ERROR + SEEN_ERROR_SHARE * seen;
  return told <= seen + error && (least || told >= seen - error);
}

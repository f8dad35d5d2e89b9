/**
 * What ran on the server that was not this run's, from reading to reading: by its count of running requests less ours, and by its
 * counts of tokens less ours. Both are told as what it was at least: what may have been ours is taken for ours.
 */
import type { SampleLine } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { Draft } from './drafts.ts';
import { computedBy, othersTokens, writtenBy } from './othersTokens.ts';

/**
 * How old a count of running requests may be when it is read. SGLang renews its own with every prefill, every 40 decode steps
 * and, when nothing runs, every 30 s (scheduler_runtime_checker_mixin.py); the others with every step.
 */
const OLDEST_COUNT: Readonly<Record<string, Milliseconds>> = { vllm: 500, tgi: 500, 'llama.cpp': 500, 'tensorrt-llm': 1000, sglang: 35_000 };

/** They count tokens with each step; the others when a request ends, which does not say when they were written. */
const COUNTS_EACH_STEP: ReadonlySet<string> = new Set(['vllm']);

/** Between readings that lie further apart nobody looked. */
const LONGEST_GAP: Milliseconds = 3000;

/** Fewer tokens than this between two readings are an error of rounding. */
const LEAST_TOKENS = 0.5;

/** Others' load between two readings, taken to be even. */
export interface OthersWindow {
  start: Milliseconds;
  end: Milliseconds;
  /** At both readings so many ran beside ours. */
  requests: number;
  /** Tokens of prompts that were computed, and tokens that were written, per ms; null where the server does not count them at once. */
  computedPerMs: number | null;
  writtenPerMs: number | null;
}

export interface OthersLoad {
  /** In order, without overlaps; none where nothing of others' was seen. */
  windows: OthersWindow[];
  /** At one reading; null where it does not tell. */
  mostRunning: number | null;
  mostWaiting: number | null;
}

/** @param readings a server's, in order of time; may be doubled */
export function othersLoad(readings: readonly SampleLine[], calls: readonly Draft[]): OthersLoad {
  const ours = inFlight(calls);
  const seen = readings.map(({ t, running, waiting, source }) => {
    if (running === null) return { running: null, waiting: null };
    const open = ours(t - (OLDEST_COUNT[source] ?? 0), t);
    const runningOthers = Math.max(0, running - open);
    return { running: runningOthers, waiting: waiting === null ? null : Math.max(0, running + waiting - open) - runningOthers };
  });
  const { computed, written } = tokensOfOthers(readings, calls);
  const windows: OthersWindow[] = [];
  readings.forEach(({ t: end }, index) => {
    const start = readings[index - 1]?.t ?? end;
    if (end <= start || end - start > LONGEST_GAP) return;
    const requests = Math.min(seen[index - 1]?.running ?? 0, seen[index]?.running ?? 0);
    const rate = (tokens: number | null) => (tokens === null ? null : tokens < LEAST_TOKENS ? 0 : tokens / (end - start));
    const window = { start, end, requests, computedPerMs: rate(computed[index] ?? null), writtenPerMs: rate(written[index] ?? null) };
    if (requests > 0 || (window.computedPerMs ?? 0) > 0 || (window.writtenPerMs ?? 0) > 0) windows.push(window);
  });
  return { windows, mostRunning: largest(seen.map(({ running }) => running)), mostWaiting: largest(seen.map(({ waiting }) => waiting)) };
}

export function largest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((most, value) => Math.max(most, value), 0);
}

function tokensOfOthers(readings: readonly SampleLine[], calls: readonly Draft[]): { computed: (number | null)[]; written: (number | null)[] } {
  if (!readings.every(({ source }) => COUNTS_EACH_STEP.has(source))) return { computed: [], written: [] };
  const withCached = !readings.some(({ counters }) => (counters?.cachedTokens ?? null) !== null);
  const computed = readings.map(({ t, counters }) => {
    const { promptTokens = null, cachedTokens = null } = counters ?? {};
    return { t, value: promptTokens === null || (!withCached && cachedTokens === null) ? null : promptTokens - (cachedTokens ?? 0) };
  });
  const written = readings.map(({ t, counters }) => ({ t, value: counters?.completionTokens ?? null }));
  return { computed: othersTokens(computed, calls, (call) => computedBy(call, withCached)), written: othersTokens(written, calls, writtenBy) };
}

/** Our calls under way at any time in [from, to], at most. */
type InFlight = (from: Milliseconds, to: Milliseconds) => number;

function inFlight(calls: readonly Draft[]): InFlight {
  const edges = calls.flatMap(({ start, end }) => [
    { at: start, step: 1 },
    { at: end, step: -1 },
  ]);
  // Who comes as another goes is there with it: a count may have been taken between the two.
  edges.sort((a, b) => a.at - b.at || b.step - a.step);
  const times: Milliseconds[] = [];
  const counts: number[] = [];
  let count = 0;
  for (const { at, step } of edges) {
    count += step;
    times.push(at);
    counts.push(count);
  }
  return (from, to) => {
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((times[middle] ?? 0) <= to) low = middle + 1;
      else high = middle;
    }
    let most = 0;
    for (let index = low - 1; index >= 0; index--) {
      most = Math.max(most, counts[index] ?? 0);
      if ((times[index] ?? 0) < from) break;
    }
    return most;
  };
}

/** A stretch in which others' load is even, or unknown. */
export interface Piece {
  start: Milliseconds;
  end: Milliseconds;
  others: OthersWindow | null;
}

/** Cuts stretches where others' load changes. They are to be asked for in order of time. */
export function cutter(windows: readonly OthersWindow[]): (start: Milliseconds, end: Milliseconds) => Piece[] {
  let next = 0;
  return (start, end) => {
    const pieces: Piece[] = [];
    let at = start;
    while (at < end) {
      while ((windows[next]?.end ?? Infinity) <= at) next++;
      const window = windows[next];
      const others = window !== undefined && window.start <= at ? window : null;
      const until = Math.min(end, others?.end ?? window?.start ?? end);
      pieces.push({ start: at, end: until, others });
      at = until;
    }
    return pieces;
  };
}

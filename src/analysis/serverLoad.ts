/** What the server's own readings say: how much it had to do, and how much of that was not this run's. */
import type { Profile } from '../profile/model.ts';
import type { SampleLine, ServerCounters } from '../profile/recordingFormat.ts';
import type { ServerUse } from '../profile/report.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { Draft } from './drafts.ts';

/**
 * How old a count of running requests may be when it is read. SGLang renews its own with every prefill, every 40 decode steps
 * and, when nothing runs, every 30 s (scheduler_runtime_checker_mixin.py); the others with every step.
 */
const OLDEST_COUNT: Readonly<Record<string, Milliseconds>> = { vllm: 500, tgi: 500, 'llama.cpp': 500, 'tensorrt-llm': 1000, sglang: 35_000 };

/** A server may count a request a little after its client has the last of the answer. */
const COUNTED_LATE: Milliseconds = 500;

/** Between readings that lie further apart nobody looked. */
const LONGEST_GAP: Milliseconds = 3000;

export type Window = readonly [start: Milliseconds, end: Milliseconds];

export interface ServerReadings {
  use: ServerUse;
  /** When others' requests ran and none of ours did. */
  foreign: Window[];
}

/** Null where the server was not read. Readings may be doubled or fail to come; they are in order of time. */
export function serverReadings(profile: Profile, calls: readonly Draft[]): ServerReadings | null {
  const readings = profile.samples.filter(({ running, waiting, kvUse, counters }) => running !== null || waiting !== null || kvUse !== null || counters !== undefined);
  if (readings.length === 0) return null;
  const ours = inFlight(calls);
  const { windows, most } = othersRunning(readings, ours);
  const from = readings[0]?.t ?? 0;
  const counted = (name: keyof ServerCounters) => increase(readings.map(({ counters }) => counters?.[name] ?? null));
  // Of a call that began before the first reading or ended after the last, nobody knows how much of it is in the counters: all of it may be.
  const until = readings.at(-1)?.t ?? 0;
  const inside = calls.filter((call) => call.end >= from - COUNTED_LATE && call.start <= until);
  const answered = inside.filter(({ span }) => span.status === 'ok');
  const finished = counted('finished');
  const promptTokens = counted('promptTokens');
  const completionTokens = counted('completionTokens');
  return {
    use: {
      readings: readings.length,
      mostRunning: largest(readings.map(({ running }) => running)),
      mostWaiting: largest(readings.map(({ waiting }) => waiting)),
      mostKvUse: largest(readings.map(({ kvUse }) => kvUse)),
      promptTokens,
      cachedTokens: counted('cachedTokens'),
      completionTokens,
      foreign: {
        requests: beyond(finished, answered.length),
        promptTokens: beyondKnown(promptTokens, inside, (call) => call.span.llm?.promptTokens ?? null),
        completionTokens: beyondKnown(completionTokens, inside, (call) => call.span.llm?.completionTokens ?? null),
        mostRunning: most,
      },
    },
    foreign: windows,
  };
}

/** How far a counter rose over readings; where it fell, the server was started anew and has counted from 0. Null where it never was read twice. */
export function increase(values: readonly (number | null)[]): number | null {
  let before: number | null = null;
  let total: number | null = null;
  for (const value of values) {
    if (value === null) continue;
    if (before !== null) total = (total ?? 0) + (value >= before ? value - before : value);
    before = value;
  }
  return total;
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

/** Between two readings of which each counts more running than ours can be. */
function othersRunning(readings: readonly SampleLine[], ours: InFlight): { windows: Window[]; most: number | null } {
  const windows: Window[] = [];
  let since: Milliseconds | null = null;
  let most: number | null = null;
  for (const { t, running, source } of readings) {
    if (running === null) continue;
    const others = Math.max(0, running - ours(t - (OLDEST_COUNT[source] ?? 0), t));
    if (most === null || others > most) most = others;
    if (others > 0 && since !== null && t > since && t - since <= LONGEST_GAP) windows.push([since, t]);
    since = others > 0 ? t : null;
  }
  return { windows, most };
}

function largest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((most, value) => Math.max(most, value), 0);
}

function beyond(counted: number | null, ours: number): number | null {
  return counted === null ? null : Math.max(0, Math.round(counted - ours));
}

/** Null also where of one of ours it is not known. */
function beyondKnown(counted: number | null, calls: readonly Draft[], valueOf: (call: Draft) => number | null): number | null {
  const values = calls.map(valueOf);
  return values.includes(null) ? null : beyond(counted, values.reduce<number>((sum, value) => sum + (value ?? 0), 0));
}

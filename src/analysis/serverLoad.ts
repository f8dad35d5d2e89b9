/** What the server's own readings say: how much it had to do, and how much of that was not this run's. */
import type { Profile } from '../profile/model.ts';
import type { ServerCounters } from '../profile/recordingFormat.ts';
import type { ServerUse } from '../profile/report.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { Draft } from './drafts.ts';
import { ascending, percentile, tidy } from './statistics.ts';
import { largest, othersLoad, type OthersWindow } from './othersLoad.ts';

/** A server may count a request a little after its client has the last of the answer. */
const COUNTED_LATE: Milliseconds = 500;

export interface ServerReadings {
  use: ServerUse;
  /** What others' requests ran, and when. */
  others: OthersWindow[];
}

/** Null where the server was not read. Readings may be doubled or fail to come; they are in order of time. */
export function serverReadings(profile: Profile, calls: readonly Draft[]): ServerReadings | null {
  const readings = profile.samples.filter(({ running, waiting, kvUse, counters }) => running !== null || waiting !== null || kvUse !== null || counters !== undefined);
  if (readings.length === 0) return null;
  const { windows, mostRunning, mostWaiting } = othersLoad(readings, calls);
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
      everyMs: usualGap(readings, calls),
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
        mostRunning,
        mostWaiting,
        beside: null,
      },
    },
    others: windows,
  };
}

/** Between readings while calls were under way, in the middle; null where there were no two. */
function usualGap(readings: readonly { t: Milliseconds }[], calls: readonly Draft[]): Milliseconds | null {
  const byStart = [...calls].sort((a, b) => a.start - b.start);
  const gaps: Milliseconds[] = [];
  let next = 0;
  let until: Milliseconds = -Infinity;
  readings.forEach(({ t }, index) => {
    for (let call = byStart[next]; call !== undefined && call.start <= t; call = byStart[++next]) until = Math.max(until, call.end);
    const before = readings[index - 1]?.t ?? t;
    if (t > before && until >= before) gaps.push(t - before);
  });
  const middle = percentile(ascending(gaps), 0.5);
  return middle === null ? null : tidy(middle);
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

function beyond(counted: number | null, ours: number): number | null {
  return counted === null ? null : Math.max(0, Math.round(counted - ours));
}

/** Null also where of one of ours it is not known. */
function beyondKnown(counted: number | null, calls: readonly Draft[], valueOf: (call: Draft) => number | null): number | null {
  const values = calls.map(valueOf);
  return values.includes(null) ? null : beyond(counted, values.reduce<number>((sum, value) => sum + (value ?? 0), 0));
}

/**
 * How many of the tokens that a server counted from reading to reading were others': what it counted less what was ours.
 *
 * How many ours were is known, and when the server counted them only within bounds: so the sum of others' is, at each reading,
 * between what it is at least (all of ours that can be counted already is) and at most (only what must be is). Where none of ours is
 * under way the two are one. Between such moments others' sum is taken to rise evenly, as far as the bounds let it; after the last of
 * them it is the least that it can be.
 */
import type { Milliseconds, Tokens } from '../profile/units.ts';
import type { Draft } from './drafts.ts';
import { isEmbedding } from './phases.ts';

/** By how much a server counts a token sooner or later than its client has it, at most: network, and chunks that are held back. */
const COUNTED_OFF: Milliseconds = 250;
/** Chunks so close together need no bounds of their own. */
const ONE_PORTION: Milliseconds = 100;
/** A stream with fewer chunks than this share of its tokens was held back somewhere, and does not tell when they were written. */
const CHUNKS_PER_TOKEN = 0.9;
/** Bounds closer together than this are one: tokens come whole. */
const ONE_SUM: Tokens = 0.5;

/** Tokens of ours, none of them counted before `from` and all of them at `until`; where their number is not known, it has bounds, too. */
export interface Portion {
  from: Milliseconds;
  until: Milliseconds;
  least: Tokens;
  most: Tokens;
}

/** What tokens a call wrote; null: not known how many. */
export function writtenBy({ span, call, start, end }: Draft): Portion[] | null {
  if (call === null || wasRefused(span.status, call.firstTokenAt) || isEmbedding(call.start)) return [];
  const tokens = span.llm?.completionTokens ?? null;
  if (tokens === null || span.status !== 'ok') return null;
  const gaps = call.end?.chunkGaps ?? [];
  const { firstTokenAt } = call;
  if (firstTokenAt === null || gaps.length < tokens * CHUNKS_PER_TOKEN) return [{ from: start, until: end + COUNTED_OFF, least: tokens, most: tokens }];
  const portions: Portion[] = [];
  const perChunk = tokens / gaps.length;
  let at = firstTokenAt;
  let began = firstTokenAt;
  let chunks = 0;
  const close = (): void => {
    portions.push({ from: Math.max(start, began - COUNTED_OFF), until: at + COUNTED_OFF, least: chunks * perChunk, most: chunks * perChunk });
  };
  for (const gap of gaps) {
    const arrival = at + Math.max(0, gap);
    if (chunks > 0 && arrival - began > ONE_PORTION) {
      close();
      began = arrival;
      chunks = 0;
    }
    at = arrival;
    chunks++;
  }
  if (chunks > 0) close();
  return portions;
}

/**
 * What tokens of its prompt a call had computed; null: not known how many.
 * @param withCached the server's counter has those of the cache in it, too
 */
export function computedBy({ span, call, start, end }: Draft, withCached: boolean): Portion[] | null {
  if (call === null || wasRefused(span.status, call.firstTokenAt)) return [];
  const { promptTokens = null, cachedTokens = null } = span.llm ?? {};
  if (promptTokens === null || span.status !== 'ok') return null;
  const from = start;
  const until = (call.firstTokenAt ?? end) + COUNTED_OFF;
  if (withCached) return [{ from, until, least: promptTokens, most: promptTokens }];
  return [{ from, until, least: Math.max(0, promptTokens - (cachedTokens ?? promptTokens)), most: Math.max(0, promptTokens - (cachedTokens ?? 0)) }];
}

/** It failed before anything was written: the server counts nothing of it. */
function wasRefused(status: Draft['span']['status'], firstTokenAt: Milliseconds | null): boolean {
  return status === 'error' && firstTokenAt === null;
}

/**
 * Others' tokens between each reading and the one before; null where that is not known.
 * @param counted what the server had counted at each reading
 * @param portionsOf what a call's part in it is
 */
export function othersTokens(counted: readonly { t: Milliseconds; value: Tokens | null }[], calls: readonly Draft[], portionsOf: (call: Draft) => Portion[] | null): (Tokens | null)[] {
  const portions: Portion[] = [];
  const unknown: Stretch[] = [];
  for (const call of calls) {
    const own = portionsOf(call);
    if (own !== null) portions.push(...own);
    // A server goes on for a while with what its client has given up.
    else unknown.push({ from: call.start, until: call.call?.end === null ? Infinity : call.end + COUNTED_OFF });
  }
  const most = sumUntil(portions.map(({ from, most: tokens }) => ({ at: from, tokens })));
  const least = sumUntil(portions.map(({ until, least: tokens }) => ({ at: until, tokens })));
  const isAnyBetween = touching(unknown);
  const isAnyAt = touching(unknown);
  const rises: (Tokens | null)[] = counted.map(() => null);
  let chain: Bounds[] = [];
  const close = (): void => {
    const sums = evenly(chain);
    chain.forEach(({ index }, place) => {
      if (place > 0 && chain[place - 1]?.index === index - 1) rises[index] = sums[place]! - sums[place - 1]!;
    });
    chain = [];
  };
  let before: { t: Milliseconds; value: Tokens } = { t: -Infinity, value: -Infinity };
  counted.forEach(({ t, value }, index) => {
    if (value === null) return;
    // A counter that fell is that of a server that was started anew.
    if (isAnyBetween(before.t, t) || value < before.value) close();
    if (!isAnyAt(t, t)) chain.push({ index, t, least: value - most(t), most: value - least(t) });
    before = { t, value };
  });
  close();
  return rises;
}

interface Stretch {
  from: Milliseconds;
  until: Milliseconds;
}

/** Whether a stretch began by `to` and had not ended at `from`. To be asked in order of time. */
function touching(stretches: readonly Stretch[]): (from: Milliseconds, to: Milliseconds) => boolean {
  const byStart = [...stretches].sort((a, b) => a.from - b.from);
  let next = 0;
  let latest: Milliseconds = -Infinity;
  return (from, to) => {
    for (let stretch = byStart[next]; stretch !== undefined && stretch.from <= to; stretch = byStart[++next]) latest = Math.max(latest, stretch.until);
    return latest > from;
  };
}

interface Bounds {
  index: number;
  t: Milliseconds;
  least: Tokens;
  most: Tokens;
}

/** Tokens of all that is not after a moment. */
function sumUntil(steps: { at: Milliseconds; tokens: Tokens }[]): (t: Milliseconds) => Tokens {
  steps.sort((a, b) => a.at - b.at);
  const sums = new Float64Array(steps.length + 1);
  steps.forEach(({ tokens }, index) => (sums[index + 1] = sums[index]! + tokens));
  return (t) => {
    let low = 0;
    let high = steps.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (steps[middle]!.at <= t) low = middle + 1;
      else high = middle;
    }
    return sums[low]!;
  };
}

/** Others' sum at each reading since the first, within the bounds, which a sum that never falls makes narrower. */
function evenly(chain: readonly Bounds[]): Tokens[] {
  const [first] = chain;
  if (first === undefined) return [];
  let floor = 0;
  const least = chain.map((bounds, index) => (floor = index === 0 ? 0 : Math.max(floor, bounds.least - first.most)));
  let ceiling = Infinity;
  const most = chain.map(() => 0);
  for (let index = chain.length - 1; index >= 0; index--) most[index] = ceiling = Math.min(ceiling, index === 0 ? 0 : chain[index]!.most - first.least);
  const sums = [...least];
  let from = 0;
  for (let to = 1; to < chain.length; to++) {
    if (most[to]! - least[to]! > ONE_SUM) continue;
    const slope = (least[to]! - sums[from]!) / (chain[to]!.t - chain[from]!.t);
    for (let index = from + 1; index < to; index++) sums[index] = Math.max(least[index]!, Math.min(most[index]!, sums[from]! + slope * (chain[index]!.t - chain[from]!.t)));
    from = to;
  }
  return sums;
}

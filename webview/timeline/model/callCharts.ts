/** What the charts show, as plain data with the spans behind each point, the words for what is missing, and a table to read instead. Pure. */
import * as l10n from '@vscode/l10n';
import { localNumber } from '../../../src/profile/language.ts';
import { formatCount } from '../../../src/profile/formatCount.ts';
import { enclosing, type CallCost } from './callCosts.ts';
import { promptRoles, roleNames } from './callTable.ts';
import { nameText } from './spanText.ts';
import { ascending, percentile, sumKnown } from '../../../src/analysis/statistics.ts';
import { formatDuration, formatPercent, formatTokens } from '../../../src/profile/formatValue.ts';
import type { TimelineModel } from './timelineModel.ts';

export interface ChartPoint {
  x: number;
  y: number;
  /** Spans behind it. */
  numbers: readonly number[];
  /** Where it is, in words: `call 3`, `calls 11–20`. */
  place: string;
}

export interface ChartSeries {
  name: string;
  points: readonly ChartPoint[];
}

export interface CallChart {
  id: 'roles' | 'growth' | 'latency' | 'cache';
  title: string;
  /** How it is known and what it leaves out; empty where there is nothing to say. */
  note: string;
  /** Why there is nothing to draw, or null. */
  missing: string | null;
  kind: 'stacks' | 'lines' | 'steps';
  xTitle: string;
  xText: (x: number) => string;
  yTitle: string;
  yText: (y: number) => string;
  series: readonly ChartSeries[];
  table: { head: readonly string[]; rows: readonly (readonly string[])[] };
}

/** More bars than this can't be told apart: neighbours go together. */
export const MOST_BARS = 400;
const MOST_LINES = 8;
/** Points of a distribution; each is the share of calls that took no longer. */
const MOST_STEPS = 200;

/** A call to a model, and the how-many-th of the run it is, from 1. */
interface NumberedCall {
  cost: CallCost;
  place: number;
}

interface Bin {
  calls: NumberedCall[];
  /** `3`, `11–20`. */
  places: string;
  place: string;
}

export function callCharts(model: TimelineModel, costs: readonly CallCost[], isShown: (number: number) => boolean): CallChart[] {
  const calls = costs.filter(({ span }) => span.llm !== null).map((cost, index): NumberedCall => ({ cost, place: index + 1 }));
  const shown = calls.filter(({ cost }) => isShown(cost.number));
  return [rolesChart(shown), growthChart(model, shown), latencyChart(costs.filter(({ number }) => isShown(number))), cacheChart(shown)];
}

function binsOf(calls: readonly NumberedCall[]): Bin[] {
  const size = Math.ceil(calls.length / MOST_BARS);
  const bins: Bin[] = [];
  for (let from = 0; from < calls.length; from += size) {
    const members = calls.slice(from, from + size);
    const [first, last] = [members[0]?.place ?? 0, members.at(-1)?.place ?? 0];
    const places = first === last ? localNumber(first) : `${localNumber(first)}–${localNumber(last)}`;
    bins.push({ calls: members, places, place: first === last ? l10n.t('call {0}', places) : l10n.t('calls {0}', places) });
  }
  return bins;
}

/** Means over each bin's calls of which it is known; a bin where it is of none has no point. */
function binSeries(name: string, bins: readonly Bin[], valueOf: (call: NumberedCall) => number | null): ChartSeries {
  return {
    name,
    points: bins.flatMap(({ calls, place }, x): ChartPoint[] => {
      const known = calls.flatMap((call) => valueOf(call) ?? []);
      return known.length === 0 ? [] : [{ x, y: (sumKnown(known) ?? 0) / known.length, numbers: calls.map(({ cost }) => cost.number), place }];
    }),
  };
}

function perCall(bins: readonly Bin[], series: readonly ChartSeries[], yText: (y: number) => string): Pick<CallChart, 'xTitle' | 'xText' | 'series' | 'table'> {
  const isBinned = bins.some(({ calls }) => calls.length > 1);
  return {
    xTitle: isBinned ? l10n.t('calls in order of start, means of neighbours') : l10n.t('calls in order of start'),
    xText: (x) => bins[x]?.places ?? '',
    series,
    table: {
      head: [l10n.t('call'), ...series.map(({ name }) => name)],
      rows: bins.map(({ place }, x) => [place, ...series.map(({ points }) => textAt(points, x, yText))]),
    },
  };
}

function textAt(points: readonly ChartPoint[], x: number, yText: (y: number) => string): string {
  const point = points.find((each) => each.x === x);
  return point === undefined ? '–' : yText(point.y);
}

function rolesChart(calls: readonly NumberedCall[]): CallChart {
  const known = calls.filter(({ cost }) => (cost.span.llm?.roles ?? null) !== null);
  const bins = binsOf(known);
  const series = roleNames.map((role) => binSeries(promptRoles[role], bins, ({ cost }) => cost.span.llm?.roles?.[role] ?? null)).filter(({ points }) => points.some(({ y }) => y > 0));
  const isEstimated = known.some(({ cost }) => cost.span.llm?.rolesEvidence === 'estimated');
  return {
    id: 'roles',
    title: l10n.t('Tokens by role'),
    note: [isEstimated ? l10n.t('Roles are estimated from the lengths of the messages.') : '', leftOut(calls.length - known.length)].filter((part) => part !== '').join(' '),
    missing: series.length > 0 ? null : calls.length === 0 ? NO_MODEL_CALL : l10n.t('Who wrote which tokens is not known: of no call are both the messages and the prompt’s tokens.'),
    kind: 'stacks',
    yTitle: l10n.t('tokens'),
    yText: formatTokens,
    ...perCall(bins, series, formatTokens),
  };
}

const NO_MODEL_CALL = l10n.t('No call to a model is shown.');

function leftOut(calls: number): string {
  return calls === 0 ? '' : l10n.t`Not known of ${formatCount(calls, 'call')}.`;
}

function cacheChart(calls: readonly NumberedCall[]): CallChart {
  const known = calls.filter(({ cost: { span } }) => span.llm !== null && span.llm.cachedTokens !== null && span.llm.promptTokens !== null);
  const bins = binsOf(known);
  const series = [
    binSeries(l10n.t('from the cache'), bins, ({ cost }) => cost.span.llm?.cachedTokens ?? null),
    binSeries(l10n.t('computed'), bins, ({ cost }) => Math.max(0, (cost.span.llm?.promptTokens ?? 0) - (cost.span.llm?.cachedTokens ?? 0))),
  ];
  return {
    id: 'cache',
    title: l10n.t('Cache hits of prompts'),
    note: leftOut(calls.length - known.length),
    missing: known.length > 0 ? null : calls.length === 0 ? NO_MODEL_CALL : l10n.t('Cached tokens unknown: the server does not report them. Start vLLM with --enable-prompt-tokens-details.'),
    kind: 'stacks',
    yTitle: l10n.t('prompt tokens'),
    yText: formatTokens,
    ...perCall(bins, series, formatTokens),
  };
}

/** A conversation as it goes on. Where it forks, a line of its own begins at the call that both go on from. */
interface Conversation {
  name: string;
  points: ChartPoint[];
}

/**
 * Prompts of each conversation. Of requests in which no call is known to go on from another, as where messages were not kept,
 * the calls are one line; calls outside of requests are together.
 */
function conversationsOf(model: TimelineModel, known: readonly NumberedCall[]): Conversation[] {
  const requestOf = new Map(known.map(({ cost }) => [cost.number, enclosing(model, cost.number, 'agent')]));
  const before = new Map(known.map(({ cost }) => [cost.number, model.numberOf(cost.span.llm?.continues ?? '')]));
  const told = new Set<number>();
  for (const [number, from] of before) if (requestOf.has(from)) for (const each of [number, from]) told.add(requestOf.get(each) ?? -1);
  const all: Conversation[] = [];
  const byCall = new Map<number, Conversation>();
  const byRequest = new Map<number, Conversation[]>();
  const begin = (request: number, points: ChartPoint[]): Conversation => {
    const conversation = { name: requestName(model, request), points };
    all.push(conversation);
    const others = byRequest.get(request);
    if (others === undefined) byRequest.set(request, [conversation]);
    else others.push(conversation);
    return conversation;
  };
  for (const { cost, place } of known) {
    const request = requestOf.get(cost.number) ?? -1;
    const from = before.get(cost.number) ?? -1;
    const goesOn = byCall.get(from);
    let conversation = told.has(request) ? goesOn : byRequest.get(request)?.[0];
    const fork = told.has(request) ? goesOn?.points.findIndex(({ numbers }) => numbers[0] === from) : undefined;
    if (conversation === undefined) conversation = begin(request, []);
    else if (fork !== undefined && fork >= 0 && fork < conversation.points.length - 1) conversation = begin(request, conversation.points.slice(fork, fork + 1));
    conversation.points.push({ x: (conversation.points.at(-1)?.x ?? 0) + 1, y: cost.span.llm?.promptTokens ?? 0, numbers: [cost.number], place: l10n.t('call {0}', localNumber(place)) });
    byCall.set(cost.number, conversation);
  }
  for (const several of byRequest.values()) if (several.length > 1) several.forEach((conversation, index) => (conversation.name = `${conversation.name} · ${l10n.t('branch {0}', localNumber(index + 1))}`));
  return all;
}

function requestName(model: TimelineModel, request: number): string {
  const span = model.spanAt(request);
  return span === null ? l10n.t('outside of requests') : nameText(span);
}

function growthChart(model: TimelineModel, calls: readonly NumberedCall[]): CallChart {
  const known = calls.filter(({ cost }) => (cost.span.llm?.promptTokens ?? null) !== null);
  const all = conversationsOf(model, known);
  const longest = new Set(all.toSorted((a, b) => b.points.length - a.points.length).slice(0, MOST_LINES));
  const chosen = all.filter((each) => longest.has(each));
  const series = chosen.map(({ name, points }) => ({ name, points: thinned(points) }));
  const places = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const hidden = all.length - chosen.length;
  return {
    id: 'growth',
    title: l10n.t('Context growth'),
    note: [hidden > 0 ? l10n.t`The ${localNumber(chosen.length)} conversations of the most calls, of ${localNumber(all.length)}.` : '', leftOut(calls.length - known.length)].filter((part) => part !== '').join(' '),
    missing: series.length > 0 ? null : calls.length === 0 ? NO_MODEL_CALL : l10n.t('How long the prompts were is not known: the server does not report tokens.'),
    kind: 'lines',
    xTitle: l10n.t('calls of a conversation'),
    xText: localNumber,
    yTitle: l10n.t('prompt tokens'),
    yText: formatTokens,
    series,
    table: { head: [l10n.t('call of the conversation'), ...series.map(({ name }) => name)], rows: places.slice(0, MOST_BARS).map((x) => [localNumber(x), ...series.map(({ points }) => textAt(points, x, formatTokens))]) },
  };
}

/** Of very many points as many as can be told apart: the last of each stretch, as a prompt only grows. */
function thinned(points: readonly ChartPoint[]): ChartPoint[] {
  const size = Math.ceil(points.length / MOST_BARS);
  return points.filter((_, index) => index === 0 || index === points.length - 1 || (index + 1) % size === 0);
}

const FIRST_TOKEN = l10n.t('first token');

const TABLE_SHARES = [0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1];

/** Shares of calls that took no longer than a time. */
function latencyChart(costs: readonly CallCost[]): CallChart {
  const kinds = [
    { name: l10n.t('model calls'), timed: timedOf(costs, ({ span, ms }) => (span.kind === 'llm' ? ms : null)) },
    { name: FIRST_TOKEN, timed: timedOf(costs, ({ span }) => span.llm?.ttftMs ?? null) },
    { name: l10n.t('tools'), timed: timedOf(costs, ({ span, ms }) => (span.kind === 'tool' ? ms : null)) },
  ].filter(({ timed }) => timed.length > 0);
  return {
    id: 'latency',
    title: l10n.t('Latency'),
    note: kinds.length === 0 || kinds.some(({ name }) => name === FIRST_TOKEN) ? '' : l10n.t('Time to the first token is not known: it is of streamed answers alone.'),
    missing: kinds.length > 0 ? null : l10n.t('No call to a model or a tool is shown.'),
    kind: 'steps',
    xTitle: l10n.t('time'),
    xText: formatDuration,
    yTitle: l10n.t('calls that took no longer'),
    yText: formatPercent,
    series: kinds.map(({ name, timed }) => ({ name, points: steps(timed) })),
    table: {
      head: [l10n.t('of the calls'), ...kinds.map(({ name }) => name)],
      rows: TABLE_SHARES.map((share) => [formatPercent(share), ...kinds.map(({ timed }) => formatDuration(percentile(ascending(timed.map(({ ms }) => ms)), share)))]),
    },
  };
}

interface Timed {
  number: number;
  ms: number;
}

/** The quickest first. What still runs has no time yet. */
function timedOf(costs: readonly CallCost[], msOf: (cost: CallCost) => number | null): Timed[] {
  return costs
    .flatMap((cost): Timed[] => {
      const ms = cost.span.endMs === null ? null : msOf(cost);
      return ms === null ? [] : [{ number: cost.number, ms }];
    })
    .sort((a, b) => a.ms - b.ms);
}

function steps(timed: readonly Timed[]): ChartPoint[] {
  const count = Math.min(MOST_STEPS, timed.length);
  return Array.from({ length: count }, (_, index) => {
    const rank = Math.ceil(((index + 1) * timed.length) / count);
    const { number, ms } = timed[rank - 1] as Timed;
    return { x: ms, y: rank / timed.length, numbers: [number], place: formatDuration(ms) };
  });
}

/** One sentence for who can't see it. */
export function describeCallChart({ title, missing, series, yTitle, yText, kind }: CallChart): string {
  if (missing !== null) return `${title}: ${missing}`;
  const parts = series.map(({ name, points }) => {
    if (kind === 'steps') return l10n.t`${name}: half took no longer than ${points.find(({ y }) => y >= 0.5)?.place ?? '–'}`;
    const values = points.map(({ y }) => y);
    return l10n.t`${name} ${yText(Math.min(...values))} to ${yText(Math.max(...values))}`;
  });
  return `${title}, ${yTitle}. ${parts.join('; ')}.`;
}

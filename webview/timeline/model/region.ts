/**
 * What happened in a stretch of the run: the agent's and the GPU's time, energy, calls, tokens and money. Pure.
 *
 * Times and energy are those of the stretch exactly. A call that reaches beyond an edge brings the share of its tokens
 * and money that falls inside: its prompt over its prefill, what it wrote over its decode, as far as these are known,
 * else over the whole call. Sums of neighbouring stretches therefore add up to that of both.
 */
import { stretchBand } from '../../../src/analysis/energyError.ts';
import { MS_PER_HOUR } from '../../../src/analysis/money.ts';
import { ascending, percentiles, sumKnown, weakestEvidence } from '../../../src/analysis/statistics.ts';
import { wattHours, type Milliseconds, type Tokens, type UsDollars, type WattHours } from '../../../src/profile/units.ts';
import type { Evidence } from '../../../src/profile/recordingFormat.ts';
import type { Grade, ReportSpan } from '../../../src/profile/report.ts';
import type { SpanLaneName } from './spanParts.ts';
import type { GpuTrack } from './gpuTrack.ts';
import type { GpuPartTrack, TimelineModel } from './timelineModel.ts';

export interface Region {
  start: Milliseconds;
  end: Milliseconds;
}

export interface Percentiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface RegionSums {
  region: Region;
  /** Calls and tools that touch it, whole or in part; tools inside others are part of these. */
  llmCalls: number;
  toolCalls: number;
  failed: number;
  /** Of these calls and tools, how many reach beyond an edge. */
  cut: number;
  /** Sums to the region's length. */
  agentMs: { llm: Milliseconds; tool: Milliseconds; overlap: Milliseconds; other: Milliseconds };
  /** Null where the GPU's states are not known all through. */
  gpuMs: { prefill: Milliseconds; decode: Milliseconds; mixed: Milliseconds; foreign: Milliseconds; idle: Milliseconds } | null;
  gpuEvidence: Evidence | null;
  /** What the GPUs drew: at work for the run, idle, and for others. Null where power is not known all through. */
  drawnWh: { active: WattHours; idle: WattHours; foreign: WattHours; total: WattHours } | null;
  grade: Grade | null;
  /** From the least to the most that the total may be; null where that is not known. */
  band: [WattHours, WattHours] | null;
  /** The same of each server and GPU, where there are several. */
  parts: RegionPart[];
  promptTokens: Tokens | null;
  cachedTokens: Tokens | null;
  completionTokens: Tokens | null;
  /** Weakest of the calls', `estimated` once a call had to be shared out. */
  tokenEvidence: Evidence | null;
  /** Whole calls and tools, those that reach beyond an edge included. */
  callMs: Percentiles;
  toolMs: Percentiles;
  ttftMs: Percentiles;
  /** Of the calls' medians: the report has no single gaps. */
  itlMs: Percentiles;
  /** What the calls are charged. */
  callsUsd: UsDollars | null;
  /** Price of the GPUs for as long as the region is. */
  gpuUsd: UsDollars | null;
}

/** `gpuMs` is null as well where it is not known which server used a GPU. */
export interface RegionPart extends Pick<RegionSums, 'gpuMs' | 'gpuEvidence' | 'drawnWh' | 'grade' | 'band'> {
  kind: GpuPartTrack['head']['kind'];
  name: string;
}

/** The stretch between two moments in either order, inside the run. */
export function regionBetween(a: Milliseconds, b: Milliseconds, wallMs: Milliseconds): Region {
  const inside = (time: Milliseconds): Milliseconds => Math.min(Math.max(time, 0), wallMs);
  return { start: inside(Math.min(a, b)), end: inside(Math.max(a, b)) };
}

/** A region is without its last moment, so that neighbours share nothing; only the last one has the run's. */
function halfOpen(model: TimelineModel, { start, end }: Region): Region {
  return { start, end: end >= model.wallMs ? Infinity : end };
}

/** Numbers of a lane's spans that touch the region, in no order. */
export function spansTouching(model: TimelineModel, name: SpanLaneName, region: Region): Set<number> {
  const { start, end } = halfOpen(model, region);
  const lane = model.lanes[name];
  const found = new Set<number>();
  for (const { exact } of lane.rows) {
    let i = exact.firstEndingAfter(start);
    // A moment without length at the very edge is inside.
    while (i > 0 && (exact.end[i - 1] ?? 0) >= start && exact.start[i - 1] === exact.end[i - 1]) i--;
    for (; i < exact.length && (exact.start[i] ?? 0) < end; i++) found.add(exact.index[i] ?? -1);
  }
  for (const [number, running] of lane.running) if (running.start < end) found.add(number);
  return found;
}

export function sumRegion(model: TimelineModel, region: Region): RegionSums {
  const spansOf = (numbers: Iterable<number>): ReportSpan[] => Array.from(numbers, (number) => model.spanAt(number)).filter((span) => span !== null);
  const toolNumbers = [...spansTouching(model, 'tool', region)];
  const calls = spansOf(spansTouching(model, 'llm', region));
  const tools = spansOf(toolNumbers);
  const shared = halfOpen(model, region);
  const usdPerHour = model.head?.accounting.gpuUsdPerHour ?? null;
  const durations = (spans: readonly ReportSpan[]): Percentiles => percentiles(ascending(spans.map((span) => model.endOf(span) - model.startOf(span))));
  const known = (valueOf: (llm: NonNullable<ReportSpan['llm']>) => number | null): Percentiles => percentiles(ascending(calls.flatMap(({ llm }) => (llm === null ? [] : (valueOf(llm) ?? [])))));
  return {
    region,
    llmCalls: calls.length,
    toolCalls: toolNumbers.filter((number) => !insideTool(model, number)).length,
    failed: [...calls, ...tools].filter((span) => span.status === 'error').length,
    cut: [...calls, ...tools].filter((span) => isCut(model, span, region)).length,
    agentMs: agentTimeIn(model, calls, tools, region),
    ...wholeGpuIn(model, region),
    parts: model.parts.map(({ head, track }) => ({ kind: head.kind, name: head.name, ...gpuIn(track, region, head.ownStates ? head.evidence : null, head) })),
    ...tokensIn(model, calls, region),
    callMs: durations(calls),
    toolMs: durations(tools),
    ttftMs: known((llm) => llm.ttftMs),
    itlMs: known((llm) => llm.itlMs.p50),
    callsUsd: sumKnown(calls.map((span) => times(span.llm?.costUsd ?? null, shareIn(model.startOf(span), model.endOf(span), shared)))),
    gpuUsd: usdPerHour === null ? null : (usdPerHour * (region.end - region.start)) / MS_PER_HOUR,
  };
}

/** More levels than any agent has; parents in a circle end here. */
const MOST_LEVELS = 64;

function insideTool(model: TimelineModel, number: number): boolean {
  let above = model.parentOf(number);
  for (let level = 0; above >= 0 && level < MOST_LEVELS; level++) {
    if (model.placeOf(above)?.lane === 'tool') return true;
    above = model.parentOf(above);
  }
  return false;
}

function isCut(model: TimelineModel, span: ReportSpan, { start, end }: Region): boolean {
  return model.startOf(span) < start || model.endOf(span) > end;
}

function times(value: number | null, share: number): number | null {
  return value === null ? null : value * share;
}

/** How much of [from, to) is inside, 0 to 1; a moment without length is inside or not. */
function shareIn(from: Milliseconds, to: Milliseconds, { start, end }: Region): number {
  if (to <= from) return from >= start && from < end ? 1 : 0;
  return Math.max(0, Math.min(to, end) - Math.max(from, start)) / (to - from);
}

/** Union over the region, as the report's own is over the run. */
export function agentTimeIn(model: TimelineModel, calls: readonly ReportSpan[], tools: readonly ReportSpan[], { start, end }: Region): RegionSums['agentMs'] {
  const edges: { at: Milliseconds; llm: number; tool: number }[] = [];
  const add = (spans: readonly ReportSpan[], llm: number, tool: number): void => {
    for (const span of spans) {
      const from = Math.max(start, model.startOf(span));
      const to = Math.min(end, model.endOf(span));
      if (to > from) edges.push({ at: from, llm, tool }, { at: to, llm: -llm, tool: -tool });
    }
  };
  add(calls, 1, 0);
  add(tools, 0, 1);
  edges.sort((a, b) => a.at - b.at);
  const time = { llm: 0, tool: 0, overlap: 0, other: 0 };
  let at = start;
  let llm = 0;
  let tool = 0;
  const spend = (until: Milliseconds): void => {
    time[llm > 0 ? (tool > 0 ? 'overlap' : 'llm') : tool > 0 ? 'tool' : 'other'] += until - at;
    at = until;
  };
  for (const edge of edges) {
    if (edge.at > at) spend(edge.at);
    llm += edge.llm;
    tool += edge.tool;
  }
  spend(end);
  return time;
}

function wholeGpuIn({ gpu, head }: TimelineModel, region: Region): ReturnType<typeof gpuIn> {
  const totals = head?.totals;
  return gpuIn(gpu, region, totals === undefined || totals.gpuMs.idle === null ? null : totals.gpuEvidence, totals?.energyWh ?? NOT_READ);
}

/** How its power is known. */
interface PowerReading {
  grade: Grade | null;
  resolutionMs?: Milliseconds | null;
}
const NOT_READ: PowerReading = { grade: null };

/** @param evidence of the states; null: they are not known */
function gpuIn({ segments, power }: GpuTrack, { start, end }: Region, evidence: Evidence | null, { grade, resolutionMs = null }: PowerReading): Pick<RegionSums, 'gpuMs' | 'gpuEvidence' | 'drawnWh' | 'grade' | 'band'> {
  const gpuMs = { prefill: 0, decode: 0, mixed: 0, foreign: 0, idle: 0 };
  const drawn = { active: 0, idle: 0, foreign: 0, total: 0 };
  let powerKnown = true;
  let covered = 0;
  for (let i = Math.max(0, power.stepAt(start)); i < segments.length; i++) {
    const segment = segments[i];
    if (segment === undefined || segment.startMs >= end) break;
    const length = Math.min(segment.endMs, end) - Math.max(segment.startMs, start);
    if (!(length > 0)) continue;
    covered += length;
    gpuMs[segment.state] += length;
    if (segment.watts === null) {
      powerKnown = false;
      continue;
    }
    const energy = wattHours(segment.watts, length);
    const theirs = segment.state === 'foreign' ? 1 : segment.state === 'idle' ? 0 : (segment.others?.share ?? 0);
    drawn.total += energy;
    drawn.foreign += energy * theirs;
    drawn[segment.state === 'idle' ? 'idle' : 'active'] += energy * (1 - theirs);
  }
  const whole = covered > 0 && covered >= (end - start) * (1 - 1e-6);
  const statesKnown = whole && evidence !== null;
  const drawnWh = whole && powerKnown ? drawn : null;
  const band = stretchBand(drawnWh?.total ?? null, grade, end - start, resolutionMs);
  return { gpuMs: statesKnown ? gpuMs : null, gpuEvidence: statesKnown ? evidence : null, drawnWh, grade: drawnWh === null ? null : grade, band };
}

/** Of calls, the share that is in the region. */
export function tokensIn(model: TimelineModel, calls: readonly ReportSpan[], region: Region): Pick<RegionSums, 'promptTokens' | 'cachedTokens' | 'completionTokens' | 'tokenEvidence'> {
  const sums = { prompt: [] as (number | null)[], cached: [] as (number | null)[], completion: [] as (number | null)[] };
  const evidence: Evidence[] = [];
  const shared = halfOpen(model, region);
  let cachedKnown = true;
  for (const span of calls) {
    const { llm } = span;
    if (llm === null) continue;
    const start = model.startOf(span);
    const end = model.endOf(span);
    const { read, written } = phasesOf(llm, start, end);
    const promptShare = shareIn(read[0], read[1], shared);
    sums.prompt.push(times(llm.promptTokens, promptShare));
    sums.cached.push(times(llm.cachedTokens, promptShare));
    sums.completion.push(times(llm.completionTokens, shareIn(written[0], written[1], shared)));
    if (llm.promptTokens !== null && llm.cachedTokens === null) cachedKnown = false;
    if (llm.tokenEvidence !== null) evidence.push(isCut(model, span, region) ? 'estimated' : llm.tokenEvidence);
  }
  return {
    promptTokens: sumKnown(sums.prompt),
    cachedTokens: cachedKnown ? sumKnown(sums.cached) : null,
    completionTokens: sumKnown(sums.completion),
    tokenEvidence: weakestEvidence(evidence),
  };
}

type Stretch = readonly [Milliseconds, Milliseconds];

/** When a call's prompt was read and its answer written: by its phases, else by its first token, else the whole call for both. */
function phasesOf(llm: NonNullable<ReportSpan['llm']>, start: Milliseconds, end: Milliseconds): { read: Stretch; written: Stretch } {
  const first = llm.prefillMs === null ? llm.ttftMs : (llm.queueMs ?? 0) + llm.prefillMs;
  if (first === null || !(first > 0) || start + first >= end) return { read: [start, end], written: [start, end] };
  const queue = llm.prefillMs === null ? 0 : Math.max(0, llm.queueMs ?? 0);
  const done = llm.prefillMs === null || llm.decodeMs === null || !(llm.decodeMs > 0) ? end : Math.min(end, start + first + llm.decodeMs);
  return { read: [Math.min(start + queue, start + first), start + first], written: [start + first, done] };
}

/**
 * What each call to a model or a tool cost, such that costs can be added up: a call inside another call has its time to itself,
 * and what the GPU idled for is with the tool that was waited for. Pure.
 */
import { durationOf } from './spanText.ts';
import type { TimelineModel } from './timelineModel.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';
import type { Milliseconds, Tokens, UsDollars, WattHours } from '../../../src/profile/units.ts';

const MS_PER_HOUR = 3_600_000;

export interface CallCost {
  /** Of its span. */
  number: number;
  span: ReportSpan;
  /** From its start to its end, or to now while it runs; null where that can't be told. */
  ms: Milliseconds | null;
  /** Of that, what went by outside of calls within it. */
  selfMs: Milliseconds | null;
  /** Prompt and completion. */
  tokens: Tokens | null;
  /** A model call's own, or what the GPU drew idle behind a tool. */
  energyWh: WattHours | null;
  /** A model call's own, or what the GPU cost idle behind a tool, where it is paid by the hour. */
  usd: UsDollars | null;
  /** The outermost tool that it is a part of, by number; -1 for none. What an agent does that runs inside of a tool is no part of that. */
  outerTool: number;
}

export function isCall(span: ReportSpan): boolean {
  return span.kind === 'llm' || span.kind === 'tool';
}

/** All calls in order of start, each with what it cost. */
export function callCosts(model: TimelineModel): CallCost[] {
  const usdPerHour = model.head?.accounting.gpuUsdPerHour ?? null;
  const usdPerIdleMs = usdPerHour === null ? null : usdPerHour / MS_PER_HOUR;
  const costs: CallCost[] = [];
  const byNumber = new Map<number, CallCost>();
  model.eachSpan((span, number) => {
    if (!isCall(span)) return;
    const ms = span.endMs === null ? Math.max(0, model.wallMs - model.startOf(span)) : durationOf(span);
    const cost = { number, span, ms, selfMs: ms, tokens: tokensOf(span), energyWh: energyOf(span), usd: usdOf(span, usdPerIdleMs), outerTool: -1 };
    costs.push(cost);
    byNumber.set(number, cost);
  });
  const inside = new Map<CallCost, CallCost[]>();
  for (const cost of costs) {
    const above = callAbove(model, cost.number, byNumber);
    if (above === null) continue;
    const list = inside.get(above);
    if (list === undefined) inside.set(above, [cost]);
    else list.push(cost);
    if (cost.span.kind === 'tool') cost.outerTool = outermostTool(model, cost.number, byNumber);
  }
  for (const [cost, parts] of inside) if (cost.ms !== null) cost.selfMs = Math.max(0, cost.ms - unionWithin(model, cost, parts));
  return costs.sort((a, b) => a.span.startMs - b.span.startMs || a.number - b.number);
}

function tokensOf({ llm }: ReportSpan): number | null {
  if (llm === null || (llm.promptTokens === null && llm.completionTokens === null)) return null;
  return (llm.promptTokens ?? 0) + (llm.completionTokens ?? 0);
}

function energyOf({ llm, tool }: ReportSpan): number | null {
  return llm !== null ? llm.energyWh.active : (tool?.idleEnergyWh ?? null);
}

function usdOf({ llm, tool }: ReportSpan, usdPerIdleMs: number | null): number | null {
  if (llm !== null) return llm.costUsd;
  return tool === null || tool.idleBlameMs === null || usdPerIdleMs === null ? null : tool.idleBlameMs * usdPerIdleMs;
}

/** Calls above a span are few; a circle of parents ends where it began. */
const DEEPEST = 1000;

function* above(model: TimelineModel, number: number): Generator<number, void> {
  let at = model.parentOf(number);
  for (let depth = 0; at >= 0 && at !== number && depth < DEEPEST; depth++) {
    yield at;
    at = model.parentOf(at);
  }
}

function callAbove(model: TimelineModel, number: number, calls: ReadonlyMap<number, CallCost>): CallCost | null {
  for (const at of above(model, number)) {
    const call = calls.get(at);
    if (call !== undefined) return call;
  }
  return null;
}

function outermostTool(model: TimelineModel, number: number, calls: ReadonlyMap<number, CallCost>): number {
  let outermost = -1;
  for (const at of above(model, number)) {
    if (calls.get(at)?.span.kind === 'tool') outermost = at;
    else if (model.spanAt(at)?.kind === 'agent') break;
  }
  return outermost;
}

/** How much of a call its parts take, those at the same time once. */
function unionWithin(model: TimelineModel, whole: CallCost, parts: readonly CallCost[]): Milliseconds {
  const from = model.startOf(whole.span);
  const to = from + (whole.ms ?? 0);
  let total = 0;
  let until = from;
  const spans = parts.map(({ span }) => ({ start: model.startOf(span), end: model.endOf(span) })).sort((a, b) => a.start - b.start);
  for (const { start, end } of spans) {
    const begin = Math.max(start, until);
    const stop = Math.min(end, to);
    if (stop <= begin) continue;
    total += stop - begin;
    until = stop;
  }
  return total;
}

/** The nearest span of a kind that a span is inside of, or -1. */
export function enclosing(model: TimelineModel, number: number, kind: ReportSpan['kind']): number {
  for (const at of above(model, number)) if (model.spanAt(at)?.kind === kind) return at;
  return -1;
}

/**
 * What one of several tasks took that a program worked on: its part of the report. Pure.
 *
 * One after the other: the program says when each began and ended; calls, tools and the GPU's work in between are the task's.
 * Some at once: the program's own traces say which span is the task's; what is inside that span is the task's.
 */
import type { TimelineDocument } from '../protocol/webview.ts';
import type { ReportSpan } from '../profile/report.ts';
import type { Milliseconds, Tokens, UsDollars, WattHours } from '../profile/units.ts';
import { groupBy } from './grouping.ts';
import { sumKnown, tidy } from './statistics.ts';

/** On the run's clock. */
export interface Stretch {
  startMs: Milliseconds;
  endMs: Milliseconds;
}

export interface TaskCost {
  latencyMs: Milliseconds;
  /** Only models at work, only tools, both, neither; sums to the latency. */
  agentMs: { llm: Milliseconds; tool: Milliseconds; overlap: Milliseconds; other: Milliseconds };
  llmCalls: number;
  failedCalls: number;
  promptTokens: Tokens | null;
  cachedTokens: Tokens | null;
  completionTokens: Tokens | null;
  /**
   * Null where the GPU's work is not known. `mixed` is prefill and decode in one step. Of tasks at once: while it worked for the
   * task's calls, perhaps for others' too; `idle`: while it worked for nobody.
   */
  gpuMs: { prefill: Milliseconds; decode: Milliseconds; mixed: Milliseconds; idle: Milliseconds } | null;
  /** `active`: the calls' own; `total`: all that the GPUs drew meanwhile, null of tasks at once, which would each have it whole. */
  energyWh: { active: WattHours | null; total: WattHours | null };
  costUsd: UsDollars | null;
}

const MS_PER_HOUR = 3_600_000;

/** What is a task's where others were worked on at once. */
export interface OwnPart {
  /** Ids of the spans that are inside of its own. */
  spans: ReadonlySet<string>;
  /** When its tools were at work, as the program itself noted: a tool that a hook has seen may have come from any of the tasks. */
  toolUses: readonly Stretch[];
}

/** @param part null: all that lies in the task's time is the task's */
export function taskCost({ report, gpu }: TimelineDocument, task: Stretch, part: OwnPart | null = null): TaskCost {
  const own = part?.spans ?? null;
  const within = ({ id, startMs, endMs }: ReportSpan): boolean => {
    const middle = (startMs + (endMs ?? startMs)) / 2;
    return own === null ? middle >= task.startMs && middle < task.endMs : own.has(id);
  };
  const calls = report.spans.filter((each) => each.kind === 'llm' && within(each));
  const details = calls.flatMap(({ llm }) => llm ?? []);
  return {
    latencyMs: tidy(task.endMs - task.startMs),
    agentMs: agentTime(part === null ? report.spans.filter(({ kind }) => kind === 'llm') : calls, part === null ? report.spans.filter(({ kind }) => kind === 'tool') : part.toolUses, task),
    llmCalls: calls.length,
    failedCalls: calls.filter(({ status }) => status === 'error').length,
    promptTokens: sumKnown(details.map(({ promptTokens }) => promptTokens)),
    cachedTokens: sumKnown(details.map(({ cachedTokens }) => cachedTokens)),
    completionTokens: sumKnown(details.map(({ completionTokens }) => completionTokens)),
    gpuMs: report.totals.gpuMs.idle === null ? null : gpuTime(own === null ? gpu : gpu.filter(({ state, spans }) => state === 'idle' || spans.some((id) => own.has(id))), task),
    energyWh: { active: sumKnown(details.map(({ energyWh }) => energyWh.active)), total: own === null ? energyOf(gpu, task) : null },
    costUsd: sumKnown(details.map(({ costUsd }) => costUsd)),
  };
}

/** Finds the ids of a span and of all that is inside it; null where there is no such span. */
export function spansInside({ report: { spans } }: TimelineDocument): (root: string) => Set<string> | null {
  const ids = new Set(spans.map(({ id }) => id));
  const childrenOf = groupBy(spans, ({ parent }) => parent);
  return (root) => {
    if (!ids.has(root)) return null;
    const found = new Set([root]);
    for (const id of found) for (const child of childrenOf.get(id) ?? []) found.add(child.id);
    return found;
  };
}

/** The part of a stretch that lies in the task; 0 for none. */
export function overlapMs({ startMs, endMs }: { startMs: Milliseconds; endMs: Milliseconds | null }, task: Stretch): Milliseconds {
  return Math.max(0, Math.min(endMs ?? startMs, task.endMs) - Math.max(startMs, task.startMs));
}

type Work = Pick<ReportSpan, 'startMs' | 'endMs'>;

function agentTime(calls: readonly Work[], tools: readonly Work[], task: Stretch): TaskCost['agentMs'] {
  const during = (all: readonly Work[]) => all.filter((work) => overlapMs(work, task) > 0);
  const edges = [...edgesOf(during(calls), 0, task), ...edgesOf(during(tools), 1, task)].sort((one, other) => one.at - other.at);
  const running: [number, number] = [0, 0];
  const time = { llm: 0, tool: 0, overlap: 0, other: 0 };
  let from = task.startMs;
  for (const { at, kind, change } of [...edges, { at: task.endMs, kind: 0 as const, change: 0 }]) {
    const [llm, tool] = running;
    time[llm > 0 ? (tool > 0 ? 'overlap' : 'llm') : tool > 0 ? 'tool' : 'other'] += at - from;
    running[kind] += change;
    from = at;
  }
  return { llm: tidy(time.llm), tool: tidy(time.tool), overlap: tidy(time.overlap), other: tidy(time.other) };
}

function edgesOf(spans: readonly Work[], kind: 0 | 1, task: Stretch): { at: Milliseconds; kind: 0 | 1; change: number }[] {
  const inside = (at: Milliseconds) => Math.min(task.endMs, Math.max(task.startMs, at));
  return spans.flatMap(({ startMs, endMs }) => [
    { at: inside(startMs), kind, change: 1 },
    { at: inside(endMs ?? task.endMs), kind, change: -1 },
  ]);
}

function gpuTime(gpu: TimelineDocument['gpu'], task: Stretch): NonNullable<TaskCost['gpuMs']> {
  const of = (state: string) => tidy(gpu.filter((segment) => segment.state === state).reduce((sum, segment) => sum + overlapMs(segment, task), 0));
  return { prefill: of('prefill'), decode: of('decode'), mixed: of('mixed'), idle: of('idle') };
}

/** Power over time; null where it is not known throughout. */
function energyOf(gpu: TimelineDocument['gpu'], task: Stretch): WattHours | null {
  let energyWh = 0;
  let known = 0;
  for (const segment of gpu) {
    const ms = overlapMs(segment, task);
    if (ms === 0) continue;
    if (segment.watts === null) return null;
    energyWh += (segment.watts * ms) / MS_PER_HOUR;
    known += ms;
  }
  return known === 0 ? null : energyWh;
}

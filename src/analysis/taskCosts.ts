/**
 * What one of several tasks took, that a program worked on one after the other: its part of the report. Pure.
 *
 * The program says when each began and ended; calls, tools and the GPU's work in between are the task's.
 */
import type { TimelineDocument } from '../protocol/webview.ts';
import type { ReportSpan } from '../profile/report.ts';
import type { Milliseconds, Tokens, UsDollars, WattHours } from '../profile/units.ts';
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
  /** Null where the GPU's work is not known. `mixed` is prefill and decode in one step. */
  gpuMs: { prefill: Milliseconds; decode: Milliseconds; mixed: Milliseconds; idle: Milliseconds } | null;
  /** `active`: the calls' own; `total`: all that the GPUs drew meanwhile. */
  energyWh: { active: WattHours | null; total: WattHours | null };
  costUsd: UsDollars | null;
}

const MS_PER_HOUR = 3_600_000;

export function taskCost({ report, gpu }: TimelineDocument, task: Stretch): TaskCost {
  const within = ({ startMs, endMs }: ReportSpan): boolean => {
    const middle = (startMs + (endMs ?? startMs)) / 2;
    return middle >= task.startMs && middle < task.endMs;
  };
  const calls = report.spans.filter((span) => span.kind === 'llm' && within(span));
  const details = calls.flatMap(({ llm }) => llm ?? []);
  return {
    latencyMs: tidy(task.endMs - task.startMs),
    agentMs: agentTime(report.spans, task),
    llmCalls: calls.length,
    failedCalls: calls.filter(({ status }) => status === 'error').length,
    promptTokens: sumKnown(details.map(({ promptTokens }) => promptTokens)),
    cachedTokens: sumKnown(details.map(({ cachedTokens }) => cachedTokens)),
    completionTokens: sumKnown(details.map(({ completionTokens }) => completionTokens)),
    gpuMs: report.totals.gpuMs.idle === null ? null : gpuTime(gpu, task),
    energyWh: { active: sumKnown(details.map(({ energyWh }) => energyWh.active)), total: energyOf(gpu, task) },
    costUsd: sumKnown(details.map(({ costUsd }) => costUsd)),
  };
}

/** The part of a stretch that lies in the task; 0 for none. */
function overlapMs({ startMs, endMs }: { startMs: Milliseconds; endMs: Milliseconds | null }, task: Stretch): Milliseconds {
  return Math.max(0, Math.min(endMs ?? startMs, task.endMs) - Math.max(startMs, task.startMs));
}

function agentTime(spans: readonly ReportSpan[], task: Stretch): TaskCost['agentMs'] {
  const during = spans.filter((span) => overlapMs(span, task) > 0);
  const edges = [...edgesOf(during.filter(({ kind }) => kind === 'llm'), 0, task), ...edgesOf(during.filter(({ kind }) => kind === 'tool'), 1, task)].sort((one, other) => one.at - other.at);
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

function edgesOf(spans: readonly ReportSpan[], kind: 0 | 1, task: Stretch): { at: Milliseconds; kind: 0 | 1; change: number }[] {
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

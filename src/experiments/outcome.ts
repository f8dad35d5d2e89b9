/** What became of one request, and of the server meanwhile. */
import type { Joules, Milliseconds, Ratio, Tokens } from '../profile/units.ts';
import type { FinishedRequest } from '../simulator/engine/engineStep.ts';
import type { Role } from './requests/request.ts';

export interface FinishedCall extends FinishedRequest {
  role: Role;
  /** When it left the client; it is with the engine later. */
  sent: Milliseconds;
}

interface Interval {
  from: Milliseconds;
  to: Milliseconds;
}

export interface RequestOutcome {
  arrival: Milliseconds;
  end: Milliseconds;
  calls: FinishedCall[];
  tools: Interval[];
  /** The behaviour's word; null where nothing is asked that could be right. */
  solved: boolean | null;
}

/** What the server did while it was measured. */
export interface ServerOutcome {
  wallMs: Milliseconds;
  /** Sums to `wallMs`. */
  gpuMs: { prefill: Milliseconds; decode: Milliseconds; mixed: Milliseconds; idle: Milliseconds };
  /** Share of the time in which any part of the GPUs works, as DCGM's `GR_ENGINE_ACTIVE` counts it; null where the host's part of steps is not known. */
  engineActive: Ratio | null;
  /** Of all GPUs; null where a step's power is not known, or idle power is not and they idled. */
  joules: Joules | null;
  /** Tokens' worth of KV blocks that requests held: on average over the time, on average while a step ran, and at most. */
  kvTokens: { mean: Tokens; whileBusy: Tokens; most: Tokens };
  preemptions: number;
}

/** How long a request waited for the model, for tools, and for both at once. A call that writes tests is a tool's, as the paper counts it. */
export function latencyShares({ arrival, end, calls, tools }: RequestOutcome): { llmMs: Milliseconds; toolMs: Milliseconds; overlapMs: Milliseconds } {
  const interval = ({ sent, times }: FinishedCall): Interval => ({ from: sent, to: times.lastToken });
  const isOfTool = ({ role }: FinishedCall) => role === 'write tests';
  const llm = union(calls.filter((call) => !isOfTool(call)).map(interval));
  const tool = union([...tools, ...calls.filter(isOfTool).map(interval)]);
  const both = length(union([...llm, ...tool]));
  const overlapMs = length(llm) + length(tool) - both;
  // Floating-point sums may come out a little above the whole.
  return { llmMs: Math.min(length(llm), end - arrival), toolMs: length(tool), overlapMs: Math.max(0, overlapMs) };
}

function union(intervals: readonly Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (const { from, to } of intervals.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

function length(intervals: readonly Interval[]): Milliseconds {
  return intervals.reduce((sum, { from, to }) => sum + to - from, 0);
}

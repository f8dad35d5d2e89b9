/** Figures of a table: of each repeat, and their means with 95 % confidence intervals over the repeats. Pure. */
import { estimate, meanOf, percentileOf, type Estimate } from '../statistics.ts';
import type { TaskRow } from './columns.ts';
import { groupOf } from './merge.ts';

/** Of one repeat, or of the shards of one; null where it is not known. Latencies in milliseconds. */
export interface RepeatFigures {
  tasks: number;
  failed: number;
  score: number | null;
  latencyMs: { mean: number; p50: number; p95: number; p99: number } | null;
  /** Tasks that were answered per second, from the first one's arrival (or start) to the last one's end. */
  throughputPerSecond: number | null;
  /** Tasks that came per second, where they came at a rate. */
  arrivedPerSecond: number | null;
  /** How much later than scheduled tasks began, where they came at a rate. */
  lateMs: { mean: number; max: number } | null;
  llmCalls: number | null;
  toolCalls: number | null;
  promptTokens: number | null;
  completionTokens: number | null;
  activeEnergyWh: number | null;
  costUsd: number | null;
}

/** Figures of the measured rows: what warms up is left out. */
export function repeatFigures(all: readonly TaskRow[]): RepeatFigures {
  const rows = all.filter(({ warm_up: warmUp }) => !warmUp);
  const worked = rows.filter(({ error }) => error === null);
  const meanKnown = (value: (row: TaskRow) => number | null): number | null => {
    const known = worked.flatMap((row) => value(row) ?? []);
    return known.length === 0 ? null : meanOf(known);
  };
  const latencies = worked.flatMap(({ latency_ms: ms }) => ms ?? []);
  const late = rows.flatMap(({ late_ms: ms }) => ms ?? []);
  const arrivals = rows.map((row) => Date.parse(row.scheduled_at ?? row.started_at));
  const from = Math.min(...arrivals);
  const arrivalSpanSeconds = (Math.max(...arrivals) - from) / 1000;
  const spanSeconds = (Math.max(...rows.map((row, index) => arrivals[index]! + (row.latency_ms ?? 0))) - from) / 1000;
  return {
    tasks: rows.length,
    failed: rows.length - worked.length,
    score: meanKnown(({ score }) => score),
    latencyMs: latencies.length === 0 ? null : { mean: meanOf(latencies), p50: percentileOf(latencies, 0.5), p95: percentileOf(latencies, 0.95), p99: percentileOf(latencies, 0.99) },
    throughputPerSecond: rows.length === 0 || spanSeconds <= 0 ? null : worked.length / spanSeconds,
    // Of n arrivals there are n - 1 gaps.
    arrivedPerSecond: late.length < 2 || arrivalSpanSeconds <= 0 ? null : (rows.length - 1) / arrivalSpanSeconds,
    lateMs: late.length === 0 ? null : { mean: meanOf(late), max: Math.max(...late) },
    llmCalls: meanKnown((row) => row.llm_calls),
    toolCalls: meanKnown((row) => row.tool_calls),
    promptTokens: meanKnown((row) => row.prompt_tokens),
    completionTokens: meanKnown((row) => row.completion_tokens),
    activeEnergyWh: meanKnown((row) => row.active_energy_wh),
    costUsd: meanKnown((row) => row.cost_usd),
  };
}

/** Rows of one setting on one server's model, with the figures of each of their repeats. */
export interface SettingFigures {
  setting: string;
  model: string | null;
  backend: string;
  repeats: RepeatFigures[];
}

/** In the order of their first rows. */
export function settingFigures(rows: readonly TaskRow[]): SettingFigures[] {
  const settings = new Map<string, Map<number, TaskRow[]>>();
  for (const row of rows) {
    const repeats = settings.get(groupOf(row)) ?? new Map<number, TaskRow[]>();
    settings.set(groupOf(row), repeats);
    const repeat = repeats.get(row.repeat) ?? [];
    repeats.set(row.repeat, repeat);
    repeat.push(row);
  }
  return [...settings.values()].map((repeats) => {
    const [[{ setting, model, backend }]] = [...repeats.values()] as [[TaskRow]];
    return { setting, model, backend, repeats: [...repeats.values()].map(repeatFigures) };
  });
}

/** The mean of a figure over repeats; null where one of them does not have it. */
export function overRepeats(repeats: readonly RepeatFigures[], figure: (repeat: RepeatFigures) => number | null): Estimate | null {
  return estimate(repeats.map(figure));
}

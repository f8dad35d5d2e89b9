/** The tidy table of a bench: a row for each task, a column for each figure, with its unit in the name. */
import { taskCost, type TaskCost } from '../../analysis/taskCosts.ts';
import type { RunPlan, TaskResult } from '../../agents/results.ts';
import type { TimelineDocument } from '../../protocol/webview.ts';

export type Cell = string | number | boolean | null;
export type Row = Record<string, Cell>;

export interface BenchedTask {
  result: TaskResult;
  cost: TaskCost;
}

/** Each task with what the recording says of the time in which it was worked on. */
export function benchedTasks(document: TimelineDocument, results: readonly TaskResult[]): BenchedTask[] {
  const runStart = Date.parse(document.report.run.startedAt);
  return results.map((result) => ({ result, cost: taskCost(document, { startMs: result.startedAt - runStart, endMs: result.endedAt - runStart }) }));
}

/** What is not known is null. Every row has the same columns, also over runs, but for the benchmark's own metrics. */
export function taskRows({ report: { backend } }: TimelineDocument, plan: RunPlan, tasks: readonly BenchedTask[], recording: string): Row[] {
  return tasks.map(({ result, cost }, index) => ({
    benchmark: plan.benchmark,
    agent: plan.agent,
    tool_calling: plan.toolCalling,
    iterations: plan.budget.iterations,
    reflections: plan.budget.reflections,
    children: plan.budget.children,
    rollouts: plan.budget.rollouts,
    few_shot: plan.budget.fewShot,
    model: backend.model ?? plan.model,
    backend: backend.kind,
    gpu: backend.gpu,
    simulated: backend.simulated,
    items: plan.items,
    index: index + 1,
    task: result.id,
    started_at: new Date(result.startedAt).toISOString(),
    end: result.end,
    answer: result.answer,
    score: result.score,
    ...result.parts,
    steps: result.steps,
    latency_ms: cost.latencyMs,
    llm_only_ms: cost.agentMs.llm,
    tools_only_ms: cost.agentMs.tool,
    overlap_ms: cost.agentMs.overlap,
    other_ms: cost.agentMs.other,
    llm_calls: cost.llmCalls,
    failed_calls: cost.failedCalls,
    tool_calls: result.toolCalls,
    prompt_tokens: cost.promptTokens,
    cached_tokens: cost.cachedTokens,
    completion_tokens: cost.completionTokens,
    gpu_prefill_ms: cost.gpuMs?.prefill ?? null,
    gpu_decode_ms: cost.gpuMs?.decode ?? null,
    gpu_mixed_ms: cost.gpuMs?.mixed ?? null,
    gpu_idle_ms: cost.gpuMs?.idle ?? null,
    active_energy_wh: cost.energyWh.active,
    gpu_energy_wh: cost.energyWh.total,
    cost_usd: cost.costUsd,
    error: result.error,
    recording,
  }));
}

/** As RFC 4180 has it; an empty cell is a value that is not known. */
export function toCsv(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap(Object.keys))];
  const cell = (value: Cell | undefined) => {
    const text = value === null || value === undefined ? '' : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows.map((row) => columns.map((column) => row[column]))].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}

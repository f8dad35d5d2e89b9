/** From a run of the agents' program to rows of the tidy table. */
import { spansInside, taskCost, type TaskCost } from '../../analysis/taskCosts.ts';
import type { RunPlan, TaskResult } from '../../agents/results.ts';
import type { TaskRow } from '../../experiments/table/columns.ts';
import type { TimelineDocument } from '../../protocol/webview.ts';

export interface BenchedTask {
  result: TaskResult;
  /** Null where the recording does not tell: its trace never came, or the recording was cut off before its last call. */
  cost: TaskCost | null;
}

/** Each task with what the recording says of it. */
export function benchedTasks(document: TimelineDocument, results: readonly TaskResult[]): BenchedTask[] {
  const runStart = Date.parse(document.report.run.startedAt);
  const inside = spansInside(document);
  return results.map((result) => {
    const stretch = { startMs: (result.scheduledAt ?? result.startedAt) - runStart, endMs: result.endedAt - runStart };
    const own = result.trace === null ? null : inside(`trace:${result.trace.traceId}:${result.trace.spanId}`);
    if (result.trace !== null && own === null) return { result, cost: null };
    const toolUses = result.trace?.toolUses.map(({ startedAt, endedAt }) => ({ startMs: startedAt - runStart, endMs: endedAt - runStart })) ?? [];
    const cost = taskCost(document, stretch, own === null ? null : { spans: own, toolUses });
    return { result, cost: cost.llmCalls < (result.modelCalls ?? 0) ? null : cost };
  });
}

export interface RowsOf {
  document: TimelineDocument;
  plan: RunPlan;
  experiment: string;
  repeat: number;
  /** As it is to stand in the table. */
  recording: string;
}

/** What is not known is null. Every row has the same columns, also over runs, but for the benchmark's own metrics. */
export function taskRows(tasks: readonly BenchedTask[], { document, plan, experiment, repeat, recording }: RowsOf): TaskRow[] {
  const { backend } = document.report;
  const { iterations, reflections, children, rollouts, fewShot } = plan.budget;
  const setting = { tool_calling: plan.toolCalling, iterations, reflections, children, rollouts, few_shot: fewShot };
  return tasks.map(({ result, cost }) => ({
    experiment,
    agent: plan.agent,
    benchmark: plan.benchmark,
    setting: Object.entries(setting).map(([name, value]) => `${name}=${value}`).join(' '),
    model: backend.model ?? plan.model,
    backend: backend.kind,
    gpu: backend.gpu,
    simulated: backend.simulated,
    ...setting,
    clients: 'clients' in plan.load ? plan.load.clients : null,
    qps: 'perSecond' in plan.load ? plan.load.perSecond : null,
    seed: plan.seed,
    repeat,
    shard: `${plan.shard.index}/${plan.shard.count}`,
    items: plan.items,
    index: result.number,
    task: result.id,
    warm_up: result.warmUp,
    scheduled_at: result.scheduledAt === null ? null : new Date(result.scheduledAt).toISOString(),
    started_at: new Date(result.startedAt).toISOString(),
    late_ms: result.scheduledAt === null ? null : Math.max(0, result.startedAt - result.scheduledAt),
    end: result.end,
    answer: result.answer,
    score: result.score,
    steps: result.steps,
    latency_ms: result.endedAt - (result.scheduledAt ?? result.startedAt),
    llm_only_ms: cost?.agentMs.llm ?? null,
    tools_only_ms: cost?.agentMs.tool ?? null,
    overlap_ms: cost?.agentMs.overlap ?? null,
    other_ms: cost?.agentMs.other ?? null,
    llm_calls: cost?.llmCalls ?? null,
    failed_calls: cost?.failedCalls ?? null,
    tool_calls: result.toolCalls,
    prompt_tokens: cost?.promptTokens ?? null,
    cached_tokens: cost?.cachedTokens ?? null,
    completion_tokens: cost?.completionTokens ?? null,
    gpu_prefill_ms: cost?.gpuMs?.prefill ?? null,
    gpu_decode_ms: cost?.gpuMs?.decode ?? null,
    gpu_mixed_ms: cost?.gpuMs?.mixed ?? null,
    gpu_idle_ms: cost?.gpuMs?.idle ?? null,
    active_energy_wh: cost?.energyWh.active ?? null,
    gpu_energy_wh: cost?.energyWh.total ?? null,
    cost_usd: cost?.costUsd ?? null,
    error: result.error,
    recording,
    ...result.parts,
  }));
}

/** One run of a sweep under the profiler: its recording, and its row of the table. */
import { taskCost } from '../../analysis/taskCosts.ts';
import type { TaskRow } from '../../experiments/table/columns.ts';
import type { Accounting } from '../../profile/accounting.ts';
import type { TimelineDocument } from '../../protocol/webview.ts';
import { newRecordingPath } from '../../recorder/recordingNames.ts';
import { openRecording } from '../openRecording.ts';
import { startProfiling } from '../profiling.ts';
import { profilingOptions, type ProfilingFlags } from '../profilingOptions.ts';
import { shownPath } from '../shownPath.ts';
import { fillCommand } from './commandTemplate.ts';
import type { SweepRun } from './plan.ts';
import { runToEnd, type ProgramEnded } from './program.ts';
import { lastLine, type Scorer } from './scoring.ts';

export interface RunSetting {
  flags: ProfilingFlags;
  accounting: Accounting;
  /** With placeholders. */
  command: readonly string[];
  /** The program's name. */
  agent: string;
  experiment: string;
  /** Name of the questions' file. */
  questions: string;
  shard: string;
  /** Where recordings go. */
  folder: string;
  byStdin: boolean;
  timeoutMs: number | null;
  verbose: boolean;
  scorer: Scorer;
  stop: AbortSignal;
}

export interface RunDone {
  row: TaskRow;
  /** What kept it from being scored. */
  scoreError: string | null;
}

/**
 * @returns null when it was broken off because all are to stop: it is not done
 * @throws ProfilerError when the profiler cannot serve
 */
export async function runOne(run: SweepRun, setting: RunSetting): Promise<RunDone | null> {
  const { flags, command, byStdin, timeoutMs, verbose, stop } = setting;
  const { question, variant } = run;
  const words = fillCommand(command, question);
  const name = [setting.experiment, question.id, run.setting, ...(run.repeat > 1 ? [`repeat ${run.repeat}`] : [])].filter((part) => part !== '').join(' ');
  const out = newRecordingPath(setting.folder, name, new Date());
  const profiling = await startProfiling(profilingOptions({ ...flags, backend: run.backend, out, name }, words, name), setting.accounting);
  const base = { ...process.env, ...variant.environment };
  let ended: ProgramEnded | Error;
  try {
    ended = await runToEnd({ command: words, environment: { ...base, ...profiling.environment(base, flags.hooks) }, input: byStdin ? (question.fields['question'] ?? '') : null, timeoutMs, verbose, stop });
  } catch (error) {
    ended = error instanceof Error ? error : new Error(String(error));
  }
  await profiling.stop(ended instanceof Error ? { exitCode: null, signal: null } : { exitCode: ended.code, signal: ended.signal });
  if (stop.aborted) return null;
  const document = await openRecording(profiling.out, setting.accounting);
  const error = errorOf(ended, timeoutMs);
  let score: number | null = null;
  let scoreError: string | null = null;
  if (error === null && !(ended instanceof Error)) {
    const { stdout } = ended;
    try {
      score = await setting.scorer.score({ id: question.id, question: question.fields, output: stdout, answer: lastLine(stdout), variant: variant.environment, recording: profiling.out });
    } catch (failure) {
      scoreError = failure instanceof Error ? failure.message : String(failure);
    }
  }
  return { row: rowOf(run, setting, { document, ended, error, score, recording: profiling.out }), scoreError };
}

/** Why it could not answer, in a line; null where it could. */
function errorOf(ended: ProgramEnded | Error, timeoutMs: number | null): string | null {
  if (ended instanceof Error) return `could not be started: ${ended.message}`;
  const { code, signal, stderr, timedOut } = ended;
  if (timedOut) return `was not done within ${(timeoutMs ?? 0) / 1000} s (--timeout)`;
  if (code === 0) return null;
  const said = lastLine(stderr);
  return `${signal === null ? `exited with ${code}` : `was ended by ${signal}`}${said === '' ? '' : `: ${said.slice(0, 300)}`}`;
}

interface Outcome {
  document: TimelineDocument;
  ended: ProgramEnded | Error;
  error: string | null;
  score: number | null;
  recording: string;
}

/** The program's whole time is the task's: a program for each question. */
function rowOf(run: SweepRun, { agent, experiment, questions, shard }: RunSetting, { document, ended, error, score, recording }: Outcome): TaskRow {
  const { backend, totals, run: recorded } = document.report;
  const cost = taskCost(document, { startMs: 0, endMs: totals.wallMs });
  return {
    experiment,
    agent,
    benchmark: questions,
    setting: run.setting,
    model: backend.model,
    backend: backend.kind,
    gpu: backend.gpu,
    simulated: backend.simulated,
    tool_calling: null,
    iterations: null,
    reflections: null,
    children: null,
    rollouts: null,
    few_shot: null,
    clients: null,
    qps: null,
    seed: 0,
    repeat: run.repeat,
    shard,
    items: questions,
    index: run.question.number,
    task: run.question.id,
    warm_up: false,
    scheduled_at: null,
    started_at: new Date(ended instanceof Error ? Date.parse(recorded.startedAt) : ended.startedAt).toISOString(),
    late_ms: null,
    end: error === null ? 'answered' : 'failed',
    answer: ended instanceof Error ? null : lastLine(ended.stdout),
    score,
    steps: null,
    latency_ms: ended instanceof Error ? null : totals.wallMs,
    llm_only_ms: cost.agentMs.llm,
    tools_only_ms: cost.agentMs.tool,
    overlap_ms: cost.agentMs.overlap,
    other_ms: cost.agentMs.other,
    llm_calls: cost.llmCalls,
    failed_calls: cost.failedCalls,
    tool_calls: totals.toolCalls,
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
    error,
    recording: shownPath(recording),
  };
}

/** Runs a workload of the paper's experiments with the bundled agents, under the profiler. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunAsked } from '../../experiments/lab.ts';
import type { LoadOutcome } from '../../experiments/runLoad.ts';
import type { AgentName, Workload } from '../../experiments/workload.ts';
import type { Backend } from '../../profile/recordingFormat.ts';
import { accounting } from '../accountingOptions.ts';
import { runAttempt } from '../bench/attempt.ts';
import { asked as askedOf, type AgentFlags } from '../bench/flags.ts';
import { programs, startStandIns } from '../bench/programs.ts';
import { openRecording } from '../openRecording.ts';
import { UsageError } from '../usageError.ts';
import { recordedOutcome } from './recordedOutcome.ts';

export interface AgentRun {
  outcome: LoadOutcome;
  backend: Backend;
  /** Tasks that could not be worked on, which are left out. */
  failed: number;
  /** What stands in for the tools' world, and the like. */
  notes: readonly string[];
  recording: string;
}

const PROGRAM_NAMES: Readonly<Record<AgentName, string>> = { CoT: 'cot', ReAct: 'react', Reflexion: 'reflexion', LATS: 'lats', LLMCompiler: 'llmcompiler' };

/** As `--agent` and `--benchmark` of `bench` have them. */
export function namesOf(workload: Workload): { agent: string; benchmark: string } {
  return workload === 'chat' ? { agent: 'chat', benchmark: 'sharegpt' } : { agent: PROGRAM_NAMES[workload.agent], benchmark: workload.behaviour.id };
}

/** The budget of a workload as `bench` has it: the benchmark's own where none is given, so that both ways of running are of one budget. */
export function budgetFlags(workload: Workload): Partial<Pick<AgentFlags, 'iterations' | 'reflections' | 'children' | 'rollouts' | 'fewShot'>> {
  if (workload === 'chat') return {};
  const { agent, budget = {}, behaviour } = workload;
  const fewShot = String(budget.react?.examples ?? behaviour.step.examples.value);
  switch (agent) {
    case 'CoT':
      return {};
    case 'ReAct':
      return { iterations: String(budget.react?.mostCalls ?? behaviour.react.mostCalls.value), fewShot };
    case 'Reflexion':
      return { iterations: String(behaviour.reflexion.mostCalls.value), reflections: String(budget.reflexion?.reflections ?? behaviour.reflexion.reflections.value), fewShot };
    case 'LATS':
      return {
        iterations: String(behaviour.lats.depth.value),
        children: String(budget.lats?.children ?? behaviour.lats.children.value),
        rollouts: String(budget.lats?.iterations ?? behaviour.lats.iterations.value),
        ...(behaviour.lats.steps === undefined ? {} : { reflections: String(behaviour.lats.steps.reflections.value) }),
        fewShot,
      };
    case 'LLMCompiler':
      return behaviour.llmcompiler === undefined ? {} : { reflections: String(behaviour.llmcompiler.mostPlans.value - 1) };
  }
}

/** @param flags of profiling and of agents; agent, benchmark, budget, load and seed come from the run. @throws UsageError or ProfilerError */
export async function runAgents({ workload, setting: { load, requests }, seed }: RunAsked, flags: AgentFlags): Promise<AgentRun> {
  const { agent, benchmark } = namesOf(workload);
  const ownFlags: AgentFlags = { ...flags, ...budgetFlags(workload), agent, benchmark, seed: String(seed), name: `paper-${agent}-${benchmark}`, ...('clients' in load && load.clients > 1 ? { clients: String(load.clients) } : {}) };
  const asked = askedOf(ownFlags, ['--n', String(requests), ...('perSecond' in load ? ['--qps', String(load.perSecond)] : []), '--again']);
  const available = programs('paper with --backend runs');
  const folder = mkdtempSync(join(tmpdir(), 'agent-cost-paper-'));
  const standIns = flags.realWorld === true ? null : await startStandIns(available, benchmark);
  try {
    const { plan, results, recording, code } = await runAttempt({ flags: ownFlags, asked, programs: available, environment: standIns?.environment ?? {}, place: { repeat: 1, repeats: 1 }, results: join(folder, 'results.jsonl'), done: null, onRecording: () => undefined });
    if (code >= 128) throw new Interrupted(code);
    const measured = results.filter(({ warmUp }) => !warmUp);
    const worked = measured.filter(({ error }) => error === null);
    if (plan === null || worked.length === 0) throw new UsageError(`${agent} on ${benchmark}: no task could be worked on${measured[0]?.error ? ` (${measured[0].error})` : ''}. See what agent-cost bench says of it.`);
    const document = await openRecording(recording, accounting(ownFlags));
    return { outcome: recordedOutcome(document, worked), backend: document.report.backend, failed: measured.length - worked.length, notes: [...plan.notes, ...(standIns?.notes ?? [])], recording };
  } finally {
    await standIns?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Stopped by a signal: the exit code that says so. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('stopped');
    this.exitCode = exitCode;
  }
}

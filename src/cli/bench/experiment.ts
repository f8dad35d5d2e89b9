/** What `bench` and `load` do: repeats of a bundled agent on a benchmark's tasks under the profiler, and one table of them all. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverIn, type StretchOfServer } from '../../analysis/serverUse.ts';
import type { RunPlan, TaskResult } from '../../agents/results.ts';
import type { TaskRow } from '../../experiments/table/columns.ts';
import type { TimelineDocument } from '../../protocol/webview.ts';
import { accounting } from '../accountingOptions.ts';
import { openRecording } from '../openRecording.ts';
import { shownPath } from '../shownPath.ts';
import { writeTable } from '../table/tableFile.ts';
import { runAttempt } from './attempt.ts';
import type { AgentFlags, Asked } from './flags.ts';
import { programs, startStandIns } from './programs.ts';
import { benchedTasks, taskRows } from './table.ts';

/** One repeat, or as much of it as was done. */
export interface RepeatDone {
  plan: RunPlan;
  rows: TaskRow[];
  recording: string;
  /** What served it, in words: model, GPU. */
  served: string;
  simulated: boolean;
  /** While measured tasks were worked on; null where none was. */
  server: StretchOfServer | null;
}

export interface ExperimentDone {
  repeats: RepeatDone[];
  rows: TaskRow[];
  table: string;
  notes: string[];
  /** 0; 1 when a task could not be worked on or was not; 128 + n when stopped by signal n. */
  code: number;
}

/**
 * Runs all repeats and writes the table.
 * @returns null where the agents' program could not begin, which has said why on stderr
 * @throws UsageError or ProfilerError
 */
export async function runExperiment(flags: AgentFlags, asked: Asked): Promise<ExperimentDone | null> {
  const available = programs('bench and load run');
  const folder = mkdtempSync(join(tmpdir(), 'agent-cost-bench-'));
  const standIns = flags.realWorld === true ? null : await startStandIns(available, flags.benchmark);
  const repeats: RepeatDone[] = [];
  let code = 0;
  try {
    for (let repeat = 1; repeat <= asked.repeats; repeat++) {
      const place = { repeat, repeats: asked.repeats };
      const attempt = await runAttempt({ flags, asked, programs: available, environment: standIns?.environment ?? {}, place, results: join(folder, `${repeat}.jsonl`), done: null, onRecording: () => undefined });
      if (attempt.plan === null) {
        if (repeats.length === 0) return null;
        code = attempt.code;
        break;
      }
      repeats.push(await repeatDone(attempt.plan, attempt.results, { flags, asked, repeat, recording: attempt.recording }));
      const worked = attempt.results.filter(({ warmUp }) => !warmUp);
      if (worked.length < attempt.plan.tasks || attempt.results.some(({ error }) => error !== null)) code = 1;
      if (attempt.code !== 0) code = attempt.code;
      // Stopped, or nothing can be worked on: further repeats would be so, too.
      if (worked.length < attempt.plan.tasks || attempt.results.some(({ interrupted }) => interrupted)) break;
    }
  } finally {
    await standIns?.close();
    rmSync(folder, { recursive: true, force: true });
  }
  const rows = repeats.flatMap((repeat) => repeat.rows);
  const table = flags.table ?? repeats[0]!.recording.replace(/\.agentcost$/, '.csv');
  writeTable('--table', table, rows);
  return { repeats, rows, table, notes: notesOf(flags, repeats, standIns?.notes ?? []), code };
}

interface Where {
  flags: AgentFlags;
  asked: Asked;
  repeat: number;
  recording: string;
}

async function repeatDone(plan: RunPlan, results: readonly TaskResult[], { flags, asked, repeat, recording }: Where): Promise<RepeatDone> {
  const document = await openRecording(recording, accounting(flags));
  const rows = taskRows(benchedTasks(document, results), { document, plan, experiment: asked.experiment, repeat, recording: shownPath(recording) });
  const { model, gpu, simulated } = document.report.backend;
  return { plan, rows, recording, served: `${model ?? plan.model}${gpu === null ? '' : ` on ${gpu}`}`, simulated, server: serverWhile(document, results) };
}

/** From the first measured task's arrival, or start, to the end of the last. */
function serverWhile(document: TimelineDocument, results: readonly TaskResult[]): StretchOfServer | null {
  const measured = results.filter(({ warmUp }) => !warmUp);
  if (measured.length === 0) return null;
  const runStart = Date.parse(document.report.run.startedAt);
  return serverIn(document, { startMs: Math.min(...measured.map(({ scheduledAt, startedAt }) => scheduledAt ?? startedAt)) - runStart, endMs: Math.max(...measured.map(({ endedAt }) => endedAt)) - runStart });
}

function notesOf(flags: AgentFlags, repeats: readonly RepeatDone[], worldNotes: readonly string[]): string[] {
  const { plan } = repeats[0]!;
  const asked = Number(flags.n ?? 0);
  const whole = plan.shard.count === 1 && 'clients' in plan.load;
  return [
    ...(whole && plan.tasks < asked ? [`There are ${plan.tasks} tasks, not ${asked}: ${plan.items}. More come with --items.`] : []),
    ...plan.notes,
    ...worldNotes,
    ...(flags.items !== undefined && worldNotes.length > 0 ? ["What stands in for the tools' world was made for the bundled tasks, not for those of a file: let the tools reach the real one with --real-world."] : []),
    ...(repeats.some(({ simulated }) => simulated) ? ["The answers are the embedded server's, written beforehand or made up: the score says nothing of a model."] : []),
    ...(repeats.some(({ rows }) => rows.some((row) => row.llm_calls === null)) ? ["What some tasks took is not known: their part of the recording is not whole, or their traces did not come."] : []),
  ];
}

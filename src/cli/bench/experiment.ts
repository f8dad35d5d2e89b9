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
import { doneIn, Parts, type Keeping, type Part } from './parts.ts';
import { programs, startStandIns } from './programs.ts';
import { benchedTasks, taskRows } from './table.ts';

/** One repeat, or as much of it as was done. */
export interface RepeatDone {
  /** Of its first run: with all of its tasks. */
  plan: RunPlan;
  rows: TaskRow[];
  /** One, or several where it was interrupted and gone on with. */
  recordings: string[];
  /** What served it, in words: model, GPU. */
  served: string;
  simulated: boolean;
  /** While measured tasks were worked on; null where none was, and where that was interrupted. */
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

export interface ExperimentOptions {
  flags: AgentFlags;
  asked: Asked;
  /** What is done is kept beside the table, where one is asked for, until that is whole. */
  keep: Keeping;
}

/**
 * Runs all repeats, or what is left of them, and writes the table.
 * @returns null where the agents' program could not begin, which has said why on stderr
 * @throws UsageError or ProfilerError
 */
export async function runExperiment({ flags, asked, keep }: ExperimentOptions): Promise<ExperimentDone | null> {
  const available = programs('bench and load run');
  const folder = mkdtempSync(join(tmpdir(), 'agent-cost-bench-'));
  const kept = flags.table === undefined ? null : Parts.beside(flags.table, keep, keptOptions(flags, asked));
  const parts = kept ?? new Parts(folder);
  const standIns = flags.realWorld === true ? null : await startStandIns(available, flags.benchmark);
  const repeats: RepeatDone[] = [];
  const begunAgain: string[] = [];
  let code = 0;
  let whole = true;
  try {
    for (let repeat = 1; repeat <= asked.repeats && whole; repeat++) {
      if (!isWhole(parts.of(repeat))) {
        if (keep.unit === 'repeat') begunAgain.push(...parts.forget(repeat));
        const attempt = await runAttempt({ flags, asked, programs: available, environment: standIns?.environment ?? {}, place: { repeat, repeats: asked.repeats }, ...parts.next(repeat) });
        if (attempt.code !== 0) code = attempt.code;
        if (attempt.plan === null && parts.of(repeat).length === 0) {
          if (repeats.length === 0) kept?.remove();
          break;
        }
      }
      const done = parts.of(repeat);
      // Stopped, or nothing can be worked on: further repeats would be so, too.
      whole = isWhole(done);
      repeats.push(await repeatDone(done, { flags, asked, repeat }));
    }
  } finally {
    await standIns?.close();
    rmSync(folder, { recursive: true, force: true });
  }
  if (repeats.length === 0) return null;
  const rows = repeats.flatMap((repeat) => repeat.rows);
  if (code === 0 && (!whole || rows.some(({ error }) => error !== null))) code = 1;
  const table = flags.table ?? repeats[0]!.recordings[0]!.replace(/\.agentcost$/, '.csv');
  writeTable('--table', table, rows);
  const complete = whole && repeats.length === asked.repeats;
  const failed = rows.filter(({ error }) => error !== null).length;
  const retriable = complete && keep.unit === 'task' && failed > 0;
  if (retriable) kept?.keepForRetry();
  else if (complete) kept?.remove();
  return { repeats, rows, table, notes: [...notesOf(flags, repeats, standIns?.notes ?? []), ...(kept === null ? [] : keptNotes({ complete, failed: retriable ? failed : 0, begunAgain, unit: keep.unit }))], code };
}

interface Kept {
  complete: boolean;
  failed: number;
  begunAgain: readonly string[];
  unit: Keeping['unit'];
}

function keptNotes({ complete, failed, begunAgain, unit }: Kept): string[] {
  return [
    ...begunAgain.map((recording) => `A repeat that had been interrupted was begun again; what was recorded of it before is in ${shownPath(recording)}.`),
    ...(complete ? [] : [`Not all ${unit === 'task' ? 'tasks were worked on' : 'repeats were done'}: the same command with --resume goes on.`]),
    ...(failed === 0 ? [] : [`${failed === 1 ? 'One task' : `${failed} tasks`} could not be worked on: the same command with --resume --retry-failed tries again.`]),
  ];
}

/** What has to be the same for who goes on. */
function keptOptions(flags: AgentFlags, asked: Asked): Record<string, unknown> {
  return { experiment: asked.experiment, options: asked.args(1).join(' '), repeats: asked.repeats, backend: flags.backend, model: flags.model ?? null };
}

function isWhole(parts: readonly Part[]): boolean {
  const [first] = parts;
  return first !== undefined && doneIn(parts).size >= first.plan.tasks;
}

interface Where {
  flags: AgentFlags;
  asked: Asked;
  repeat: number;
}

async function repeatDone(parts: readonly Part[], { flags, asked, repeat }: Where): Promise<RepeatDone> {
  const done = doneIn(parts);
  const seen = new Set<number>();
  const rows: TaskRow[] = [];
  const interrupted = new Map<number, TaskRow>();
  let served = '';
  let simulated = false;
  let server: StretchOfServer | null = null;
  for (const { plan, results, recording } of parts) {
    const document = await openRecording(recording, accounting(flags));
    const kept = results.filter((result) => result.warmUp || (result.interrupted ? !done.has(result.number) : !seen.has(result.number)));
    // A run that was killed may have ended a task while the next one had begun with it.
    for (const { warmUp, interrupted: cut, number } of kept) if (!warmUp && !cut) seen.add(number);
    const made = taskRows(benchedTasks(document, kept), { document, plan, experiment: asked.experiment, repeat, recording: shownPath(recording) });
    made.forEach((row, index) => (kept[index]!.interrupted ? interrupted.set(row.index, row) : rows.push(row)));
    const { model, gpu } = document.report.backend;
    served = `${model ?? plan.model}${gpu === null ? '' : ` on ${gpu}`}`;
    simulated ||= document.report.backend.simulated;
    server = parts.length === 1 ? serverWhile(document, results) : null;
  }
  return { plan: parts[0]!.plan, rows: [...rows, ...interrupted.values()], recordings: parts.map(({ recording }) => recording), served, simulated, server };
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

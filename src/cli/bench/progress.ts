/** How far a run of the agents' program is, and how long it may still take. */
import { readFileSync } from 'node:fs';
import { parseResults, type RunPlan, type TaskResult } from '../../agents/results.ts';
import { meanOf } from '../../experiments/statistics.ts';
import { formatDuration } from '../../profile/formatValue.ts';
import { ProgressLine, timeLeftMs } from '../progressLine.ts';

const EVERY_MS = 300;

export interface Progress {
  /** Reads what is written by now for the last time, and says no more. */
  stop(): { plan: RunPlan | null; results: TaskResult[] };
}

/** Which of several runs of one kind this is, from 1. */
export interface Place {
  repeat: number;
  repeats: number;
}

/** Follows a results file. */
export function followProgress(file: string, place: Place, output: NodeJS.WriteStream): Progress {
  const line = new ProgressLine(output);
  let done = 0;
  const look = () => {
    const read = readResults(file);
    if (read.plan !== null) line.show(progressText(read.plan, read.results, place, Date.now()), read.results.length > done);
    done = read.results.length;
    return read;
  };
  const timer = setInterval(look, EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      const read = look();
      line.clear();
      return read;
    },
  };
}

/** As much as is written by now. */
export function readResults(file: string): { plan: RunPlan | null; results: TaskResult[] } {
  try {
    return parseResults(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { plan: null, results: [] };
    throw error;
  }
}

/** `12 of 50 tasks   score 0.83   9.6 s each   about 6 min left`. The time left is a guess from the tasks so far. */
export function progressText(plan: RunPlan, all: readonly TaskResult[], { repeat, repeats }: Place, now: number): string {
  const results = all.filter(({ warmUp }) => !warmUp);
  const parts = repeats > 1 ? [`repeat ${repeat} of ${repeats}`] : [];
  if (all.length < plan.warmUp) parts.push(`warming up, ${all.length} of ${plan.warmUp} tasks`);
  parts.push(`${results.length} of ${plan.tasks} tasks`);
  const scores = results.flatMap(({ score }) => (score === null ? [] : [score]));
  if (scores.length > 0) parts.push(`score ${meanOf(scores).toFixed(2)}`);
  const failed = results.filter(({ error }) => error !== null).length;
  if (failed > 0) parts.push(`${failed} failed`);
  if (all.length > 0) {
    const lastEnd = Math.max(...all.map(({ endedAt }) => endedAt));
    if (results.length > 0) parts.push(`${formatDuration(meanOf(results.map(({ startedAt, endedAt }) => endedAt - startedAt)))} each`);
    const left = timeLeft(plan, all, lastEnd, now);
    // Further repeats take as long as this one.
    const further = (repeats - repeat) * (now - plan.startedAt + (left ?? 0));
    if (left !== null && (left + further > 0 || all.length < plan.tasks + plan.warmUp)) parts.push(`about ${formatDuration(left + further)} left`);
  }
  return parts.join('   ');
}

function timeLeft(plan: RunPlan, all: readonly TaskResult[], lastEnd: number, now: number): number | null {
  const total = plan.tasks + plan.warmUp;
  if (plan.lastArrivalMs === null) return timeLeftMs({ total, done: all.length, elapsedMs: lastEnd - plan.startedAt, sinceMs: now - lastEnd });
  if (all.length >= total) return 0;
  // The last one comes when it comes, and then takes as long as the others.
  return Math.max(0, plan.startedAt + plan.lastArrivalMs + meanOf(all.map(({ startedAt, endedAt }) => endedAt - startedAt)) - now);
}

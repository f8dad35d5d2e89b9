/** How far a bench is, and how long it may still take. */
import { readFileSync } from 'node:fs';
import { parseResults, type RunPlan, type TaskResult } from '../../agents/results.ts';
import { formatDuration } from '../../profile/formatValue.ts';

const EVERY_MS = 300;

export interface Progress {
  /** Reads what is written by now for the last time, and says no more. */
  stop(): { plan: RunPlan | null; results: TaskResult[] };
}

/** Follows a results file. On a terminal one line is kept up to date; elsewhere each task is a line. */
export function followProgress(file: string, output: NodeJS.WriteStream): Progress {
  let shown = 0;
  const look = () => {
    const read = readResults(file);
    if (read.plan !== null && (read.results.length > shown || output.isTTY)) {
      const text = progressText(read.plan.tasks, read.results, Date.now());
      if (output.isTTY) output.write(`\r\x1b[K${text}`);
      else if (read.results.length > 0) output.write(`${text}\n`);
      shown = read.results.length;
    }
    return read;
  };
  const timer = setInterval(look, EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      const read = look();
      if (output.isTTY) output.write('\r\x1b[K');
      return read;
    },
  };
}

function readResults(file: string): { plan: RunPlan | null; results: TaskResult[] } {
  try {
    return parseResults(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { plan: null, results: [] };
    throw error;
  }
}

/** `12 of 50 tasks   score 0.83   9.6 s each   about 6 min left`. The time left is a guess from the tasks so far. */
export function progressText(tasks: number, results: readonly TaskResult[], now: number): string {
  const done = results.length;
  const parts = [`${done} of ${tasks} tasks`];
  const scores = results.flatMap(({ score }) => (score === null ? [] : [score]));
  if (scores.length > 0) parts.push(`score ${mean(scores).toFixed(2)}`);
  const failed = results.filter(({ error }) => error !== null).length;
  if (failed > 0) parts.push(`${failed} failed`);
  const [first] = results;
  const last = results.at(-1);
  if (first !== undefined && last !== undefined) {
    const eachMs = (last.endedAt - first.startedAt) / done;
    parts.push(`${formatDuration(eachMs)} each`);
    // The task at work has had its share already.
    const leftMs = Math.max(0, eachMs * (tasks - done) - (done < tasks ? now - last.endedAt : 0));
    if (done < tasks) parts.push(`about ${formatDuration(leftMs)} left`);
  }
  return parts.join('   ');
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

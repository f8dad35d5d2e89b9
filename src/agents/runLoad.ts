/** Gives tasks to agents as a load has them come: some at once, or at their times whatever became of those before. */
import { setTimeout as delay } from 'node:timers/promises';

/** Work on one task; `scheduledAt` is when it was to begin (milliseconds since 1970), null where it begins when the one before is done. */
export type Work<Task> = (task: Task, scheduledAt: number | null) => Promise<void>;

/** So many at once, each the next when one is done. A signal keeps further ones from being begun. */
export async function runClosedLoop<Task>(tasks: Iterable<Task>, clients: number, work: Work<Task>, signal: AbortSignal): Promise<void> {
  const queue = tasks[Symbol.iterator]();
  const client = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      if (signal.aborted) return;
      await work(next.value, null);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
}

/** Each at its time, in milliseconds from now, in order; resolves when all have ended. A signal keeps further ones from being begun. */
export async function runOpenLoop<Task>(tasks: readonly { task: Task; at: number }[], work: Work<Task>, signal: AbortSignal): Promise<void> {
  const begun = now();
  const running: Promise<void>[] = [];
  for (const { task, at } of tasks) {
    // One that is late begins at once: what it waited is part of what it took. A timer may go off a little before its time.
    for (let wait = begun + at - now(); wait > 0 && !signal.aborted; wait = begun + at - now()) await delay(wait, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    running.push(work(task, begun + at));
  }
  await Promise.all(running);
}

/** Milliseconds since 1970 with their fractions, by a clock that never goes back. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** A tool that ran more often than the model called it: a program tries again what failed, or sends several requests for one call. */
import type { ReportSpan } from '../profile/report.ts';
import type { Draft } from './drafts.ts';
import { groupBy } from './grouping.ts';

/**
 * Which runs of a tool belong to which of the calls that one answer made of it, in order of start: as many lists as `calls`. Null where
 * that cannot be told. `around`: all that is around a span, innermost first. `runs`: in order of start.
 */
export function runsOfCalls(runs: readonly Draft[], calls: number, around: (draft: Draft) => readonly Draft[]): readonly (readonly Draft[])[] | null {
  if (runs.length < calls || calls === 0) return null;
  if (calls === 1) return [runs];
  if (runs.length === calls) return runs.map((run) => [run]);
  return byWhatIsAround(runs, calls, around) ?? byOutcome(runs, calls);
}

/** Each call has a run of the same function around all of its runs, such as one that tries them again. */
function byWhatIsAround(runs: readonly Draft[], calls: number, around: (draft: Draft) => readonly Draft[]): Draft[][] | null {
  for (let level = 0; ; level++) {
    const outer = new Map(runs.map((run) => [run, around(run)[level]]));
    if ([...outer.values()].some((draft) => draft === undefined)) return null;
    const together = [...groupBy(runs, (run) => outer.get(run)).values()];
    if (together.length === calls) return together;
    if (together.length < calls) return null;
  }
}

/** One after the other, each call is over with the run that succeeded. */
function byOutcome(runs: readonly Draft[], calls: number): Draft[][] | null {
  if (areAtOnce(runs)) return null;
  const together: Draft[][] = [[]];
  for (const run of runs) {
    together.at(-1)!.push(run);
    if (run.span.status === 'ok') together.push([]);
  }
  if (together.at(-1)!.length === 0) together.pop();
  return together.length === calls ? together : null;
}

/** How a call of a tool ended that several runs were made for: those that were made again as the last did; of several at once none may have failed. */
export function outcomeOf(runs: readonly Draft[]): Pick<ReportSpan, 'status' | 'error'> {
  const failed = (areAtOnce(runs) ? runs : runs.slice(-1)).find(({ span }) => span.status === 'error');
  return failed === undefined ? { status: 'ok', error: null } : { status: 'error', error: failed.span.error };
}

/** Whether these are one thing tried again: one after the other, all but the last in vain. */
export function areAttempts(runs: readonly Draft[]): boolean {
  return !areAtOnce(runs) && runs.slice(0, -1).every(({ span }) => span.status !== 'ok');
}

function areAtOnce(runs: readonly Draft[]): boolean {
  return runs.some((run, index) => run.end > (runs[index + 1]?.start ?? Infinity));
}

/** The innermost of what is around all of some spans; null where nothing is. */
export function aroundAll(runs: readonly Draft[], around: (draft: Draft) => readonly Draft[]): Draft | null {
  const [first, ...others] = runs;
  if (first === undefined) return null;
  return around(first).find((outer) => others.every((run) => around(run).includes(outer))) ?? null;
}

/**
 * A line over several runs of one program: mean, spread, and whether it changed since the last run by more than chance explains.
 *
 * What chance explains is a 95 % range, of the larger of two estimates: from the calls of the two runs compared (Welch's t),
 * and from the earlier runs among one another (a prediction interval for the difference of two runs; three of them at
 * least). The calls of one run share their circumstances, so that the first alone can be too narrow; the second alone knows
 * nothing before the fourth run. Times are taken to be roughly normal, and each run's circumstances its own.
 */
import type { Report, ReportLine } from '../profile/report.ts';
import type { Milliseconds } from '../profile/units.ts';
import { spanTableOf } from './spanTable.ts';
import { meanOf, t975, varianceOf, welchMargin } from './statistics.ts';

/** What a lens shows of a line: the mean of its calls, or their sum. */
export type LineScope = 'perCall' | 'total';

/** A line in one run. */
export interface LineFigure {
  /** When the run began, ISO 8601. */
  startedAt: string;
  /** As the lens shows it: mean or sum of its calls; for a line that only leads to calls, the time in which any of them ran. */
  timeMs: Milliseconds;
  calls: number;
  /** Each call; empty where the time is no mean or sum of them. */
  callsMs: readonly Milliseconds[];
  scope: LineScope;
}

export interface LineHistory {
  /** The oldest first; the last is the run that is shown. Two or more. */
  figures: readonly LineFigure[];
  meanMs: Milliseconds;
  /** Sample standard deviation over the runs. */
  spreadMs: Milliseconds;
  /** Against the run before. */
  changeMs: Milliseconds;
  /** The same as a share of the run before; null where that is 0. */
  changeRatio: number | null;
  /** Changes up to this are left to chance; null where there are too few calls and runs to tell. */
  chanceMs: Milliseconds | null;
  /** The change is beyond chance, and large enough to matter. */
  isClear: boolean;
}

/** Smaller changes are not worth a look, however certain. */
export const LEAST_CHANGE = 0.05;
/** Earlier runs from which their spread means something. */
const FEWEST_EARLIER_RUNS = 3;

/** How a report's lines are read as figures. */
export function figureReader(report: Report): (line: ReportLine, scope: LineScope) => LineFigure {
  const table = spanTableOf(report);
  /** Asked for with each keystroke. */
  const known = new WeakMap<ReportLine, Milliseconds[]>();
  const callsOf = (line: ReportLine, llm: boolean): Milliseconds[] => {
    let found = known.get(line);
    if (found === undefined) {
      found = [];
      for (const number of Array.from(table.numbersOf(line))) {
        const { kind, ms } = table.figuresOf(number);
        if (ms !== null && (kind === 'llm') === llm) found.push(ms);
      }
      known.set(line, found);
    }
    return found;
  };
  return (line, scope) => {
    const { startedAt } = report.run;
    if (line.calls === 0) return { startedAt, timeMs: line.inclusive.wallMs, calls: line.inclusive.calls, callsMs: [], scope: 'total' };
    const llm = line.llmCalls > 0;
    const calls = llm ? line.llmCalls : line.toolCalls;
    const totalMs = llm ? line.llmMs : line.toolMs;
    return { startedAt, timeMs: scope === 'perCall' ? totalMs / calls : totalMs, calls, callsMs: callsOf(line, llm), scope };
  };
}

/** @param figures of one line, the oldest first; null when there is nothing to compare */
export function lineHistory(figures: readonly LineFigure[]): LineHistory | null {
  const current = figures.at(-1);
  const previous = figures.at(-2);
  if (current === undefined || previous === undefined) return null;
  const times = figures.map(({ timeMs }) => timeMs);
  const changeMs = current.timeMs - previous.timeMs;
  const changeRatio = previous.timeMs > 0 ? changeMs / previous.timeMs : null;
  const chanceMs = largest(chanceByCalls(previous, current), chanceByRuns(times.slice(0, -1)));
  return {
    figures,
    meanMs: meanOf(times),
    spreadMs: Math.sqrt(varianceOf(times)),
    changeMs,
    changeRatio,
    chanceMs,
    isClear: chanceMs !== null && changeRatio !== null && Math.abs(changeRatio) >= LEAST_CHANGE && Math.abs(changeMs) > chanceMs,
  };
}

/** Welch's t-test: half the 95 % range of the difference, by the spread of the calls in each run. */
function chanceByCalls(a: LineFigure, b: LineFigure): Milliseconds | null {
  if (a.callsMs.length < 2 || b.callsMs.length < 2) return null;
  const scale = ({ callsMs, scope }: LineFigure): number => (scope === 'perCall' ? 1 : callsMs.length);
  return welchMargin({ values: a.callsMs, times: scale(a) }, { values: b.callsMs, times: scale(b) });
}

/** Half the 95 % range of the difference of two runs, by the spread of earlier ones. */
function chanceByRuns(earlier: readonly Milliseconds[]): Milliseconds | null {
  return earlier.length < FEWEST_EARLIER_RUNS ? null : t975(earlier.length - 1) * Math.sqrt(2 * varianceOf(earlier));
}

function largest(a: Milliseconds | null, b: Milliseconds | null): Milliseconds | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}

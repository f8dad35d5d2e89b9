/** When the pieces of an answer came. Pure. */
import type { ReportSpan } from '../../../src/profile/report.ts';

/** Rounding, and clocks that are read one after the other. */
const SLACK_MS = 1;

/**
 * When the pieces of a call's output came, in milliseconds of the run. None where they do not fit the call: a stop in the debugger
 * is cut out of its time, and not out of what is between its tokens.
 */
export function tickTimes(span: ReportSpan, start: number, end: number, gaps: readonly number[]): number[] {
  const ttft = span.llm?.ttftMs ?? null;
  if (ttft === null || gaps.length < 2) return [];
  const times: number[] = [];
  let at = start + ttft;
  for (const gap of gaps) times.push((at += gap));
  return at > end + SLACK_MS ? [] : times;
}

/** Which calls a span stands between. Pure. */
import type { ReportSpan } from '../../../src/profile/report.ts';

export interface CallsAround {
  /** The last call of a model or a tool that its thread began before it. */
  before: ReportSpan | null;
  after: ReportSpan | null;
  /** The call that tried it again. */
  triedAgain: ReportSpan | null;
}

/** One pass over all spans, and only when one is looked at. @param eachSpan visits all of them */
export function callsAround(eachSpan: (visit: (span: ReportSpan) => void) => void, span: ReportSpan): CallsAround {
  let before: ReportSpan | null = null;
  let after: ReportSpan | null = null;
  let triedAgain: ReportSpan | null = null;
  eachSpan((other) => {
    if (other.id === span.id || (other.kind !== 'llm' && other.kind !== 'tool')) return;
    if (other.llm?.retryOf === span.id) triedAgain = other;
    // Threads go on beside each other: what is before and after is asked of one.
    if (other.thread !== span.thread || other.pid !== span.pid) return;
    if (other.startMs < span.startMs || (other.startMs === span.startMs && other.id < span.id)) {
      if (before === null || other.startMs >= before.startMs) before = other;
    } else if (after === null || other.startMs < after.startMs) {
      after = other;
    }
  });
  return { before, after, triedAgain };
}

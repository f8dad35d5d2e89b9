/** From a span of the report to the rectangles that show it. Pure. */
import { categoryIndex, FLAG_CUT, FLAG_INFERRED } from './category.ts';
import type { Part } from './spanLane.ts';
import type { Milliseconds } from '../../../src/profile/units.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';

export type SpanLaneName = 'request' | 'agent' | 'llm' | 'tool';

/** What of a model call says how its rectangle is split. */
export type Phases = Pick<NonNullable<ReportSpan['llm']>, 'queueMs' | 'prefillMs' | 'decodeMs'>;

/** What of a span says where it is drawn, and how. */
export type Shape = Pick<ReportSpan, 'kind' | 'status' | 'evidence'> & { llm: Phases | null };

export function laneOf(span: Pick<ReportSpan, 'kind'>, parentExists: boolean): SpanLaneName {
  if (span.kind === 'llm') return 'llm';
  if (span.kind === 'tool') return 'tool';
  return span.kind === 'agent' && !parentExists ? 'request' : 'agent';
}

function flagsOf(span: Shape): number {
  const inferred = span.kind === 'tool' && (span.evidence === 'inferred' || span.evidence === 'estimated') ? FLAG_INFERRED : 0;
  return inferred | (span.status === 'incomplete' || span.status === 'cancelled' ? FLAG_CUT : 0);
}

function wholeCategory(span: Shape, lane: SpanLaneName): number {
  if (span.status === 'error' && (lane === 'llm' || lane === 'tool')) return categoryIndex.error;
  if (lane === 'agent') return span.kind === 'step' ? categoryIndex.step : categoryIndex.nested;
  return categoryIndex[lane];
}

/**
 * The rectangles of a span that lasts from `start` to `end`. A model call is split into its phases, in order, as far as
 * they are known; what is left of it (the network, an unknown phase) keeps the colour of a call.
 */
export function partsOf(span: Shape, lane: SpanLaneName, start: Milliseconds, end: Milliseconds): Part[] {
  const flags = flagsOf(span);
  const category = wholeCategory(span, lane);
  const llm = span.llm;
  if (lane !== 'llm' || llm === null || category === categoryIndex.error) return [{ start, end, category, flags }];
  const parts: Part[] = [];
  let at = start;
  const phases = [
    [llm.queueMs, categoryIndex.queue],
    [llm.prefillMs, categoryIndex.prefill],
    [llm.decodeMs, categoryIndex.decode],
  ] as const;
  for (const [duration, phase] of phases) {
    if (duration === null || !(duration > 0) || at >= end) continue;
    const to = Math.min(end, at + duration);
    parts.push({ start: at, end: to, category: phase, flags: 0 });
    at = to;
  }
  // What rounding leaves is not worth a rectangle of its own.
  const last = parts[parts.length - 1];
  if (last !== undefined && end - at < Math.max(0.05, (end - start) * 0.002)) last.end = end;
  else parts.push({ start: at, end, category: categoryIndex.llm, flags: 0 });
  const tail = parts[parts.length - 1];
  if (tail !== undefined) tail.flags = flags;
  return parts;
}

/** Whether a changed span must be drawn elsewhere or otherwise than before. */
export function sameShape(a: ReportSpan, b: ReportSpan): boolean {
  return (
    a.startMs === b.startMs &&
    a.endMs === b.endMs &&
    a.kind === b.kind &&
    a.parent === b.parent &&
    a.status === b.status &&
    a.evidence === b.evidence &&
    a.llm?.queueMs === b.llm?.queueMs &&
    a.llm?.prefillMs === b.llm?.prefillMs &&
    a.llm?.decodeMs === b.llm?.decodeMs
  );
}

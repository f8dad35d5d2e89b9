/** The order of spans in every document: by start, an outer kind before an inner one, the longer first, then by id. */
import type { SpanKind } from '../profile/recordingFormat.ts';
import type { ReportSpan } from '../profile/report.ts';

const KIND_RANK: Readonly<Record<SpanKind, number>> = { agent: 0, step: 1, llm: 2, tool: 3, other: 4 };

/** Compares for `Array.sort`. Total: two spans with different ids are never equal. */
export function compareSpans(a: ReportSpan, b: ReportSpan): number {
  if (a.startMs !== b.startMs) return a.startMs - b.startMs;
  if (a.kind !== b.kind) return KIND_RANK[a.kind] - KIND_RANK[b.kind];
  const longer = (b.endMs ?? Infinity) - (a.endMs ?? Infinity);
  if (longer > 0 || longer < 0) return longer;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

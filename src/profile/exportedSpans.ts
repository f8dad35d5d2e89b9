/** The spans of a report as exporters want them: within the run, with an end, in an order in which what is around comes first. */
import type { Report, ReportSpan } from './report.ts';
import type { Milliseconds } from './units.ts';

export interface ExportedSpan {
  span: ReportSpan;
  startMs: Milliseconds;
  endMs: Milliseconds;
  /** The nearest span around it that the report holds; circles of parents are cut. */
  parent: ExportedSpan | null;
  /** How many are around it. */
  depth: number;
}

/** Every span, by start, the longer first; what still runs ends with the run, what ends before it starts takes no time. */
export function exportedSpans(report: Report): ExportedSpan[] {
  const { wallMs } = report.totals;
  const within = (time: Milliseconds): Milliseconds => Math.min(Math.max(time, 0), wallMs);
  const byId = new Map<string, ExportedSpan>();
  for (const span of report.spans) {
    const startMs = within(span.startMs);
    byId.set(span.id, { span, startMs, endMs: Math.max(startMs, within(span.endMs ?? wallMs)), parent: null, depth: 0 });
  }
  placeAll(byId);
  return [...byId.values()].sort((a, b) => a.startMs - b.startMs || b.endMs - a.endMs || a.depth - b.depth);
}

/** Sets parents and depths. Ids are anybody's: a circle of parents is cut where it would close. */
function placeAll(byId: ReadonlyMap<string, ExportedSpan>): void {
  const placed = new Set<ExportedSpan>();
  for (const each of byId.values()) {
    const path: ExportedSpan[] = [];
    const onPath = new Set<ExportedSpan>();
    let at: ExportedSpan | null = each;
    while (at !== null && !placed.has(at) && !onPath.has(at)) {
      path.push(at);
      onPath.add(at);
      at = at.span.parent === null ? null : (byId.get(at.span.parent) ?? null);
    }
    let parent = at !== null && placed.has(at) ? at : null;
    for (const span of path.toReversed()) {
      span.parent = parent;
      span.depth = parent === null ? 0 : parent.depth + 1;
      placed.add(span);
      parent = span;
    }
  }
}

/** Whether `outer` is somewhere around `span`. */
export function isInside(span: ExportedSpan, outer: ExportedSpan): boolean {
  let at = span.parent;
  while (at !== null && at.depth > outer.depth) at = at.parent;
  return at === outer;
}

/** Puts spans into lanes in which they nest: a lane is what one thing at a time did, with all that was inside of it. */
import { isInside, type ExportedSpan } from './exportedSpans.ts';

interface Lane {
  spans: ExportedSpan[];
  /** Those that have not ended yet, the innermost last. */
  open: ExportedSpan[];
}

/**
 * Each lane's spans in order of start; two of them are apart, or the later one is inside the earlier and below it. A child goes
 * to its parent's lane where there is room, else (it runs beside a sibling, or outlives its parent) to the first that is free.
 * @param spans as `exportedSpans` orders them
 */
export function spanLanes(spans: readonly ExportedSpan[]): ExportedSpan[][] {
  const lanes: Lane[] = [];
  const laneOf = new Map<ExportedSpan, Lane>();
  for (const span of spans) {
    for (const { open } of lanes) while ((open.at(-1)?.endMs ?? Infinity) <= span.startMs) open.pop();
    let lane: Lane | undefined;
    for (let outer = span.parent; outer !== null && lane === undefined; outer = outer.parent) {
      const own = laneOf.get(outer);
      const top = own?.open.at(-1);
      if (top === undefined || (top.endMs >= span.endMs && isInside(span, top))) lane = own;
    }
    lane ??= lanes.find(({ open }) => open.length === 0);
    if (lane === undefined) {
      lane = { spans: [], open: [] };
      lanes.push(lane);
    }
    lane.spans.push(span);
    lane.open.push(span);
    laneOf.set(span, lane);
  }
  return lanes.map((lane) => lane.spans);
}

/** Edges of spans, phases and GPU states: where a region's ends snap to, and step to by keyboard. Pure. */
import { spanLaneNames, type TimelineModel } from './timelineModel.ts';
import type { Level } from './row.ts';
import type { Milliseconds } from '../../../src/profile/units.ts';

/** Calls `take` with the edges around `time` of every row: few each, and the nearest ones to both sides among them. */
function edgesAround(model: TimelineModel, time: Milliseconds, shown: readonly string[], take: (edge: Milliseconds) => void): void {
  const around = (exact: Level): void => {
    const after = exact.firstEndingAfter(time);
    // Items of a row follow each other, so two to each side hold the nearest edges.
    for (let i = Math.max(0, after - 2); i < Math.min(exact.length, after + 2); i++) {
      take(exact.start[i] as number);
      take(exact.end[i] as number);
    }
  };
  for (const name of spanLaneNames) {
    if (!shown.includes(name)) continue;
    for (const row of model.lanes[name].rows) around(row.exact);
    for (const { start } of model.lanes[name].running.values()) take(start);
  }
  if (shown.includes('gpu')) {
    around(model.gpu.row.exact);
    around(model.gpu.tailRow.exact);
  }
  for (const { head, track } of model.parts) {
    if (head.kind !== 'server' || !shown.includes(`gpu:${head.key}`)) continue;
    around(track.row.exact);
    around(track.tailRow.exact);
  }
  take(0);
  take(model.wallMs);
}

/** The edge nearest to `time` in the lanes `shown`, or `time` itself where none is within `tolerance`. */
export function snapToEdge(model: TimelineModel, time: Milliseconds, tolerance: Milliseconds, shown: readonly string[]): Milliseconds {
  let best = time;
  let distance = tolerance;
  edgesAround(model, time, shown, (edge) => {
    if (Math.abs(edge - time) <= distance) {
      distance = Math.abs(edge - time);
      best = edge;
    }
  });
  return best;
}

/** The next edge after (1) or before (-1) `time`, or `time` where there is none. */
export function nextEdge(model: TimelineModel, time: Milliseconds, direction: 1 | -1, shown: readonly string[]): Milliseconds {
  // Clocks are no finer than this; edges closer together are one.
  const least = 1e-6;
  let best = time;
  let distance = Infinity;
  edgesAround(model, time, shown, (edge) => {
    const away = (edge - time) * direction;
    if (away > least && away < distance) {
      distance = away;
      best = edge;
    }
  });
  return best;
}

/** From span to span by keyboard: to the neighbours in its row, to its parent (up) and first child (down); where it has neither, to what is above and below it at the same time. Pure. */
import { spanLaneNames, type TimelineModel } from './timelineModel.ts';
import type { SpanLane } from './spanLane.ts';

export type Direction = 'left' | 'right' | 'up' | 'down';

/** The span in a row that is nearest to `time`, or -1. */
function nearest(lane: SpanLane, row: number, time: number): number {
  const data = lane.rows[row];
  let best = -1;
  let distance = Infinity;
  if (data !== undefined) {
    const { exact } = data;
    const after = exact.firstEndingAfter(time);
    for (const i of [after - 1, after]) {
      if (i < 0 || i >= exact.length) continue;
      const away = Math.max((exact.start[i] ?? 0) - time, time - (exact.end[i] ?? 0), 0);
      if (away < distance) {
        distance = away;
        best = exact.index[i] ?? -1;
      }
    }
  }
  for (const [number, running] of lane.running) {
    if (running.row === row && Math.max(running.start - time, 0) < distance) return number;
  }
  return best;
}

function sideways(lane: SpanLane, row: number, number: number, start: number, step: 1 | -1): number {
  const data = lane.rows[row];
  if (data === undefined) return -1;
  const { exact } = data;
  if (lane.running.has(number)) return step === 1 ? -1 : (exact.index[exact.length - 1] ?? -1);
  // Where the span's own items are, then past them: a model call has one for each phase.
  let i = exact.firstEndingAfter(start);
  while (i > 0 && exact.index[i - 1] === number) i--;
  while (i < exact.length && exact.index[i] !== number && (exact.start[i] ?? 0) <= start) i++;
  while (i >= 0 && i < exact.length && exact.index[i] === number) i += step;
  if (i >= 0 && i < exact.length) return exact.index[i] ?? -1;
  if (step === 1) for (const [running, place] of lane.running) if (place.row === row) return running;
  return -1;
}

/** More levels than any agent has; parents in a circle end here. */
const MOST_LEVELS = 64;

/** The nearest span around this one that is on screen, or -1. */
function parentOf(model: TimelineModel, number: number, shown: readonly string[]): number {
  let at = model.parentOf(number);
  for (let level = 0; at >= 0 && at !== number && level < MOST_LEVELS; level++) {
    if (shown.includes(model.placeOf(at)?.lane ?? '')) return at;
    at = model.parentOf(at);
  }
  return -1;
}

/** The first of the spans directly inside this one that is on screen, or -1. */
function childOf(model: TimelineModel, number: number, shown: readonly string[]): number {
  const inside = model.childrenOf(number).filter((child) => shown.includes(model.placeOf(child)?.lane ?? ''));
  const startOf = (child: number): number => model.spanAt(child)?.startMs ?? Infinity;
  return inside.reduce((best, child) => (best < 0 || startOf(child) < startOf(best) ? child : best), -1);
}

/** The span to go to from `number` (-1: none is selected), or -1 when there is none that way. `shown` are the lanes on screen, from the top. */
export function walk(model: TimelineModel, number: number, direction: Direction, middleOfView: number, shown: readonly string[]): number {
  const lanes = spanLaneNames.filter((name) => shown.includes(name)).sort((a, b) => shown.indexOf(a) - shown.indexOf(b));
  const span = model.spanAt(number);
  const place = model.placeOf(number);
  if (span === null || place === null) {
    for (const name of [...lanes].sort((a, b) => Number(b === 'llm') - Number(a === 'llm'))) {
      const found = nearest(model.lanes[name], 0, middleOfView);
      if (found >= 0) return found;
    }
    return -1;
  }
  const start = model.startOf(span);
  if (direction === 'left' || direction === 'right') return sideways(model.lanes[place.lane], place.row, number, start, direction === 'right' ? 1 : -1);
  const related = direction === 'up' ? parentOf(model, number, shown) : childOf(model, number, shown);
  if (related >= 0 || model.parentOf(number) >= 0 || childOf(model, number, shown) >= 0) return related;
  // Of no tree: what is above or below it on screen.
  const rows = lanes.flatMap((name) => model.lanes[name].rows.map((_, place) => ({ name, row: model.lanes[name].rowAtPlace(place) })));
  const middle = (start + model.endOf(span)) / 2;
  const step = direction === 'down' ? 1 : -1;
  for (let at = rows.findIndex((candidate) => candidate.name === place.lane && candidate.row === place.row) + step; at >= 0 && at < rows.length; at += step) {
    const { name, row } = rows[at] ?? { name: 'llm', row: 0 };
    const found = nearest(model.lanes[name], row, middle);
    if (found >= 0) return found;
  }
  return -1;
}

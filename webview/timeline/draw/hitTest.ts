/** What is under the pointer, and where a span is on screen. */
import { categoryIndex } from '../model/category.ts';
import { clipTop, laneTop, timeAt, trackOf, xOf, type Area, type Scene } from './scene.ts';
import { stripOf, type LaneBox } from './laneLayout.ts';
import type { GpuPartTrack } from '../model/timelineModel.ts';
import type { SpanLaneName } from '../model/spanParts.ts';
import type { GpuSegment } from '../../../src/profile/report.ts';

/** How far beside a narrow span the pointer may be. */
const TOLERANCE_PX = 3;

export type Hit = { kind: 'span'; number: number } | { kind: 'gpu'; segment: GpuSegment; time: number; start: number; end: number; idle: boolean; part: GpuPartTrack | null };

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export function isSpanLane(box: LaneBox): box is LaneBox & { name: SpanLaneName } {
  return box.series === null;
}

export function hitTest(x: number, y: number, scene: Scene, area: Area): Hit | null {
  if (x < area.left || x > area.right || y < area.top || y > area.bottom) return null;
  const time = timeAt(x, scene.range, area);
  const tolerance = ((scene.range.end - scene.range.start) / (area.right - area.left)) * TOLERANCE_PX;
  for (const box of scene.layout.boxes) {
    const top = laneTop(box, scene, area);
    if (y < top || y > top + box.height || y < clipTop(box, scene, area)) continue;
    if (box.series === 'group' && (!box.folded || y < laneTop(stripOf(box), scene, area))) return null;
    if (!isSpanLane(box)) return gpuHit(scene, box, time);
    const lane = scene.model.lanes[box.name];
    const row = lane.rowAtPlace(Math.floor((y - top) / box.pitch));
    const isAt = (each: number): boolean => box.folded || each === row;
    for (const [number, running] of lane.running) {
      if (isAt(running.row) && time >= running.start - tolerance && time <= scene.model.wallMs + tolerance) return { kind: 'span', number };
    }
    for (let at = box.folded ? 0 : row; at < lane.rows.length && isAt(at); at++) {
      const data = lane.rows[at];
      const item = data?.itemAt(time, tolerance) ?? -1;
      if (data !== undefined && item >= 0) return { kind: 'span', number: data.exact.index[item] ?? -1 };
    }
    return null;
  }
  return null;
}

function gpuHit(scene: Scene, box: LaneBox, time: number): Hit | null {
  const track = trackOf(box, scene);
  const segment = track.segmentAt(time);
  const run = track.runAt(time);
  if (segment === null || run === null) return null;
  return { kind: 'gpu', segment, time, start: run.start, end: run.end, idle: run.category === categoryIndex.idle, part: scene.model.parts[box.part] ?? null };
}

/** A span's rectangle on screen, or null when its lane is not shown or it is out of sight. */
export function spanBox(number: number, scene: Scene, area: Area): Box | null {
  const place = scene.model.placeOf(number);
  const span = scene.model.spanAt(number);
  if (place === null || span === null) return null;
  const box = scene.layout.boxes.find((candidate) => candidate.name === place.lane);
  if (box === undefined) return null;
  const y = laneTop(box, scene, area) + (box.folded ? 0 : scene.model.lanes[place.lane].placeOfRow(place.row) * box.pitch);
  const left = xOf(scene.model.startOf(span), scene.range, area);
  const right = xOf(scene.model.endOf(span), scene.range, area);
  if (right < area.left - 2 || left > area.right + 2 || y > area.bottom || y + box.rowHeight < clipTop(box, scene, area)) return null;
  const x = Math.max(left, area.left - 6);
  return { x, y, width: Math.max(2, Math.min(right, area.right + 6) - x - (right - left > 8 ? 1 : 0)), height: box.rowHeight };
}

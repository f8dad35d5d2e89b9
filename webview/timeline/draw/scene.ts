/** What one frame is drawn from. */
import type { ReportSpan } from '../../../src/profile/report.ts';
import type { Theme } from '../../common/theme.ts';
import type { GpuTrack } from '../model/gpuTrack.ts';
import type { TimelineModel } from '../model/timelineModel.ts';
import type { ViewRange } from '../model/viewRange.ts';
import type { LaneBox, Layout } from './laneLayout.ts';

export interface Scene {
  model: TimelineModel;
  theme: Theme;
  layout: Layout;
  range: ViewRange;
  /** Pixels that the lanes are scrolled by. */
  scrollTop: number;
  pixelRatio: number;
  /** A search is on: spans are dimmed, its matches are drawn above. */
  dimmed: boolean;
  narrow: boolean;
  /** When a call's output came, as gaps in milliseconds; null where that is not known, or not yet. */
  chunkGapsOf: (span: ReportSpan) => readonly number[] | null;
}

/** The drawing's inside, in CSS pixels: right of the lane names, below the axis. */
export interface Area {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export function xOf(time: number, range: ViewRange, area: Area): number {
  return area.left + ((time - range.start) / (range.end - range.start)) * (area.right - area.left);
}

export function timeAt(x: number, range: ViewRange, area: Area): number {
  return range.start + ((x - area.left) / Math.max(1, area.right - area.left)) * (range.end - range.start);
}

/** What a lane of the GPU's shows: the whole track, or a part of it. */
export function trackOf(box: Pick<LaneBox, 'part'>, { model }: Pick<Scene, 'model'>): GpuTrack {
  return model.parts[box.part]?.track ?? model.gpu;
}

/** Top of a lane on screen. */
export function laneTop(box: LaneBox, scene: { scrollTop: number }, area: Area): number {
  return area.top + box.top - (box.pinned ? 0 : scene.scrollTop);
}

/** From where on a lane may be seen: below the pinned ones, unless it is one. */
export function clipTop(box: LaneBox, scene: { layout: Layout }, area: Area): number {
  return area.top + (box.pinned ? 0 : scene.layout.pinnedHeight);
}

const widths = new Map<string, number>();

/** Width of a text in the context's font. Cached; the font is the same for all labels. */
export function textWidth(ctx: CanvasRenderingContext2D, text: string): number {
  const key = `${ctx.font}\n${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    if (widths.size > 5000) widths.clear();
    width = ctx.measureText(text).width;
    widths.set(key, width);
  }
  return width;
}

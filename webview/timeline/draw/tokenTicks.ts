/** Ticks on an answer's bar: when each piece of it came. Only where they can be told apart. */
import { xOf, type Area, type Scene } from './scene.ts';
import { tickTimes } from '../model/tickTimes.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';

/** Closer together they are a grey line. */
const LEAST_GAP_PX = 4;
const HEIGHT_PX = 4;

/** Paints the ticks of one call at the foot of its bar. */
export function paintTicks(ctx: CanvasRenderingContext2D, area: Area, scene: Scene, span: ReportSpan, bottom: number): void {
  const tokens = span.llm?.completionTokens ?? null;
  if (tokens === null || span.endMs === null) return;
  const decodeMs = span.llm?.decodeMs ?? null;
  if (decodeMs === null) return;
  const pixelsOf = (ms: number): number => (ms / (scene.range.end - scene.range.start)) * (area.right - area.left);
  // Told from what is there already, so that nothing is asked for calls whose ticks would not be drawn.
  if (pixelsOf(decodeMs) / Math.max(1, tokens) < LEAST_GAP_PX) return;
  const gaps = scene.chunkGapsOf(span);
  if (gaps === null) return;
  ctx.fillStyle = scene.theme.ink.decode;
  ctx.globalAlpha = 0.7;
  for (const time of tickTimes(span, scene.model.startOf(span), scene.model.endOf(span), gaps)) {
    const x = xOf(time, scene.range, area);
    if (x >= area.left && x <= area.right) ctx.fillRect(Math.round(x * scene.pixelRatio) / scene.pixelRatio, bottom - HEIGHT_PX, 1 / scene.pixelRatio, HEIGHT_PX);
  }
  ctx.globalAlpha = 1;
}

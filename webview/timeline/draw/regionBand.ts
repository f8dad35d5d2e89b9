/** The selected stretch of time as a band over the lanes, with its length, and a mark that waits for a second one. */
import { textWidth, xOf, type Area, type Scene } from './scene.ts';
import { formatDuration } from '../../../src/profile/formatValue.ts';
import type { Milliseconds } from '../../../src/profile/units.ts';
import type { Region } from '../model/region.ts';

const LABEL_HEIGHT = 16;

/** Paints beyond the lanes' top, too: the label stands on the axis. */
export function paintRegion(ctx: CanvasRenderingContext2D, scene: Scene, area: Area, region: Region): void {
  const { theme, range } = scene;
  const left = xOf(region.start, range, area);
  const right = xOf(region.end, range, area);
  if (right < area.left || left > area.right) return;
  const from = Math.max(area.left, left);
  const to = Math.max(from, Math.min(area.right, right));
  ctx.fillStyle = theme.focus;
  ctx.globalAlpha = 0.14;
  ctx.fillRect(from, area.top, to - from, area.bottom - area.top);
  ctx.globalAlpha = 1;
  for (const x of [left, right]) if (x >= area.left - 1 && x <= area.right + 1) ctx.fillRect(Math.round(x) - 0.5, area.top - LABEL_HEIGHT, 1.5, area.bottom);
  ctx.fillRect(from, area.top - 2, Math.max(1.5, to - from), 2);
  label(ctx, scene, area, (from + to) / 2, formatDuration(region.end - region.start));
}

export function paintMark(ctx: CanvasRenderingContext2D, scene: Scene, area: Area, time: Milliseconds): void {
  const x = xOf(time, scene.range, area);
  if (x < area.left || x > area.right) return;
  ctx.strokeStyle = scene.theme.focus;
  ctx.lineWidth = 1.5;
  ctx.setLineDash([4, 3]);
  ctx.beginPath();
  ctx.moveTo(x, area.top - LABEL_HEIGHT);
  ctx.lineTo(x, area.bottom);
  ctx.stroke();
  ctx.setLineDash([]);
  label(ctx, scene, area, x, 'm');
}

/** A text on the axis, on a ground of its own. */
function label(ctx: CanvasRenderingContext2D, scene: Scene, area: Area, middle: number, text: string): void {
  const { theme } = scene;
  ctx.font = theme.font;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  const width = textWidth(ctx, text) + 10;
  const x = Math.min(Math.max(middle, area.left + width / 2), area.right - width / 2);
  const y = area.top - 3 - LABEL_HEIGHT / 2;
  ctx.fillStyle = theme.background;
  ctx.strokeStyle = theme.focus;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.roundRect(x - width / 2, y - LABEL_HEIGHT / 2, width, LABEL_HEIGHT, 3);
  ctx.fill();
  ctx.stroke();
  ctx.fillStyle = theme.foreground;
  ctx.fillText(text, x, y + 0.5);
}

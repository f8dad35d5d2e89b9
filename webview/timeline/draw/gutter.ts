/** Names of the lanes, and the power lane's scale, left of the drawing. */
import { roundUp } from './seriesPainter.ts';
import { formatPower } from '../../../src/profile/formatValue.ts';
import { laneTop, type Area, type Scene } from './scene.ts';

export function paintGutter(ctx: CanvasRenderingContext2D, area: Area, scene: Scene): void {
  const { theme, model } = scene;
  ctx.save();
  ctx.beginPath();
  ctx.rect(0, area.top, area.left, area.bottom - area.top);
  ctx.clip();
  ctx.font = theme.font;
  ctx.textBaseline = 'middle';
  for (const box of scene.layout.boxes) {
    const top = laneTop(box, scene, area);
    if (top > area.bottom || top + box.height < area.top) continue;
    ctx.fillStyle = theme.dim;
    ctx.textAlign = 'left';
    ctx.fillText(box.label, scene.narrow ? 6 : 10, box.name === 'power' ? top + 8 : top + Math.min(box.rowHeight, 28) / 2 + 0.5);
    if (box.name !== 'power') continue;
    const most = roundUp((model.gpu.power.all()?.max ?? 0) * 1.02);
    ctx.textAlign = 'right';
    const ticks = box.height < 90 ? [1] : [1 / 3, 2 / 3, 1];
    for (const share of ticks) {
      const watts = Math.round(most * share);
      const y = top + box.height * (1 - share);
      // The topmost would touch the lane's name.
      ctx.fillText(formatPower(watts), area.left - 6, share === 1 ? Math.max(y, top + 20) : y);
    }
  }
  ctx.restore();
}

/** The power lane's scale, and in the narrow layout the lanes' names, left of the drawing. */
import { formatPower } from '../../../src/profile/formatValue.ts';
import { fitText } from '../model/spanText.ts';
import { visibleText } from '../../../src/profile/visibleText.ts';
import { clipTop, laneTop, textWidth, type Area, type Scene } from './scene.ts';
import { powerScale } from './seriesPainter.ts';
import type { LaneBox } from './laneLayout.ts';

/** From a lane’s top: below its name, with room for half a line. */
const NAME_BOTTOM = 27;

export function paintGutter(ctx: CanvasRenderingContext2D, area: Area, scene: Scene): void {
  const { theme } = scene;
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
    if (scene.narrow) {
      ctx.textAlign = 'left';
      ctx.fillText(box.label, 6, top + Math.min(Math.max(box.rowHeight, 12), 28) / 2 + 0.5);
    }
    if (box.name === 'agent' && !scene.narrow && !box.folded) paintBranches(ctx, area, scene, box, top);
    if (box.series !== 'power' || box.folded) continue;
    const { most, ticks } = powerScale(box, scene);
    ctx.textAlign = 'right';
    let lowest = Infinity;
    for (const watts of ticks) {
      const y = top + box.height * (1 - watts / most);
      // Not over the lane's name, nor over the tick below.
      if (y < Math.max(top + NAME_BOTTOM, clipTop(box, scene, area) + 6) || lowest - y < 15) continue;
      lowest = y;
      ctx.fillText(formatPower(watts), area.left - 6, y);
    }
  }
  ctx.restore();
}

const LEAST_LABEL_GAP = 11;

/** Names of the lane's branches beyond the first, beside their first rows. */
function paintBranches(ctx: CanvasRenderingContext2D, area: Area, scene: Scene, box: LaneBox, top: number): void {
  // The lane's own name is above.
  let last = top + LEAST_LABEL_GAP / 2;
  ctx.textAlign = 'left';
  ctx.fillStyle = scene.theme.dim;
  for (const { place, name } of scene.model.lanes.agent.branches?.names() ?? []) {
    const y = top + place * box.pitch + box.rowHeight / 2 + 0.5;
    if (y < clipTop(box, scene, area) + 4 || y > area.bottom || y - last < LEAST_LABEL_GAP) continue;
    last = y;
    ctx.fillText(fitText(visibleText(name, 60), area.left - 20, (text) => textWidth(ctx, text)), 16, y);
  }
}

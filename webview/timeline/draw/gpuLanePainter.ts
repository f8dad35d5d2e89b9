/** Draws what the GPU did: one unbroken band of states; where it was idle the band is a hatch that says for how long. */
import * as l10n from '@vscode/l10n';
import { gpuStateWord } from '../../../src/profile/words.ts';
import { categories, categoryIndex } from '../model/category.ts';
import { WideItems } from '../model/pixelStrip.ts';
import { formatDuration } from '../../../src/profile/formatValue.ts';
import { PATTERN_ALPHA, patternOf } from '../../common/fills.ts';
import { hatch } from './patterns.ts';
import { laneTop, textWidth, trackOf, xOf, type Area, type Scene } from './scene.ts';
import { plate } from './spanLanePainter.ts';
import { StripCanvas } from './stripCanvas.ts';
import { paintOthers } from './seriesPainter.ts';
import type { LaneBox } from './laneLayout.ts';
import type { Row } from '../model/row.ts';

const SHAPE_WIDTH = 5;
const LABEL_WIDTH = 48;
const LABEL_HEIGHT = 14;

export class GpuLanePainter {
  private readonly strip = new StripCanvas();
  private readonly sealed = new WideItems();
  private readonly tail = new WideItems();

  paint(ctx: CanvasRenderingContext2D, area: Area, scene: Scene, box: LaneBox): void {
    const { theme } = scene;
    const gpu = trackOf(box, scene);
    const top = laneTop(box, scene, area);
    if (top > area.bottom || top + box.height < area.top) return;
    const begin = Math.max(area.left, xOf(0, scene.range, area));
    const end = Math.min(area.right, xOf(gpu.wallMs, scene.range, area));
    if (end > begin) {
      ctx.fillStyle = hatch(ctx, theme.dim, 'rising', scene.pixelRatio, theme.contrast ? 0.9 : 0.45);
      ctx.fillRect(begin, top, end - begin, box.height);
    }
    const cssWidth = area.right - area.left;
    this.strip.begin(Math.round(cssWidth * scene.pixelRatio), 1);
    this.sealed.length = this.tail.length = 0;
    const from = SHAPE_WIDTH * scene.pixelRatio;
    this.strip.paint(gpu.row, 0, scene.range, theme.pixels, this.sealed, from, 0);
    this.strip.paint(gpu.tailRow, 0, scene.range, theme.pixels, this.tail, from, 0);
    this.strip.finish();
    this.strip.drawLine(ctx, 0, area.left, top, cssWidth, box.height);
    this.drawShapes(ctx, area, scene, box, top, this.sealed);
    this.drawShapes(ctx, area, scene, box, top, this.tail);
    paintOthers(ctx, area, scene, box);
    if (!scene.narrow && box.height >= LABEL_HEIGHT) {
      this.drawLabels(ctx, area, scene, box, top, this.sealed, gpu.row);
      this.drawLabels(ctx, area, scene, box, top, this.tail, gpu.tailRow);
    }
    if (theme.contrast && end > begin) {
      ctx.strokeStyle = theme.outline;
      ctx.lineWidth = 1;
      ctx.strokeRect(begin + 0.5, top + 0.5, end - begin - 1, box.height - 1);
    }
  }

  private drawShapes(ctx: CanvasRenderingContext2D, area: Area, scene: Scene, box: LaneBox, top: number, wide: WideItems): void {
    const { theme } = scene;
    const ratio = scene.pixelRatio;
    for (let i = 0; i < wide.length; i++) {
      const category = wide.category[i] as number;
      const name = categories[category];
      if (name === undefined || category === categoryIndex.idle) continue;
      const [left, right] = edgesOf(wide, i, area, ratio);
      ctx.fillStyle = theme.fill[name];
      ctx.fillRect(left, top, right - left, box.height);
      const kind = patternOf[name];
      if (kind === undefined) continue;
      const isMixed = category === categoryIndex.mixed && !theme.contrast;
      ctx.fillStyle = hatch(ctx, isMixed ? theme.fill.decode : theme.background, kind, ratio, theme.contrast || isMixed ? 1 : PATTERN_ALPHA);
      ctx.fillRect(left, top, right - left, box.height);
    }
  }

  private drawLabels(ctx: CanvasRenderingContext2D, area: Area, scene: Scene, box: LaneBox, top: number, wide: WideItems, row: Row): void {
    const { theme } = scene;
    ctx.font = theme.font;
    ctx.textBaseline = 'middle';
    ctx.textAlign = 'center';
    for (let i = 0; i < wide.length; i++) {
      const category = wide.category[i] as number;
      const name = categories[category];
      const [left, right] = edgesOf(wide, i, area, scene.pixelRatio);
      if (name === undefined || right - left < LABEL_WIDTH) continue;
      const idle = category === categoryIndex.idle;
      const item = wide.item[i] as number;
      const text = idle ? l10n.t`idle ${formatDuration((row.exact.end[item] ?? 0) - (row.exact.start[item] ?? 0))}` : name === 'prefill' || name === 'decode' || name === 'mixed' || name === 'foreign' ? gpuStateWord(name) : name;
      const width = textWidth(ctx, text);
      if (width > right - left - 8) continue;
      const middle = (left + right) / 2;
      if (idle || category === categoryIndex.mixed || (theme.contrast && category !== categoryIndex.decode)) {
        plate(ctx, theme.background, middle - width / 2 - 4, top + 3, width + 8, box.height - 6);
        ctx.fillStyle = theme.foreground;
      } else {
        ctx.fillStyle = theme.ink[name];
      }
      ctx.fillText(text, middle, top + box.height / 2 + 0.5);
    }
  }
}

function edgesOf(wide: WideItems, index: number, area: Area, ratio: number): [left: number, right: number] {
  return [Math.max(area.left, area.left + (wide.left[index] as number) / ratio), Math.min(area.right, area.left + (wide.right[index] as number) / ratio)];
}

/** Draws a lane of spans: narrow ones as a pixel strip, wide ones as shapes with labels. */
import { categories, categoryIndex, FLAG_CUT, FLAG_INFERRED } from '../model/category.ts';
import { WideItems } from '../model/pixelStrip.ts';
import { partsOf, type SpanLaneName } from '../model/spanParts.ts';
import { fitText, labelText } from '../model/spanText.ts';
import { PATTERN_ALPHA, patternOf } from '../../common/fills.ts';
import { hatch } from './patterns.ts';
import { laneTop, textWidth, xOf, type Area, type Scene } from './scene.ts';
import { paintTicks } from './tokenTicks.ts';
import { StripCanvas } from './stripCanvas.ts';
import { LABEL_ROW_HEIGHT, type LaneBox } from './laneLayout.ts';
import type { SpanLane } from '../model/spanLane.ts';

/** From this width in CSS pixels on an item is a shape of its own: round, hatched, with a gap to its neighbour. */
const SHAPE_WIDTH = 8;
const LABEL_WIDTH = 40;
const RADIUS = 2;
/** Corners of more shapes than this would take as long as all the rest of a frame, and be noticed by nobody. */
const MOST_ROUND = 60;

interface Shape {
  left: number;
  width: number;
  top: number;
  category: number;
  flags: number;
  span: number;
}

export class SpanLanePainter {
  private readonly strip = new StripCanvas();
  private readonly wide = new WideItems();
  private shapes: Shape[] = [];

  paint(ctx: CanvasRenderingContext2D, area: Area, scene: Scene, box: LaneBox, name: SpanLaneName): void {
    const lane = scene.model.lanes[name];
    const top = laneTop(box, scene, area);
    if (box.folded) {
      this.paintFolded(ctx, area, scene, box, lane, top);
      return;
    }
    const first = Math.max(0, Math.floor((area.top - top) / box.pitch));
    const last = Math.min(lane.rows.length - 1, Math.floor((area.bottom - top) / box.pitch));
    if (last < first) return;
    const cssWidth = area.right - area.left;
    this.strip.begin(Math.round(cssWidth * scene.pixelRatio), last - first + 1);
    this.wide.length = 0;
    this.shapes = [];
    for (let row = first; row <= last; row++) {
      const data = lane.rows[lane.rowAtPlace(row)];
      if (data !== undefined) this.strip.paint(data, row - first, scene.range, scene.theme.pixels, this.wide, SHAPE_WIDTH * scene.pixelRatio, row);
    }
    this.strip.finish();
    if (scene.dimmed) ctx.globalAlpha = 0.3;
    for (let row = first; row <= last; row++) this.strip.drawLine(ctx, row - first, area.left, top + row * box.pitch, cssWidth, box.rowHeight);
    this.collectWide(lane, scene, area, top, box);
    this.collectRunning(lane, scene, area, top, box, name);
    this.fillShapes(ctx, scene, box);
    ctx.globalAlpha = 1;
    this.drawLabels(ctx, scene, box, area);
    if (name === 'llm' && !scene.dimmed) this.drawTicks(ctx, scene, box, area);
  }

  /** All rows on one line; spans that run reach to now. */
  private paintFolded(ctx: CanvasRenderingContext2D, area: Area, scene: Scene, box: LaneBox, lane: SpanLane, top: number): void {
    const cssWidth = area.right - area.left;
    this.strip.begin(Math.round(cssWidth * scene.pixelRatio), 1);
    for (const row of lane.rows) this.strip.paint(row, 0, scene.range, scene.theme.pixels, null, Infinity, 0);
    this.strip.finish();
    if (scene.dimmed) ctx.globalAlpha = 0.3;
    this.strip.drawLine(ctx, 0, area.left, top, cssWidth, box.height);
    this.shapes = [];
    this.collectRunning(lane, scene, area, top, box, box.name as SpanLaneName);
    this.fillShapes(ctx, scene, box);
    ctx.globalAlpha = 1;
  }

  private collectWide(lane: SpanLane, scene: Scene, area: Area, top: number, box: LaneBox): void {
    const { wide } = this;
    const ratio = scene.pixelRatio;
    const limit = this.strip.width;
    for (let i = 0; i < wide.length; i++) {
      const exact = lane.rows[lane.rowAtPlace(wide.row[i] as number)]?.exact;
      if (exact === undefined) continue;
      const item = wide.item[i] as number;
      // A little beyond both edges, so that cut-off ends look cut off.
      const left = Math.max(wide.left[i] as number, -4 * ratio) / ratio;
      const right = Math.min(wide.right[i] as number, limit + 4 * ratio) / ratio;
      this.shapes.push({
        left: area.left + left,
        width: right - left - 1,
        top: top + (wide.row[i] as number) * box.pitch,
        category: wide.category[i] as number,
        flags: exact.flags[item] as number,
        span: exact.index[item] as number,
      });
    }
  }

  /** Spans that have not ended reach to now. */
  private collectRunning(lane: SpanLane, scene: Scene, area: Area, top: number, box: LaneBox, name: SpanLaneName): void {
    for (const [number, { row, start }] of lane.running) {
      const span = scene.model.spanAt(number);
      if (span === null) continue;
      for (const part of partsOf(span, name, start, Math.max(start, scene.model.wallMs))) {
        const left = Math.max(xOf(part.start, scene.range, area), area.left - 4);
        const right = Math.min(xOf(part.end, scene.range, area), area.right + 4);
        if (right < area.left || left > area.right) continue;
        this.shapes.push({ left, width: Math.max(2, right - left), top: top + (box.folded ? 0 : lane.placeOfRow(row) * box.pitch), category: part.category, flags: part.flags, span: number });
      }
    }
  }

  private fillShapes(ctx: CanvasRenderingContext2D, scene: Scene, box: LaneBox): void {
    const { theme, pixelRatio } = scene;
    const plain: (Path2D | undefined)[] = [];
    const inferred: (Path2D | undefined)[] = [];
    const cut = new Path2D();
    const all = new Path2D();
    const radius = this.shapes.length > MOST_ROUND ? 0 : RADIUS;
    for (const shape of this.shapes) {
      const into = (shape.flags & FLAG_INFERRED) !== 0 ? inferred : plain;
      const path = (into[shape.category] ??= new Path2D());
      addBar(path, shape, box.rowHeight, radius);
      if ((shape.flags & FLAG_CUT) !== 0) addBar(cut, shape, box.rowHeight, radius);
      if (theme.contrast) addBar(all, shape, box.rowHeight, radius);
    }
    plain.forEach((path, category) => {
      const name = categories[category];
      if (path === undefined || name === undefined) return;
      ctx.fillStyle = theme.fill[name];
      ctx.fill(path);
      const kind = patternOf[name];
      if (kind !== undefined) {
        ctx.fillStyle = hatch(ctx, theme.background, kind, pixelRatio, theme.contrast ? 1 : PATTERN_ALPHA);
        ctx.fill(path);
      }
    });
    inferred.forEach((path, category) => {
      const name = categories[category];
      if (path === undefined || name === undefined) return;
      ctx.fillStyle = hatch(ctx, theme.fill[name], 'rising', pixelRatio, 0.55);
      ctx.fill(path);
      ctx.strokeStyle = theme.fill[name];
      ctx.lineWidth = 1;
      ctx.stroke(path);
    });
    ctx.fillStyle = hatch(ctx, theme.background, 'falling', pixelRatio, 0.7);
    ctx.fill(cut);
    if (theme.contrast) {
      ctx.strokeStyle = theme.outline;
      ctx.lineWidth = 1;
      ctx.stroke(all);
    }
  }

  private drawTicks(ctx: CanvasRenderingContext2D, scene: Scene, box: LaneBox, area: Area): void {
    if (box.rowHeight < LABEL_ROW_HEIGHT) return;
    for (const shape of this.shapes) {
      if (shape.category !== categoryIndex.decode || shape.width < LABEL_WIDTH) continue;
      const span = scene.model.spanAt(shape.span);
      if (span !== null) paintTicks(ctx, area, scene, span, shape.top + box.rowHeight);
    }
  }

  private drawLabels(ctx: CanvasRenderingContext2D, scene: Scene, box: LaneBox, area: Area): void {
    if (box.rowHeight < LABEL_ROW_HEIGHT) return;
    const { theme } = scene;
    ctx.font = theme.font;
    ctx.textBaseline = 'middle';
    ctx.textAlign = 'left';
    for (const shape of this.shapes) {
      const { category } = shape;
      const left = Math.max(shape.left, area.left) + 5;
      const width = Math.min(shape.left + shape.width, area.right) - left - 3;
      if (width < LABEL_WIDTH - 8 || category === categoryIndex.queue || category === categoryIndex.prefill) continue;
      const span = scene.model.spanAt(shape.span);
      const name = categories[category];
      if (span === null || name === undefined) continue;
      const label = labelText(span);
      const text = fitText(label, width, (each) => textWidth(ctx, each));
      if (text === '') continue;
      const hatched = (shape.flags & (FLAG_INFERRED | FLAG_CUT)) !== 0 || (theme.contrast && patternOf[name] !== undefined);
      if (hatched) plate(ctx, theme.background, left - 3, shape.top + 2, Math.min(width + 4, textWidth(ctx, text) + 6), box.rowHeight - 4);
      ctx.fillStyle = hatched || scene.dimmed ? theme.foreground : theme.ink[name];
      ctx.globalAlpha = scene.dimmed ? 0.45 : 1;
      ctx.fillText(text, left, shape.top + box.rowHeight / 2 + 0.5);
      ctx.globalAlpha = 1;
    }
  }
}

/** A ground for text on a hatch. */
export function plate(ctx: CanvasRenderingContext2D, color: string, x: number, y: number, width: number, height: number): void {
  ctx.globalAlpha = 0.82;
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.roundRect(x, y, width, height, 2);
  ctx.fill();
  ctx.globalAlpha = 1;
}

function addBar(path: Path2D, shape: Shape, height: number, radius: number): void {
  if (radius > 0 && shape.width >= 6) path.roundRect(shape.left, shape.top, shape.width, height, radius);
  else path.rect(shape.left, shape.top, Math.max(1, shape.width), height);
}

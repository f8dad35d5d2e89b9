/** The layer above the drawing: what is pointed at, selected and found. Redrawn alone, so that hovering costs little. */
import { fitText, labelText } from '../model/spanText.ts';
import { spanBox } from './hitTest.ts';
import { paintMark, paintRegion } from './regionBand.ts';
import { LABEL_ROW_HEIGHT } from './laneLayout.ts';
import { paintEnergyOf } from './seriesPainter.ts';
import { textWidth, type Area, type Scene } from './scene.ts';
import type { CategoryName } from '../model/category.ts';
import type { Region } from '../model/region.ts';
import type { Milliseconds } from '../../../src/profile/units.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';

export interface Marks {
  /** Numbers of selected spans; the first is the one in the details. */
  selected: readonly number[];
  hovered: number;
  /** Where the pointer is, for the hairline; null outside. */
  pointerX: number | null;
  /** Numbers of found spans, in order of start; null when no search is on. */
  found: readonly number[] | null;
  /** The found span that was stepped to. */
  current: number;
  /** The selected stretch of time. */
  region: Region | null;
  /** A moment marked as a region's first end. */
  mark: Milliseconds | null;
}

/** More marks than this cannot be told apart. */
const MOST_FOUND = 3000;

/** One colour for a whole span. */
function colourOf(span: ReportSpan): CategoryName {
  if (span.status === 'error') return 'error';
  return span.kind === 'llm' ? 'decode' : span.kind === 'tool' ? 'tool' : 'step';
}

export class Overlay {
  private readonly ctx: CanvasRenderingContext2D | null;
  private readonly canvas: HTMLCanvasElement;
  private empty = false;

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    this.ctx = canvas.getContext('2d');
  }

  resize(width: number, height: number, pixelRatio: number): void {
    const [deviceWidth, deviceHeight] = [Math.round(width * pixelRatio), Math.round(height * pixelRatio)];
    // A canvas that is given its size is made anew, be it the same.
    if (this.canvas.width !== deviceWidth) this.canvas.width = deviceWidth;
    if (this.canvas.height !== deviceHeight) this.canvas.height = deviceHeight;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
  }

  draw(scene: Scene, area: Area, marks: Marks): void {
    const { ctx } = this;
    if (ctx === null) return;
    const { theme } = scene;
    const empty = marks.region === null && marks.mark === null && marks.pointerX === null && marks.found === null && marks.hovered < 0 && marks.selected.length === 0;
    // A canvas that is not touched is not painted again either.
    if (empty && this.empty) return;
    // Nor is one that is not shown laid over what is below.
    if (empty !== this.empty) this.canvas.style.visibility = empty ? 'hidden' : '';
    this.empty = empty;
    ctx.setTransform(scene.pixelRatio, 0, 0, scene.pixelRatio, 0, 0);
    ctx.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (marks.region !== null) paintRegion(ctx, scene, area, marks.region);
    if (marks.mark !== null) paintMark(ctx, scene, area, marks.mark);
    ctx.save();
    ctx.beginPath();
    ctx.rect(area.left, area.top, area.right - area.left, area.bottom - area.top);
    ctx.clip();
    if (marks.pointerX !== null) {
      ctx.fillStyle = theme.dim;
      ctx.globalAlpha = 0.5;
      ctx.fillRect(Math.round(marks.pointerX), area.top, 1, area.bottom - area.top);
      ctx.globalAlpha = 1;
    }
    if (marks.found !== null) this.drawFound(ctx, scene, area, marks.found, marks.current);
    const first = marks.selected[0] ?? -1;
    for (const number of marks.hovered === first ? [first] : [first, marks.hovered]) paintEnergyOf(ctx, area, scene, number);
    this.outline(ctx, scene, area, marks.hovered, theme.foreground, 1, 0);
    for (const number of marks.selected.slice(0, MOST_FOUND)) {
      // Twice, light on dark or dark on light, so that it shows on every fill.
      this.outline(ctx, scene, area, number, theme.background, 3.5, 0.5);
      this.outline(ctx, scene, area, number, number === marks.selected[0] ? theme.foreground : theme.focus, 1.5, 1);
    }
    ctx.restore();
  }

  private drawFound(ctx: CanvasRenderingContext2D, scene: Scene, area: Area, found: readonly number[], current: number): void {
    const { theme } = scene;
    let drawn = 0;
    ctx.font = theme.font;
    ctx.textBaseline = 'middle';
    ctx.textAlign = 'left';
    for (const number of found) {
      if (drawn > MOST_FOUND) break;
      const box = spanBox(number, scene, area);
      if (box === null) continue;
      drawn++;
      const span = scene.model.spanAt(number);
      if (span === null) continue;
      // In full colour, as the drawing below is dimmed.
      const name = colourOf(span);
      ctx.fillStyle = theme.fill[name];
      ctx.fillRect(box.x, box.y, box.width, box.height);
      const left = Math.max(box.x, area.left) + 5;
      const label = box.height < LABEL_ROW_HEIGHT || box.width < 30 ? '' : labelText(span);
      ctx.fillStyle = theme.ink[name];
      ctx.fillText(fitText(label, box.x + box.width - left - 3, (each) => textWidth(ctx, each)), left, box.y + box.height / 2 + 0.5);
      ctx.strokeStyle = number === current ? theme.foreground : theme.focus;
      ctx.lineWidth = number === current ? 2 : 1;
      ctx.strokeRect(box.x + 0.5, box.y + 0.5, Math.max(1, box.width - 1), box.height - 1);
    }
  }

  private outline(ctx: CanvasRenderingContext2D, scene: Scene, area: Area, number: number, color: string, width: number, grow: number): void {
    if (number < 0) return;
    const box = spanBox(number, scene, area);
    if (box === null) return;
    ctx.strokeStyle = color;
    ctx.lineWidth = width;
    ctx.beginPath();
    ctx.roundRect(box.x - grow, box.y - grow, box.width + 2 * grow, box.height + 2 * grow, 3);
    ctx.stroke();
  }
}

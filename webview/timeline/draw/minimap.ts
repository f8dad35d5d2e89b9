/** The whole run in one strip, with a window for what is shown below. Painted when the data changes; the window every frame. */
import { clampRange, fitRange, type ViewRange } from '../model/viewRange.ts';
import { StripCanvas } from './stripCanvas.ts';
import { hatch } from './patterns.ts';
import type { Theme } from '../../common/theme.ts';
import type { TimelineModel } from '../model/timelineModel.ts';

const EDGE_PX = 5;

export class Minimap {
  readonly canvas: HTMLCanvasElement;
  private readonly base = document.createElement('canvas');
  private readonly strip = new StripCanvas();
  private width = 0;
  private height = 0;
  private pixelRatio = 1;
  /** What it holds in its width. */
  private scaleMs = 0;
  private range: ViewRange = { start: 0, end: 1 };

  constructor(canvas: HTMLCanvasElement, moved: (range: ViewRange) => void) {
    this.canvas = canvas;
    this.listen(moved);
  }

  resize(width: number, height: number, pixelRatio: number): void {
    // A canvas that is given its size is made anew, be it the same.
    if (width === this.width && height === this.height && pixelRatio === this.pixelRatio) return;
    this.width = width;
    this.height = height;
    this.pixelRatio = pixelRatio;
    for (const canvas of [this.canvas, this.base]) {
      canvas.width = Math.round(width * pixelRatio);
      canvas.height = Math.round(height * pixelRatio);
    }
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
  }

  /** Paints the run: what the GPU did (or the model calls, where that is not known) above the tools. */
  paint(model: TimelineModel, theme: Theme): void {
    const ctx = this.base.getContext('2d');
    if (ctx === null) return;
    this.scaleMs = model.scaleMs;
    const whole = fitRange(this.scaleMs);
    ctx.setTransform(this.pixelRatio, 0, 0, this.pixelRatio, 0, 0);
    ctx.fillStyle = theme.side;
    ctx.fillRect(0, 0, this.width, this.height);
    const hasGpu = model.gpu.segments.length > 0;
    this.strip.begin(Math.round(this.width * this.pixelRatio), 2);
    const rows = hasGpu ? [model.gpu.row, model.gpu.tailRow] : model.lanes.llm.rows;
    for (const row of rows.slice(0, 32)) this.strip.paint(row, 0, whole, theme.pixels, null, Infinity, 0);
    for (const row of model.lanes.tool.rows.slice(0, 32)) this.strip.paint(row, 1, whole, theme.pixels, null, Infinity, 0);
    this.strip.finish();
    const tools = 3;
    const top = 5;
    const main = this.height - 2 * top - tools - 2;
    if (hasGpu) {
      ctx.fillStyle = hatch(ctx, theme.dim, 'rising', this.pixelRatio, 0.25);
      ctx.fillRect(0, top, (this.width * model.wallMs) / whole.end, main);
    }
    this.strip.drawLine(ctx, 0, 0, top, this.width, main);
    this.strip.drawLine(ctx, 1, 0, top + main + 2, this.width, tools);
  }

  draw(range: ViewRange, theme: Theme): void {
    this.range = range;
    const ctx = this.canvas.getContext('2d');
    if (ctx === null || this.width === 0) return;
    const whole = fitRange(this.scaleMs).end;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, this.canvas.width, this.canvas.height);
    ctx.drawImage(this.base, 0, 0);
    ctx.setTransform(this.pixelRatio, 0, 0, this.pixelRatio, 0, 0);
    const left = (range.start / whole) * this.width;
    const width = Math.max(3, ((range.end - range.start) / whole) * this.width);
    ctx.fillStyle = theme.background;
    ctx.globalAlpha = 0.55;
    ctx.fillRect(0, 0, left, this.height);
    ctx.fillRect(left + width, 0, this.width, this.height);
    ctx.globalAlpha = 1;
    ctx.strokeStyle = theme.focus;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(Math.max(0.75, left), 0.75, Math.min(width, this.width - left - 0.75) - 0.75, this.height - 1.5);
  }

  /** Drag inside the window moves it, its edges resize it, elsewhere a drag marks out a new one; a click centres it. */
  private listen(moved: (range: ViewRange) => void): void {
    let drag: { mode: 'move' | 'left' | 'right' | 'mark'; at: number; range: ViewRange } | null = null;
    const timeOf = (event: PointerEvent): number => {
      const x = event.clientX - this.canvas.getBoundingClientRect().left;
      return (x / Math.max(1, this.width)) * fitRange(this.scaleMs).end;
    };
    const modeAt = (time: number): 'move' | 'left' | 'right' | 'mark' => {
      const edge = (EDGE_PX / Math.max(1, this.width)) * fitRange(this.scaleMs).end;
      if (Math.abs(time - this.range.start) < edge) return 'left';
      if (Math.abs(time - this.range.end) < edge) return 'right';
      const whole = this.range.end - this.range.start > fitRange(this.scaleMs).end * 0.98;
      return !whole && time > this.range.start && time < this.range.end ? 'move' : 'mark';
    };
    this.canvas.addEventListener('pointerdown', (event) => {
      const at = timeOf(event);
      drag = { mode: modeAt(at), at, range: this.range };
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener('pointermove', (event) => {
      const time = timeOf(event);
      if (drag === null) {
        const mode = modeAt(time);
        this.canvas.style.cursor = mode === 'left' || mode === 'right' ? 'ew-resize' : mode === 'move' ? 'grab' : 'crosshair';
        return;
      }
      const { range, at } = drag;
      if (drag.mode === 'move') moved(clampRange({ start: range.start + time - at, end: range.end + time - at }, this.scaleMs));
      else if (drag.mode === 'left') moved(clampRange({ start: Math.min(time, range.end), end: range.end }, this.scaleMs));
      else if (drag.mode === 'right') moved(clampRange({ start: range.start, end: Math.max(time, range.start) }, this.scaleMs));
      else if (Math.abs(time - at) > (3 / Math.max(1, this.width)) * fitRange(this.scaleMs).end) moved(clampRange({ start: Math.min(at, time), end: Math.max(at, time) }, this.scaleMs));
    });
    this.canvas.addEventListener('pointerup', (event) => {
      const time = timeOf(event);
      const width = this.range.end - this.range.start;
      if (drag?.mode === 'mark' && Math.abs(time - drag.at) <= (3 / Math.max(1, this.width)) * fitRange(this.scaleMs).end) {
        moved(clampRange({ start: time - width / 2, end: time + width / 2 }, this.scaleMs));
      }
      drag = null;
    });
  }
}

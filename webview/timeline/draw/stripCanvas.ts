/** The pixel strip: one line of pixels per row, put on a canvas at once and stretched to the rows' height. */
import { StripPainter, type WideItems } from '../model/pixelStrip.ts';
import type { Row } from '../model/row.ts';
import type { ViewRange } from '../model/viewRange.ts';

export class StripCanvas {
  private readonly canvas = document.createElement('canvas');
  private readonly ctx = this.canvas.getContext('2d');
  private image: ImageData | null = null;
  private pixels = new Uint32Array(0);
  private readonly painter = new StripPainter();
  private lines: boolean[] = [];
  width = 0;

  /** Makes room for `lines` lines of `width` device pixels and clears them. */
  begin(width: number, lines: number): void {
    this.width = Math.max(1, width);
    const height = Math.max(1, lines);
    if (this.image === null || this.image.width !== this.width || this.image.height < height) {
      this.image = new ImageData(this.width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.canvas.width = this.width;
      this.canvas.height = height;
    } else {
      this.pixels.fill(0, 0, this.width * height);
    }
    this.lines = new Array<boolean>(lines).fill(false);
  }

  /** Paints a row into a line; more than one row may share it. */
  paint(row: Row, line: number, range: ViewRange, colors: Uint32Array, wide: WideItems | null, wideFrom: number, rowNumber: number): void {
    const painted = this.painter.paint(row, range.start, range.end, this.pixels, line * this.width, this.width, colors, wide, wideFrom, rowNumber);
    if (painted) this.lines[line] = true;
  }

  /** Sends the lines to the strip's canvas; after this they can be drawn. */
  finish(): void {
    if (this.image !== null && this.lines.includes(true)) this.ctx?.putImageData(this.image, 0, 0, 0, 0, this.width, this.lines.length);
  }

  /** Draws one line stretched over a rectangle; nothing when the line is empty. */
  drawLine(ctx: CanvasRenderingContext2D, line: number, x: number, y: number, width: number, height: number): void {
    if (this.lines[line] !== true) return;
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(this.canvas, 0, line, this.width, 1, x, y, width, height);
  }
}

/**
 * One line of pixels from one row of a lane. Each item's coverage is split over the pixels that it touches, so that
 * no covered pixel stays blank and none is darker than its share. Pure; a pixel is 0xAABBGGRR, as a canvas's
 * ImageData has it on little-endian machines.
 */
import { categories, categoryIndex } from './category.ts';
import type { Row } from './row.ts';
import type { Milliseconds } from '../../../src/profile/units.ts';

/** The least that a touched pixel shows, of 1. */
export const LEAST_ALPHA = 0.4;
/** What a point in time is taken to cover of its pixel. */
const POINT_COVERAGE = 0.02;

/** Items wide enough to be drawn as shapes of their own, in device pixels from the strip's left. */
export class WideItems {
  length = 0;
  readonly left: Float64Array;
  readonly right: Float64Array;
  readonly category: Uint8Array;
  /** Level-0 number in the row. */
  readonly item: Int32Array;
  readonly row: Int32Array;

  constructor(capacity = 4096) {
    this.left = new Float64Array(capacity);
    this.right = new Float64Array(capacity);
    this.category = new Uint8Array(capacity);
    this.item = new Int32Array(capacity);
    this.row = new Int32Array(capacity);
  }

  add(left: number, right: number, category: number, item: number, row: number): boolean {
    const at = this.length;
    if (at === this.left.length) return false;
    this.left[at] = left;
    this.right[at] = right;
    this.category[at] = category;
    this.item[at] = item;
    this.row[at] = row;
    this.length = at + 1;
    return true;
  }
}

/** Streams one row's items into pixels. Kept between frames, so that drawing allocates nothing. */
export class StripPainter {
  private out: Uint32Array = new Uint32Array(0);
  private offset = 0;
  private width = 0;
  private pixel = -1;
  private touched = false;
  private total = 0;
  private readonly shares = new Float64Array(categories.length);
  private colors: Uint32Array = new Uint32Array(categories.length);
  private from = 0;
  private scale = 1;
  private wideFrom = Infinity;
  private wide: WideItems | null = null;
  private row = 0;
  private painted = false;

  /**
   * Paints what `row` has in [from, to) into `width` pixels of `out` at `offset`, which must be zero. `colors` has
   * 0x00BBGGRR per category. Items at least `wideFrom` pixels wide go to `wide` instead. True if a pixel was set.
   */
  paint(row: Row, from: Milliseconds, to: Milliseconds, out: Uint32Array, offset: number, width: number, colors: Uint32Array, wide: WideItems | null, wideFrom: number, rowNumber: number): boolean {
    this.out = out;
    this.offset = offset;
    this.width = width;
    this.colors = colors;
    this.from = from;
    this.scale = width / (to - from);
    this.wide = wide;
    this.wideFrom = wide === null ? Infinity : wideFrom;
    this.row = rowNumber;
    this.pixel = -1;
    this.painted = false;
    row.visit(from, to, 1 / this.scale, this.take);
    this.flush();
    return this.painted;
  }

  private readonly take = (start: number, end: number, category: number, first: number, covered: number, merged: boolean): void => {
    const left = (start - this.from) * this.scale;
    const right = (end - this.from) * this.scale;
    if (!merged && right - left >= this.wideFrom && this.wide?.add(left, right, category, first, this.row) === true) return;
    if (right < 0 || left >= this.width) return;
    // Idle is what shows where nothing covers.
    if (category === categoryIndex.idle) return;
    const density = end > start ? covered / (end - start) : 1;
    const begin = left < 0 ? 0 : left;
    const finish = right > this.width ? this.width : right;
    const firstPixel = Math.floor(begin);
    let lastPixel = Math.ceil(finish) - 1;
    if (lastPixel < firstPixel) lastPixel = firstPixel;
    for (let pixel = firstPixel; pixel <= lastPixel; pixel++) {
      const overlap = Math.min(finish, pixel + 1) - Math.max(begin, pixel);
      this.add(pixel, category, overlap * density);
    }
  };

  private add(pixel: number, category: number, share: number): void {
    if (pixel !== this.pixel) {
      this.flush();
      this.pixel = pixel;
    }
    const taken = share > POINT_COVERAGE ? share : POINT_COVERAGE;
    this.touched = true;
    this.total += taken;
    this.shares[category] = (this.shares[category] as number) + taken;
  }

  private flush(): void {
    if (!this.touched) return;
    const shares = this.shares;
    let best = 0;
    for (let c = 1; c < shares.length; c++) if ((shares[c] as number) > (shares[best] as number)) best = c;
    if ((shares[categoryIndex.error] as number) > 0) best = categoryIndex.error;
    const alpha = this.total >= 1 ? 1 : LEAST_ALPHA + (1 - LEAST_ALPHA) * this.total;
    if (this.pixel < this.width) {
      this.out[this.offset + this.pixel] = ((Math.round(alpha * 255) << 24) | (this.colors[best] as number)) >>> 0;
      this.painted = true;
    }
    shares.fill(0);
    this.total = 0;
    this.touched = false;
  }
}

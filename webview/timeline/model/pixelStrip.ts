/**
 * One line of pixels from one row of a lane. Each item's coverage is split over the pixels that it touches, so that
 * no covered pixel stays blank and none is darker than its share. Pure; a pixel is 0xAABBGGRR, as a canvas's
 * ImageData has it on little-endian machines.
 */
import { categories, categoryIndex } from './category.ts';
import type { Level, Row } from './row.ts';
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
  /** The category of all that covers the pixel so far; -1 when there are several, whose parts are in `shares`. */
  private only = -1;
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
    const number = row.levelFor(1 / this.scale);
    this.narrow(row.levels[number] as Level, to);
    row.visitOpen(from, to, number, this.take);
    this.flush();
    return this.painted;
  }

  /** As `Row.visit` with `take`, but that items of at most two pixels, which nearly all are when there are many, are taken without a call. */
  private narrow(level: Level, to: Milliseconds): void {
    const { from, scale, width } = this;
    const { start, end, category, index, flags, covered, length } = level;
    const exact = level.bucket === 0;
    // What may be a shape of its own is for `take` to tell.
    const most = this.wideFrom > 2 ? 1 : -Infinity;
    for (let i = Math.max(0, level.firstEndingAfter(from) - 1); i < length; i++) {
      const s = start[i] as number;
      if (s >= to) return;
      const e = end[i] as number;
      const left = (s - from) * scale;
      const beyond = (e - from) * scale - (left | 0) - 1;
      const inside = exact ? e - s : (covered[i] as number);
      const what = category[i] as number;
      if (left < 0 || beyond > most || left + 2 >= width) {
        this.take(s, e, what, exact ? i : (index[i] as number), inside, !exact && flags[i] === 1);
      } else if (what !== categoryIndex.idle) {
        const share = inside * scale;
        const later = beyond > 0 ? (share * beyond) / ((e - s) * scale) : 0;
        this.add(left | 0, what, share - later);
        if (beyond > 0) this.add((left | 0) + 1, what, later);
      }
    }
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
    if (!this.touched) {
      this.touched = true;
      this.only = category;
    } else if (this.only !== category && this.only >= 0) {
      this.shares[this.only] = this.total;
      this.only = -1;
    }
    this.total += taken;
    if (this.only < 0) this.shares[category] = (this.shares[category] as number) + taken;
  }

  private flush(): void {
    if (!this.touched) return;
    const best = this.only >= 0 ? this.only : this.most();
    const alpha = this.total >= 1 ? 1 : LEAST_ALPHA + (1 - LEAST_ALPHA) * this.total;
    if (this.pixel < this.width) {
      this.out[this.offset + this.pixel] = ((Math.round(alpha * 255) << 24) | (this.colors[best] as number)) >>> 0;
      this.painted = true;
    }
    this.total = 0;
    this.touched = false;
  }

  /** The category that covers most of the pixel; an error always shows. */
  private most(): number {
    const { shares } = this;
    let best = 0;
    for (let c = 1; c < shares.length; c++) if ((shares[c] as number) > (shares[best] as number)) best = c;
    if ((shares[categoryIndex.error] as number) > 0) best = categoryIndex.error;
    shares.fill(0);
    return best;
  }
}

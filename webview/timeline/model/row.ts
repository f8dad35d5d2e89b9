/**
 * One row of a lane: items sorted by start and not overlapping, in columns, with a pyramid of coarser levels.
 *
 * Level 0 holds every item. Each level above has buckets at least four times as wide as the one below, the first about as
 * wide as the row's narrower items, and so wide that at most half of the items are left, as far as the first of them tell. An item at least a bucket wide stays itself, narrower
 * ones that start in the same bucket are merged into one, which keeps the first item's index, how many milliseconds are
 * covered, and the category that covers most. Drawing reads the level whose bucket is at most a
 * pixel, so its cost follows the pixels and not the items. Everything is append-only; each level's open bucket is the
 * live tail.
 */
import { categories, categoryIndex } from './category.ts';
import type { Milliseconds } from '../../../src/profile/units.ts';

export const FINEST_BUCKET_MS = 2;
const GROWTH = 4;
/** A level with fewer items than this is cheap enough to be drawn whole, so no coarser one is made from it. */
const ITEMS_BEFORE_NEXT_LEVEL = 1024;
const MAX_LEVELS = 16;
/** The most items that a level may have of those below it. */
const WORTH = 0.5;
/** Three years: no run is longer. */
const WIDEST_BUCKET_MS = 1e11;

/** The bucket for the first level above these items: at most as wide as a quarter of them are. */
function firstBucket(items: Level): Milliseconds {
  const widths = new Float64Array(items.length);
  for (let i = 0; i < items.length; i++) widths[i] = (items.end[i] ?? 0) - (items.start[i] ?? 0);
  const typical = widths.sort()[items.length >> 2] ?? 0;
  let bucket = FINEST_BUCKET_MS;
  while (bucket * GROWTH <= typical) bucket *= GROWTH;
  return bucket;
}

function grown<T extends Float64Array | Float32Array | Int32Array | Uint8Array>(old: T, make: (length: number) => T): T {
  const next = make(Math.max(16, old.length * 2));
  next.set(old);
  return next;
}

/** Columns of one level; `bucket` is 0 at level 0, where nothing is merged. At level 0 `index` is the span's number; above, the number of the first level-0 item. */
export class Level {
  length = 0;
  start = new Float64Array(0);
  end = new Float64Array(0);
  category = new Uint8Array(0);
  index = new Int32Array(0);
  /** Level 0: flags of the item. Above: 1 for merged items, 0 for items that stayed themselves. */
  flags = new Uint8Array(0);
  /** Covered milliseconds; only used above level 0, where an item may be a merged one. */
  covered = new Float32Array(0);
  readonly bucket: Milliseconds;

  constructor(bucket: Milliseconds) {
    this.bucket = bucket;
  }

  push(start: number, end: number, category: number, index: number, flags: number, covered: number): void {
    const at = this.length;
    if (at === this.start.length) {
      this.start = grown(this.start, (n) => new Float64Array(n));
      this.end = grown(this.end, (n) => new Float64Array(n));
      this.category = grown(this.category, (n) => new Uint8Array(n));
      this.index = grown(this.index, (n) => new Int32Array(n));
      this.flags = grown(this.flags, (n) => new Uint8Array(n));
      if (this.bucket > 0) this.covered = grown(this.covered, (n) => new Float32Array(n));
    }
    this.start[at] = start;
    this.end[at] = end;
    this.category[at] = category;
    this.index[at] = index;
    this.flags[at] = flags;
    if (this.bucket > 0) this.covered[at] = covered;
    this.length = at + 1;
  }

  /** Gives back what was reserved for more. */
  trim(): void {
    const { length } = this;
    this.start = this.start.slice(0, length);
    this.end = this.end.slice(0, length);
    this.category = this.category.slice(0, length);
    this.index = this.index.slice(0, length);
    this.flags = this.flags.slice(0, length);
    if (this.bucket > 0) this.covered = this.covered.slice(0, length);
  }

  /** How many items a level above would have with buckets this wide. */
  mergedLength(bucket: Milliseconds): number {
    let count = 0;
    let open = NaN;
    for (let i = 0; i < this.length; i++) {
      const start = this.start[i] as number;
      const alone = (this.bucket === 0 || this.flags[i] === 0) && (this.end[i] as number) - start >= bucket;
      const key = alone ? NaN : Math.floor(start / bucket);
      if (key !== open) count++;
      open = key;
    }
    return count;
  }

  /** Number of the first item that ends after `time`. */
  firstEndingAfter(time: Milliseconds): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.end[middle] ?? 0) > time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  get bytes(): number {
    return this.start.byteLength * 2 + this.category.byteLength * 2 + this.index.byteLength + this.covered.byteLength;
  }
}

/** A bucket that may still grow. */
class OpenBucket {
  count = 0;
  key = 0;
  start = 0;
  end = 0;
  index = 0;
  covered = 0;
  readonly byCategory = new Float64Array(categories.length);

  begin(key: number, start: number, index: number): void {
    this.count = 0;
    this.key = key;
    this.start = start;
    this.end = start;
    this.index = index;
    this.covered = 0;
    this.byCategory.fill(0);
  }

  add(end: number, category: number, covered: number): void {
    this.count++;
    if (end > this.end) this.end = end;
    this.covered += covered;
    // A point in time covers nothing but must still be able to be the category that shows.
    this.byCategory[category] = (this.byCategory[category] ?? 0) + covered + 1e-9;
  }

  /** The category that covers most; an error always shows. */
  get category(): number {
    if ((this.byCategory[categoryIndex.error] ?? 0) > 0) return categoryIndex.error;
    let best = 0;
    for (let c = 1; c < this.byCategory.length; c++) if ((this.byCategory[c] ?? 0) > (this.byCategory[best] ?? 0)) best = c;
    return best;
  }
}

/** What `Row.visit` hands over for each item. `first` is a level-0 number; `merged` says that more items may follow it. */
export type VisitItem = (start: number, end: number, category: number, first: number, covered: number, merged: boolean) => void;

export class Row {
  readonly levels: Level[] = [new Level(0)];
  private readonly open: OpenBucket[] = [new OpenBucket()];

  get exact(): Level {
    return this.levels[0] as Level;
  }

  get length(): number {
    return this.exact.length;
  }

  /** End of the last item, or -Infinity when empty. */
  get lastEnd(): Milliseconds {
    const exact = this.exact;
    return exact.length === 0 ? -Infinity : (exact.end[exact.length - 1] ?? -Infinity);
  }

  get bytes(): number {
    return this.levels.reduce((sum, level) => sum + level.bytes, 0);
  }

  /** Gives back what was reserved for more. */
  trim(): void {
    for (const level of this.levels) level.trim();
  }

  /** Adds an item that starts no earlier than the last one ended; an earlier start is moved up to it. */
  append(start: Milliseconds, end: Milliseconds, category: number, span: number, flags: number): void {
    const from = Math.max(start, this.lastEnd);
    const to = Math.max(from, end);
    const exact = this.exact;
    const number = exact.length;
    exact.push(from, to, category, span, flags, 0);
    this.sealed(0, from, to, category, number, to - from, false);
  }

  /** An item of `level` is final: hand it to the level above, which is made once it pays. */
  private sealed(level: number, start: number, end: number, category: number, first: number, covered: number, merged: boolean): void {
    const above = level + 1;
    if (above < this.levels.length) this.feed(above, start, end, category, first, covered, merged);
    else if (above < MAX_LEVELS && (this.levels[level]?.length ?? 0) >= ITEMS_BEFORE_NEXT_LEVEL) this.makeLevel(above);
  }

  private makeLevel(level: number): void {
    const below = this.levels[level - 1] as Level;
    let bucket = level === 1 ? firstBucket(below) : below.bucket * GROWTH;
    // A level that merges little would take memory and save no work.
    while (below.mergedLength(bucket) > below.length * WORTH && bucket < WIDEST_BUCKET_MS) bucket *= GROWTH;
    this.levels.push(new Level(bucket));
    this.open.push(new OpenBucket());
    for (let i = 0; i < below.length; i++) {
      const start = below.start[i] ?? 0;
      const end = below.end[i] ?? 0;
      const merged = level > 1 && below.flags[i] === 1;
      this.feed(level, start, end, below.category[i] ?? 0, level === 1 ? i : (below.index[i] ?? 0), level === 1 ? end - start : (below.covered[i] ?? 0), merged);
    }
  }

  private feed(number: number, start: number, end: number, category: number, first: number, covered: number, merged: boolean): void {
    const level = this.levels[number] as Level;
    const open = this.open[number] as OpenBucket;
    if (end - start >= level.bucket && !merged) {
      this.closeBucket(number);
      level.push(start, end, category, first, 0, covered);
      this.sealed(number, start, end, category, first, covered, false);
      return;
    }
    const key = Math.floor(start / level.bucket);
    if (open.count > 0 && open.key !== key) this.closeBucket(number);
    if (open.count === 0) open.begin(key, start, first);
    open.add(end, category, covered);
    if (merged) open.count++;
  }

  private closeBucket(number: number): void {
    const open = this.open[number] as OpenBucket;
    if (open.count === 0) return;
    const { start, end, category, index, covered } = open;
    const merged = open.count > 1;
    open.count = 0;
    (this.levels[number] as Level).push(start, end, category, index, merged ? 1 : 0, covered);
    this.sealed(number, start, end, category, index, covered, merged);
  }

  /** The coarsest level whose bucket is at most this wide. */
  levelFor(msPerPixel: Milliseconds): number {
    let level = 0;
    while ((this.levels[level + 1]?.bucket ?? Infinity) <= msPerPixel) level++;
    return level;
  }

  /** Calls `visit` in order of time for what touches [from, to), at a resolution of at least one item per pixel. */
  visit(from: Milliseconds, to: Milliseconds, msPerPixel: Milliseconds, visit: VisitItem): void {
    const number = this.levelFor(msPerPixel);
    const level = this.levels[number] as Level;
    const { start, end, category, index, flags, covered } = level;
    const exact = number === 0;
    // One earlier than the search says: an item that ends exactly at `from` may be a point in time.
    for (let i = Math.max(0, level.firstEndingAfter(from) - 1); i < level.length; i++) {
      const s = start[i] as number;
      if (s >= to) return;
      const e = end[i] as number;
      if (exact) visit(s, e, category[i] as number, i, e - s, false);
      else visit(s, e, category[i] as number, index[i] as number, covered[i] as number, flags[i] === 1);
    }
    this.visitOpen(from, to, number, visit);
  }

  /** Visits the live tail: buckets of a level and of the finer ones below that have not been handed up yet. */
  visitOpen(from: Milliseconds, to: Milliseconds, level: number, visit: VisitItem): void {
    for (let n = level; n >= 1; n--) {
      const open = this.open[n] as OpenBucket;
      if (open.count > 0 && open.start < to && open.end >= from) visit(open.start, open.end, open.category, open.index, open.covered, open.count > 1);
    }
  }

  /** The level-0 item nearest to `time` within `tolerance`, or -1: how a pointer finds a span narrower than a pixel. */
  itemAt(time: Milliseconds, tolerance: Milliseconds): number {
    const exact = this.exact;
    const after = exact.firstEndingAfter(time);
    let best = -1;
    let bestDistance = tolerance;
    for (let i = Math.max(0, after - 1); i <= after && i < exact.length; i++) {
      const distance = Math.max((exact.start[i] ?? 0) - time, time - (exact.end[i] ?? 0), 0);
      if (distance <= bestDistance) {
        if (distance === 0 && (exact.start[i] ?? 0) <= time && time < (exact.end[i] ?? 0)) return i;
        if (distance < bestDistance || best === -1) {
          best = i;
          bestDistance = distance;
        }
      }
    }
    return best;
  }
}

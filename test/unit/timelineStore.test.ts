/** The timeline's columnar store: rows with their pyramid, step series, and the pixel strip drawn from them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { categories, categoryIndex } from '../../webview/timeline/model/category.ts';
import { StripPainter, WideItems } from '../../webview/timeline/model/pixelStrip.ts';
import { Row } from '../../webview/timeline/model/row.ts';
import { StepSeries } from '../../webview/timeline/model/stepSeries.ts';
import { seeded } from '../fixtures/timelineDocuments.ts';

interface Item {
  start: number;
  end: number;
  category: number;
}

/** Items in order, not overlapping, of widths from points in time to seconds. */
function randomItems(count: number, seed: number): Item[] {
  const random = seeded(seed);
  const items: Item[] = [];
  let t = random() * 20;
  for (let i = 0; i < count; i++) {
    const width = random() < 0.05 ? 0 : 10 ** (random() * 4 - 2);
    items.push({ start: t, end: t + width, category: 3 + Math.floor(random() * 5) });
    t += width + (random() < 0.4 ? 0 : 10 ** (random() * 3.5 - 2));
  }
  return items;
}

function rowOf(items: readonly Item[]): Row {
  const row = new Row();
  items.forEach((item, i) => row.append(item.start, item.end, item.category, i, 0));
  return row;
}

const rows = fc.record({ count: fc.integer({ min: 0, max: 6000 }), seed: fc.integer({ min: 1, max: 1e6 }) });

describe('Row', () => {
  it('shows every covered millisecond once, at every resolution', () => {
    fc.assert(
      fc.property(rows, fc.double({ min: 0.01, max: 5000, noNaN: true }), ({ count, seed }, msPerPixel) => {
        const items = randomItems(count, seed);
        let covered = 0;
        let last = -Infinity;
        rowOf(items).visit(-1, Infinity, msPerPixel, (start, end, _category, _first, share) => {
          // Not by expect: this runs millions of times.
          if (start < last) throw new Error(`${start} after ${last}`);
          if (share > end - start + 1e-3) throw new Error(`covers ${share} of ${end - start}`);
          last = start;
          covered += share;
        });
        const all = items.reduce((sum, item) => sum + item.end - item.start, 0);
        // Merged coverage is kept in single precision.
        expect(covered).toBeCloseTo(all, all > 1e5 ? -1 : 0);
      }),
      { numRuns: 40 },
    );
  });

  it('reads about as many items as there are pixels, not as there are spans', () => {
    const row = new Row();
    for (let i = 0; i < 200_000; i++) row.append(i * 2, i * 2 + 1, 5, i, 0);
    let seen = 0;
    row.visit(0, 400_000, 400, () => seen++);
    expect(seen).toBeGreaterThan(900);
    expect(seen).toBeLessThan(1000 * 5);
  });

  it('never merges across what is wider than a pixel', () => {
    const row = rowOf(randomItems(5000, 3));
    row.visit(-1, Infinity, 50, (start, end, _category, _first, _covered, merged) => {
      if (merged) expect(end - start).toBeLessThanOrEqual(100);
    });
  });

  it('finds the item under a pointer as a search through all of them does', () => {
    fc.assert(
      fc.property(rows, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 5, noNaN: true }), ({ count, seed }, share, tolerance) => {
        const items = randomItems(Math.min(count, 300), seed);
        const time = share * ((items[items.length - 1]?.end ?? 0) + 5);
        const distance = (item: Item | undefined): number => (item === undefined ? Infinity : Math.max(item.start - time, time - item.end, 0));
        const best = Math.min(...items.map(distance), Infinity);
        const found = rowOf(items).itemAt(time, tolerance);
        if (best > tolerance) expect(found).toBe(-1);
        else expect(distance(items[found])).toBeCloseTo(best, 9);
      }),
    );
  });

  it('moves up what overlaps, and never goes backwards', () => {
    const row = new Row();
    row.append(10, 20, 5, 0, 0);
    row.append(15, 30, 5, 1, 0);
    row.append(5, 8, 5, 2, 0);
    expect([...row.exact.start.slice(0, 3)]).toEqual([10, 20, 30]);
    expect([...row.exact.end.slice(0, 3)]).toEqual([20, 30, 30]);
  });
});

/** How much of each pixel the items cover, the slow way. */
function referenceCoverage(items: readonly Item[], from: number, to: number, width: number): Float64Array {
  const covered = new Float64Array(width);
  for (const item of items) {
    const left = ((item.start - from) / (to - from)) * width;
    const right = ((item.end - from) / (to - from)) * width;
    for (let pixel = Math.max(0, Math.floor(left)); pixel < width && pixel < right; pixel++) covered[pixel] = (covered[pixel] as number) + Math.min(right, pixel + 1) - Math.max(left, pixel);
  }
  return covered;
}

/** What each pixel shows, item by item: its strength of 255, and the categories that cover most of it (several where they differ by a rounding). */
function referencePixels(items: readonly Item[], from: number, to: number, width: number, wideFrom: number): { pixels: { alpha: number; best: number[] }[]; wide: number[] } {
  const shares = Array.from({ length: width }, () => new Map<number, number>());
  const wide: number[] = [];
  const scale = width / (to - from);
  items.forEach((item, number) => {
    const left = (item.start - from) * scale;
    const right = (item.end - from) * scale;
    if (item.start >= to || item.end < from) return;
    if (right - left >= wideFrom) {
      if (item.end > from) wide.push(number);
      return;
    }
    if (left >= width || item.category === categoryIndex.idle) return;
    const begin = Math.max(0, left);
    const end = Math.min(width, right);
    for (let pixel = Math.floor(begin); pixel === Math.floor(begin) || pixel < end; pixel++) {
      const share = Math.max(0.02, Math.min(end, pixel + 1) - Math.max(begin, pixel));
      shares[pixel]?.set(item.category, (shares[pixel]?.get(item.category) ?? 0) + share);
    }
  });
  const pixels = shares.map((of) => {
    const total = [...of.values()].reduce((sum, share) => sum + share, 0);
    const most = Math.max(...of.values());
    const best = [...of].filter(([, share]) => share > most - 1e-6).map(([category]) => category);
    return { alpha: of.size === 0 ? 0 : Math.round(Math.min(1, 0.4 + 0.6 * Math.min(1, total)) * 255), best };
  });
  return { pixels, wide };
}

const colors = Uint32Array.from(categories, (_, i) => i + 1);

describe('StripPainter', () => {
  it('leaves no covered pixel blank and colours no empty one', () => {
    const painter = new StripPainter();
    fc.assert(
      fc.property(rows, fc.double({ min: 0, max: 0.9, noNaN: true }), fc.double({ min: 0.001, max: 1, noNaN: true }), fc.integer({ min: 50, max: 1500 }), ({ count, seed }, begin, part, width) => {
        const items = randomItems(count, seed);
        const whole = (items[items.length - 1]?.end ?? 0) + 1;
        const from = begin * whole;
        const to = from + part * whole;
        const out = new Uint32Array(width);
        painter.paint(rowOf(items), from, to, out, 0, width, colors, null, Infinity, 0);
        const covered = referenceCoverage(items, from, to, width);
        // A merged bucket may reach a pixel or two beyond its items, as it is spread over its whole extent.
        const near = (pixel: number): number => Math.max(...[-2, -1, 0, 1, 2].map((d) => covered[pixel + d] ?? 0), ...items.filter((item) => item.start === item.end && Math.abs(((item.start - from) / (to - from)) * width - pixel) < 3).map(() => 1), 0);
        for (let pixel = 0; pixel < width; pixel++) {
          if ((covered[pixel] ?? 0) > 1e-9) expect((out[pixel] ?? 0) >>> 24, `pixel ${pixel}`).toBeGreaterThanOrEqual(102);
          else if ((out[pixel] ?? 0) !== 0) expect(near(pixel), `pixel ${pixel}`).toBeGreaterThan(0);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('gives each pixel the colour and the strength that a slow painter gives it', () => {
    const painter = new StripPainter();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 0.9, noNaN: true }), fc.double({ min: 0.001, max: 1, noNaN: true }), fc.integer({ min: 3, max: 1500 }), fc.constantFrom(1, 1.5, 2, 3, 8, Infinity), (count, seed, begin, part, width, wideFrom) => {
        const items = randomItems(count, seed);
        const whole = (items[items.length - 1]?.end ?? 0) + 1;
        const from = begin * whole;
        const to = from + part * whole;
        const out = new Uint32Array(width);
        const wide = new WideItems();
        painter.paint(rowOf(items), from, to, out, 0, width, colors, wide, wideFrom, 0);
        const expected = referencePixels(items, from, to, width, wideFrom);
        // One that ends before the first pixel may be handed over, and is not seen.
        expect([...wide.item.subarray(0, wide.length)].filter((_, k) => (wide.right[k] ?? 0) > 0)).toEqual(expected.wide);
        for (let pixel = 0; pixel < width; pixel++) {
          const { alpha, best } = expected.pixels[pixel] ?? { alpha: 0, best: [] };
          const got = out[pixel] ?? 0;
          // Sums are rounded in another order.
          if (Math.abs((got >>> 24) - alpha) > 1) throw new Error(`pixel ${pixel} has the strength ${got >>> 24} and not ${alpha}`);
          if (alpha > 0 && !best.includes((got & 0xffffff) - 1)) throw new Error(`pixel ${pixel} has the colour of ${(got & 0xffffff) - 1} and not of ${best.join()}`);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('shows an error among thousands of others, and hands wide items over', () => {
    const row = new Row();
    for (let i = 0; i < 5000; i++) row.append(i, i + 0.9, i === 2500 ? categoryIndex.error : categoryIndex.tool, i, 0);
    row.append(6000, 8000, categoryIndex.decode, 5000, 0);
    const out = new Uint32Array(100);
    const wide = new WideItems();
    new StripPainter().paint(row, 0, 10_000, out, 0, 100, colors, wide, 8, 7);
    const red = [...out].flatMap((pixel, x) => ((pixel & 0xffffff) === categoryIndex.error + 1 ? [x] : []));
    // In its own pixel; its bucket may reach into the next.
    expect(red).toContain(25);
    expect(red.length).toBeLessThanOrEqual(2);
    expect([wide.length, wide.left[0], wide.right[0], wide.category[0], wide.row[0]]).toEqual([1, 60, 80, categoryIndex.decode, 7]);
    expect(row.exact.index[wide.item[0] ?? 0]).toBe(5000);
  });
});

describe('StepSeries', () => {
  const values = fc.array(fc.option(fc.double({ min: 0, max: 500, noNaN: true }), { freq: 5, nil: null }), { maxLength: 700 });

  it('knows the extremes of any range, also after its end was cut and written anew', () => {
    fc.assert(
      fc.property(values, values, fc.nat(700), fc.nat(1400), fc.nat(1400), (before, after, cut, from, to) => {
        const series = new StepSeries();
        const all: (number | null)[] = [];
        const append = (value: number | null): void => {
          series.append(all.length * 10, all.length * 10 + 10, value);
          all.push(value);
        };
        before.forEach(append);
        series.truncate(cut);
        all.length = Math.min(all.length, cut);
        after.forEach(append);
        const known = all.slice(from, to).filter((value) => value !== null).map(Math.fround);
        expect(series.extremes(from, to)).toEqual(known.length === 0 ? null : { min: Math.min(...known), max: Math.max(...known) });
        expect(series.stepAt(from * 10 + 5)).toBe(Math.min(from, all.length - 1));
      }),
      { numRuns: 200 },
    );
  });
});

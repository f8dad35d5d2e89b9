/** Lines in order of their times, though the recorder learned of them in another. Pure. */
import type { GpuLine } from './recordingFormat.ts';

/** Where `value` belongs in a sorted list, after its equals. Lines come almost in order, so the end is tried first. */
function placeInOrder<Item>(items: readonly Item[], value: number, timeOf: (item: Item) => number): number {
  const last = items[items.length - 1];
  if (last === undefined || timeOf(last) <= value) return items.length;
  let low = 0;
  let high = items.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && timeOf(item) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function insertInOrder<Item>(items: Item[], item: Item, timeOf: (item: Item) => number): void {
  const place = placeInOrder(items, timeOf(item), timeOf);
  if (place === items.length) items.push(item);
  else items.splice(place, 0, item);
}

/** Keeps GPU lines in order and apart: where two overlap, the one read first stands. */
export function insertGpuLine(lines: GpuLine[], line: GpuLine): void {
  const place = placeInOrder(lines, line.t, (each) => each.t);
  const start = Math.max(line.t, lines[place - 1]?.end ?? line.t);
  const end = Math.min(line.end, lines[place]?.t ?? line.end);
  if (end <= start) return;
  lines.splice(place, 0, start === line.t && end === line.end ? line : { ...line, t: start, end });
}

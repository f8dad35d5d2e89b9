/** Some spans as a tree, for those who hear the page: each below the nearest span around it that is among them. Pure. */
import type { TimelineModel } from './timelineModel.ts';

export interface TreeEntry {
  number: number;
  /** From 1. */
  level: number;
  /** Among those of the same parent: from 1, and how many there are. */
  position: number;
  size: number;
  hasChildren: boolean;
}

/** More levels than any agent has; parents in a circle end here. */
const MOST_LEVELS = 64;

/** Depth first, in order of start. */
export function spanTree(model: TimelineModel, numbers: readonly number[]): TreeEntry[] {
  const listed = new Set(numbers);
  const parentOf = (number: number): number => {
    let at = model.parentOf(number);
    for (let level = 0; at >= 0 && level < MOST_LEVELS; level++) {
      if (listed.has(at) && at !== number) return at;
      at = model.parentOf(at);
    }
    return -1;
  };
  const startOf = (number: number): number => model.spanAt(number)?.startMs ?? 0;
  const children = new Map<number, number[]>();
  for (const number of [...listed].sort((a, b) => startOf(a) - startOf(b) || a - b)) {
    const parent = parentOf(number);
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [number]);
    else siblings.push(number);
  }
  const entries: TreeEntry[] = [];
  const seen = new Set<number>();
  const visit = (parent: number, level: number): void => {
    const siblings = children.get(parent) ?? [];
    siblings.forEach((number, index) => {
      if (seen.has(number)) return;
      seen.add(number);
      entries.push({ number, level, position: index + 1, size: siblings.length, hasChildren: children.has(number) });
      visit(number, level + 1);
    });
  };
  visit(-1, 1);
  // Parents in a circle hang on nothing: they are roots, too.
  for (const number of numbers) {
    if (seen.has(number)) continue;
    seen.add(number);
    entries.push({ number, level: 1, position: 1, size: 1, hasChildren: children.has(number) });
    visit(number, 2);
  }
  return entries;
}

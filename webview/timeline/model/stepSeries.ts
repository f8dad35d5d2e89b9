/**
 * A value that holds over stretches of time (power, KV tokens), with a min/max tree, so that the extremes of any range
 * cost a few dozen steps. Append-only, except that its end may be cut off and written anew while a run is live.
 */
import type { Milliseconds } from '../../../src/profile/units.ts';

const FAN_OUT = 8;

interface Tree {
  min: Float32Array;
  max: Float32Array;
  length: number;
}

function grownFloat64(old: Float64Array): Float64Array<ArrayBuffer> {
  const next = new Float64Array(Math.max(64, old.length * 2));
  next.set(old);
  return next;
}

function grownFloat32(old: Float32Array): Float32Array<ArrayBuffer> {
  const next = new Float32Array(Math.max(64, old.length * 2));
  next.set(old);
  return next;
}

/** Least and greatest known value of a range; null when none is known there. */
export interface Extremes {
  min: number;
  max: number;
}

export class StepSeries {
  length = 0;
  start = new Float64Array(0);
  end = new Float64Array(0);
  /** NaN where the value is not known. */
  value = new Float32Array(0);
  /** trees[k] has one node for FAN_OUT^(k+1) steps. */
  private trees: Tree[] = [];

  append(start: Milliseconds, end: Milliseconds, value: number | null): void {
    const at = this.length;
    if (at === this.start.length) {
      this.start = grownFloat64(this.start);
      this.end = grownFloat64(this.end);
      this.value = grownFloat32(this.value);
    }
    this.start[at] = start;
    this.end[at] = Math.max(start, end);
    this.value[at] = value ?? NaN;
    this.length = at + 1;
    this.refresh(at);
  }

  /** Forgets every step from number `length` on. */
  truncate(length: number): void {
    if (length >= this.length) return;
    this.length = Math.max(0, length);
    let nodes = this.length;
    for (const tree of this.trees) {
      nodes = Math.ceil(nodes / FAN_OUT);
      tree.length = nodes;
    }
    if (this.length > 0) this.refresh(this.length - 1);
  }

  /** Recomputes the nodes above a step. */
  private refresh(step: number): void {
    let node = step;
    let below: { min: Float32Array; max: Float32Array; length: number } = { min: this.value, max: this.value, length: this.length };
    for (let k = 0; below.length > FAN_OUT || k < this.trees.length; k++) {
      node = Math.floor(node / FAN_OUT);
      let tree = this.trees[k];
      if (tree === undefined) {
        tree = { min: new Float32Array(0), max: new Float32Array(0), length: 0 };
        this.trees.push(tree);
        // A tree is made late: its earlier nodes have to be filled once.
        for (let earlier = 0; earlier < node; earlier++) this.fillNode(tree, earlier, below);
      }
      this.fillNode(tree, node, below);
      below = tree;
    }
  }

  private fillNode(tree: Tree, node: number, below: { min: Float32Array; max: Float32Array; length: number }): void {
    while (node >= tree.min.length) {
      tree.min = grownFloat32(tree.min);
      tree.max = grownFloat32(tree.max);
    }
    let min = NaN;
    let max = NaN;
    const to = Math.min(below.length, (node + 1) * FAN_OUT);
    for (let i = node * FAN_OUT; i < to; i++) {
      const low = below.min[i] as number;
      const high = below.max[i] as number;
      if (!(min <= low)) min = Number.isNaN(low) ? min : low;
      if (!(max >= high)) max = Number.isNaN(high) ? max : high;
    }
    tree.min[node] = min;
    tree.max[node] = max;
    tree.length = Math.max(tree.length, node + 1);
  }

  /** Number of the step that holds at `time`: the last that starts at or before it, or -1. */
  stepAt(time: Milliseconds): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.start[middle] ?? 0) <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Extremes over the steps `from` to `to` (exclusive), or null when none of them is known. */
  extremes(from: number, to: number): Extremes | null {
    let min = Infinity;
    let max = -Infinity;
    const take = (low: number, high: number): void => {
      if (low < min) min = low;
      if (high > max) max = high;
    };
    let i = Math.max(0, from);
    const end = Math.min(this.length, to);
    while (i < end) {
      // The widest node that begins here and ends within the range.
      let level = 0;
      let size = 1;
      while (level < this.trees.length && i % (size * FAN_OUT) === 0 && i + size * FAN_OUT <= end) {
        size *= FAN_OUT;
        level++;
      }
      if (level === 0) take(this.value[i] as number, this.value[i] as number);
      else {
        const tree = this.trees[level - 1] as Tree;
        take(tree.min[i / size] as number, tree.max[i / size] as number);
      }
      i += size;
    }
    return min === Infinity ? null : { min, max };
  }

  /** Extremes over all steps. */
  all(): Extremes | null {
    return this.extremes(0, this.length);
  }
}

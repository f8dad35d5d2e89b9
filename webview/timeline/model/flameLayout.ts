/** Where the nodes of a call tree are, in units of what their width stands for, and what is at a place. Pure. */
import type { CallTree, Measure, TreeOrder } from './callTree.ts';

export class FlameLayout {
  readonly tree: CallTree;
  /** Where a node begins. */
  readonly start: Float64Array;
  readonly width: readonly number[];
  /** Rows, the run's included. */
  readonly depth: number;
  /** Children of all nodes, each node's together and in order; those of a node begin at `first[node]`. */
  private readonly children: Int32Array;
  private readonly first: Int32Array;

  constructor(tree: CallTree, measure: Measure, order: TreeOrder) {
    this.tree = tree;
    this.width = tree.total[measure];
    const { length } = tree;
    this.first = new Int32Array(length + 1);
    for (let node = 1; node < length; node++) this.first[(tree.parent[node] ?? 0) + 1] = (this.first[(tree.parent[node] ?? 0) + 1] ?? 0) + 1;
    for (let node = 0; node < length; node++) this.first[node + 1] = (this.first[node + 1] ?? 0) + (this.first[node] ?? 0);
    this.children = new Int32Array(Math.max(0, length - 1));
    const filled = this.first.slice();
    for (let node = 1; node < length; node++) {
      const parent = tree.parent[node] ?? 0;
      const place = filled[parent] ?? 0;
      this.children[place] = node;
      filled[parent] = place + 1;
    }
    this.start = new Float64Array(length);
    let deepest = 0;
    for (let node = 0; node < length; node++) {
      if (this.widthOf(node) > 0) deepest = Math.max(deepest, tree.depth[node] ?? 0);
      const list = this.childrenOf(node);
      // What belongs to no call is last.
      if (order === 'heavy') list.sort((a, b) => Number(tree.kind[a] === 'rest') - Number(tree.kind[b] === 'rest') || this.widthOf(b) - this.widthOf(a) || a - b);
      let at = this.start[node] ?? 0;
      for (const child of list) {
        this.start[child] = at;
        at += this.widthOf(child);
      }
    }
    this.depth = deepest + 1;
  }

  widthOf(node: number): number {
    return this.width[node] ?? 0;
  }

  /** In the order in which they are drawn. Those without width are among them. */
  childrenOf(node: number): Int32Array {
    return this.children.subarray(this.first[node] ?? 0, this.first[node + 1] ?? 0);
  }

  /** Children that have a width: what can be seen and gone to. */
  shownChildren(node: number): number[] {
    return [...this.childrenOf(node)].filter((child) => this.widthOf(child) > 0);
  }

  /** The node in a row at a place, under a node that fills the whole width; -1 for none. */
  nodeAt(place: number, depth: number, zoom: number): number {
    const { tree } = this;
    const zoomDepth = tree.depth[zoom] ?? 0;
    if (depth <= zoomDepth) return tree.path(zoom)[depth] ?? -1;
    let node = zoom;
    for (let at = zoomDepth; at < depth; at++) {
      const child = this.childAt(node, place);
      if (child < 0) return -1;
      node = child;
    }
    return node;
  }

  private childAt(node: number, place: number): number {
    const list = this.childrenOf(node);
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const child = list[middle] ?? 0;
      if ((this.start[child] ?? 0) + this.widthOf(child) > place) high = middle;
      else low = middle + 1;
    }
    const child = list[low];
    return child !== undefined && (this.start[child] ?? 0) <= place && this.widthOf(child) > 0 ? child : -1;
  }

  /** The neighbour on the same level under the same parent, or -1. */
  sibling(node: number, step: 1 | -1): number {
    if (node === 0) return -1;
    const siblings = this.shownChildren(this.tree.parent[node] ?? 0);
    return siblings[siblings.indexOf(node) + step] ?? -1;
  }
}

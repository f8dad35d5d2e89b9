/**
 * The flame graph for screen readers: a tree with the node that the keyboard is at, what is around it and what is in it. It holds the
 * keyboard's focus for the drawing.
 */
import { attributes, element, fill } from '../../common/dom.ts';
import { nodeSentence } from './flameText.ts';
import type { Measure } from '../model/callTree.ts';
import type { FlameLayout } from '../model/flameLayout.ts';

/** Of siblings, and of children. */
const MOST_LISTED = 60;

/** Puts the nodes around `current` into the tree, and marks it. */
export function fillTree(root: HTMLElement, layout: FlameLayout, measure: Measure, current: number): void {
  const { tree } = layout;
  const path = tree.path(current);
  const parent = path.at(-2);
  const siblings = parent === undefined ? [current] : around(layout.shownChildren(parent), current);
  const children = layout.shownChildren(current).slice(0, MOST_LISTED);
  const above = path.slice(0, -1);
  const listed = [...above, ...siblings.flatMap((node) => (node === current ? [node, ...children] : [node]))];
  fill(root, ...listed.map((node) => item(layout, node, measure, node === current, above.includes(node) || (node === current && children.length > 0))));
  attributes(root, { 'aria-activedescendant': `flame-${current}` });
}

function around(siblings: readonly number[], current: number): number[] {
  const at = siblings.indexOf(current);
  const from = Math.max(0, Math.min(at - MOST_LISTED / 2, siblings.length - MOST_LISTED));
  return siblings.slice(from, from + MOST_LISTED);
}

function item(layout: FlameLayout, node: number, measure: Measure, isCurrent: boolean, isOpen: boolean): HTMLElement {
  const { tree } = layout;
  const siblings = node === 0 ? [0] : layout.shownChildren(tree.parent[node] ?? 0);
  const hasChildren = layout.shownChildren(node).length > 0;
  return attributes(element('div', '', nodeSentence(tree, node, measure)), {
    role: 'treeitem',
    id: `flame-${node}`,
    'aria-level': String((tree.depth[node] ?? 0) + 1),
    'aria-setsize': String(siblings.length),
    'aria-posinset': String(siblings.indexOf(node) + 1),
    'aria-selected': String(isCurrent),
    'aria-expanded': hasChildren ? String(isOpen) : null,
  });
}

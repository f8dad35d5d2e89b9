/** Walks what acorn makes of a text. */
import type { Node } from 'acorn';

export type Tree = Node & Record<string, unknown>;

export function children(node: Tree): Tree[] {
  const found: Tree[] = [];
  // Nothing of it is inherited.
  for (const key in node) {
    const value = node[key];
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      for (const each of value) if (isTree(each)) found.push(each);
    } else if (isTree(value)) found.push(value);
  }
  return found;
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

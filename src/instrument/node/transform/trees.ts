/** Walks what acorn makes of a text. */
import type { Node } from 'acorn';

export type Tree = Node & Record<string, unknown>;

export function* children(node: Tree): Generator<Tree> {
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const each of value) if (isTree(each)) yield each;
    } else if (isTree(value)) yield value;
  }
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

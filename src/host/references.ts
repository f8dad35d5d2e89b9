/** Arguments of commands that a link or another extension may give: checked before they are believed. */
import type { LineReference, SpanReference } from '../contributions.ts';

export function runReference(value: unknown): { run: string } | null {
  const run = textOf(value, 'run');
  return run === null ? null : { run };
}

export function spanReference(value: unknown): SpanReference | null {
  const run = textOf(value, 'run');
  const span = textOf(value, 'span');
  return run === null || span === null ? null : { run, span };
}

export function lineReference(value: unknown): LineReference | null {
  const run = textOf(value, 'run');
  const file = textOf(value, 'file');
  const line = fieldOf(value, 'line');
  const name = textOf(value, 'function');
  return run === null || file === null || typeof line !== 'number' ? null : { run, file, line, ...(name === null ? {} : { function: name }) };
}

function textOf(value: unknown, name: string): string | null {
  const field = fieldOf(value, name);
  return typeof field === 'string' ? field : null;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}

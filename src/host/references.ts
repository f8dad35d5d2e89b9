/** Arguments of commands that a link or another extension may give: checked before they are believed. */
import type { ExperimentChoice, LineReference, Resource, SpanReference } from '../contributions.ts';

export function runReference(value: unknown): { run: string } | null {
  const run = textOf(value, 'run');
  return run === null ? null : { run };
}

/** Of several rows that are selected, those that name runs. */
export function runReferences(value: unknown): { run: string }[] {
  return Array.isArray(value) ? value.flatMap((each) => runReference(each) ?? []) : [];
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

/** A file, or figures and how much of them; null for what is neither. */
export function experimentReference(value: unknown): Resource | ExperimentChoice | null {
  // The editor's own addresses have their path by a getter.
  if (typeof value === 'object' && value !== null && 'fsPath' in value && typeof value.fsPath === 'string') return { fsPath: value.fsPath };
  const figures = fieldOf(value, 'figures');
  if (!Array.isArray(figures) || !figures.every((figure) => typeof figure === 'string')) return null;
  const requests = fieldOf(value, 'requests');
  const repeats = fieldOf(value, 'repeats');
  return { figures, ...(isCount(requests) ? { requests } : {}), ...(isCount(repeats) ? { repeats } : {}) };
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 100_000;

function textOf(value: unknown, name: string): string | null {
  const field = fieldOf(value, name);
  return typeof field === 'string' ? field : null;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}

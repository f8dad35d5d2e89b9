/** Arguments of commands that a link or another extension may call: checked before they are believed. */
import { z } from 'zod';
import type { LineReference, SpanReference } from '../contributions.ts';

const runSchema = z.object({ run: z.string() });
const spanSchema = z.object({ run: z.string(), span: z.string() });
const lineSchema = z.object({ run: z.string(), file: z.string(), line: z.int() });

export function runReference(value: unknown): { run: string } | null {
  return runSchema.safeParse(value).data ?? null;
}

export function spanReference(value: unknown): SpanReference | null {
  return spanSchema.safeParse(value).data ?? null;
}

export function lineReference(value: unknown): LineReference | null {
  return lineSchema.safeParse(value).data ?? null;
}

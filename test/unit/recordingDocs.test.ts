/** docs/recording-format.md names every line and every field of the format. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { RECORDING_VERSION, recordingLineSchema } from '../../src/profile/recordingFormat.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/recording-format.md'), 'utf8');
/** Described where they are first used, or in the profiles' own documentation. */
const ELSEWHERE = new Set(['gpuProfile', 'modelProfile', 'priceProfile', 'frames', 'site', 'producer', 'trace']);

function fieldsOf(schema: unknown): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return fieldsOf(schema.unwrap());
  if (schema instanceof z.ZodArray) return fieldsOf(schema.element);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as Record<string, unknown>).flatMap(([name, value]) => [name, ...(ELSEWHERE.has(name) ? [] : fieldsOf(value))]);
}

const sections = new Map(page.split('\n### ').slice(1).map((section) => [section.slice(0, section.indexOf('\n')).toLowerCase(), section]));
const lines = recordingLineSchema.options.map((option) => [option.shape.type.value, option] as const);

it.each(lines)('describes %s with all its fields', (type, option) => {
  const section = sections.get(type.toLowerCase()) ?? '';
  // With what it refers to another section for.
  const text = section + [...section.matchAll(/\]\(#(\w+)\)/g)].map(([, name = '']) => sections.get(name) ?? '').join('');
  const missing = fieldsOf(option).filter((name) => name !== 'type' && !text.includes(`\`${name}\``));
  expect([...new Set(missing)]).toEqual([]);
});

it('describes no line that there is not, and every version before this one', () => {
  const described = [...page.matchAll(/^### (\w+)$/gm)].map(([, type]) => type);
  expect(described.toSorted()).toEqual(lines.map(([type]) => type).toSorted());
  for (let version = 1; version < RECORDING_VERSION; version++) expect(page).toContain(`Version ${version} had`);
});

/** How a recording lies on the disk. */
import { z } from 'zod';
import type { Bytes } from '../profile/units.ts';

/** Smaller parts would be little more than their headers. */
export const SMALLEST_PART_BYTES: Bytes = 1_000_000;

export const storageSchema = z.object({
  compress: z.boolean(),
  /** Length at which it goes on in a next file; null: one file. */
  partBytes: z.int().min(SMALLEST_PART_BYTES).nullable(),
  /** Length at which prompts and answers are no longer kept; null: never. */
  mostBytes: z.int().min(0).nullable(),
});
export type Storage = z.infer<typeof storageSchema>;

export const PLAIN_STORAGE: Storage = { compress: false, partBytes: null, mostBytes: null };

const UNITS: Readonly<Record<string, Bytes>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** `500MB`, `2 GB`, `1500000`: bytes, in powers of ten; null for what is no size. */
export function byteSize(text: string): Bytes | null {
  const match = /^(\d{1,15}(?:\.\d{1,9})?) ?([kmgt]?)b?$/i.exec(text.trim());
  return match === null ? null : Math.round(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!);
}

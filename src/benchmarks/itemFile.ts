/** Files of items: read, checked against the published ones, and said where they come from. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** A published file of a dataset. */
export interface PublishedFile {
  name: string;
  sha256: string;
  /** Where it was published. */
  from: string;
  licence: string;
}

export interface ItemSource {
  /** The published file's name, the path of another one, or what the bundled items are. */
  name: string;
  /** Of the file; null for bundled or generated items. */
  sha256: string | null;
  /** Null where it is not known. */
  licence: string | null;
  /** True when it is, byte for byte, a published file. */
  published: boolean;
}

/** Items of our own making. */
export function ownItems(name: string): ItemSource {
  return { name, sha256: null, licence: 'MIT', published: false };
}

/**
 * Reads a JSON array, or JSON Lines, of items.
 * @param what for messages: "HumanEval tasks"
 * @throws Error that names the file, the item and what is wrong
 */
export async function readItems<Item>(file: string, what: string, schema: z.ZodType<Item>, published: readonly PublishedFile[]): Promise<{ items: Item[]; source: ItemSource }> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new Error(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const known = published.find((candidate) => candidate.sha256 === sha256);
  const values = parseItems(bytes.toString('utf8'), file, what);
  const items = values.map((value, index) => {
    const result = schema.safeParse(value);
    if (!result.success) throw new Error(`${file} does not hold ${what}: item ${index + 1}: ${z.prettifyError(result.error)}`);
    return result.data;
  });
  if (items.length === 0) throw new Error(`${file} holds no ${what}.`);
  return { items, source: { name: known?.name ?? file, sha256, licence: known?.licence ?? null, published: known !== undefined } };
}

function parseItems(text: string, file: string, what: string): unknown[] {
  const message = (error: unknown) => (error instanceof Error ? error.message : String(error));
  if (text.trimStart().startsWith('[')) {
    try {
      return JSON.parse(text) as unknown[];
    } catch (error) {
      throw new Error(`${file} does not hold ${what}: ${message(error)}. Is it complete?`, { cause: error });
    }
  }
  const items: unknown[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      items.push(JSON.parse(line));
    } catch (error) {
      throw new Error(`${file} does not hold ${what}: line ${index + 1}: ${message(error)}. Is it complete?`, { cause: error });
    }
  }
  return items;
}

/** What a note says of items from a file that is not a published one. */
export function sourceNotes({ name, published, sha256 }: ItemSource): string[] {
  if (published || sha256 === null) return [];
  return [`The items are from ${name} (SHA-256 ${sha256}), which is not byte for byte a published file known here.`];
}

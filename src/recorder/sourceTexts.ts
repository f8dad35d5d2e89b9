/**
 * Texts of source files as they ran: `sources/` beside the recordings, each text once, named by its SHA-256. A list
 * beside them for each recording says which it needs, so that what no recording needs any more can go.
 */
import { createHash } from 'node:crypto';
import { appendFile, lstat, mkdir, readdir, readFile, rename, rm, rmdir, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Milliseconds } from '../profile/units.ts';

const FOLDER = 'sources';
const LIST_ENDING = '.list';
const TEXT_NAME = /^[0-9a-f]{64}(?:\.\d+\.tmp)?$/;
const HASH = /^[0-9a-f]{64}$/;
/** Another recorder may be about to name a text in its list; it touches the text before it does so. */
const YOUNG_MS: Milliseconds = 60 * 60 * 1000;

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Where the texts of a recording lie. */
export function sourcesFolder(recording: string): string {
  return join(dirname(recording), FOLDER);
}

/** The text with this hash beside a recording; null when it is not there or is not that text. */
export async function readSourceText(recording: string, sha256: string): Promise<Buffer | null> {
  if (!HASH.test(sha256)) return null;
  try {
    const bytes = await readFile(join(sourcesFolder(recording), sha256));
    return sha256Hex(bytes) === sha256 ? bytes : null;
  } catch {
    // Never kept, or gone since: others may know the text.
    return null;
  }
}

/**
 * Keeps a text for a recording, readable by its owner alone.
 * @throws NodeJS.ErrnoException
 */
export async function keepSourceText(recording: string, sha256: string, bytes: Uint8Array): Promise<void> {
  const folder = sourcesFolder(recording);
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if (!(await lstat(folder)).isDirectory()) throw new Error(`${folder} is no folder`);
  await appendFile(listOf(folder, recording), `${sha256}\n`, { mode: 0o600 });
  const path = join(folder, sha256);
  const now = new Date();
  // Touched where it is there already; written under another name first, so that a torn text never has the name of a whole one.
  await utimes(path, now, now).catch(async () => {
    const unfinished = `${path}.${process.pid}.tmp`;
    await writeFile(unfinished, bytes, { mode: 0o600 });
    await rename(unfinished, path);
  });
}

/** Deletes texts that no recording needs: those of recordings that were deleted. Never fails. */
export async function pruneSourceTexts(recording: string, now: Milliseconds = Date.now()): Promise<void> {
  const folder = sourcesFolder(recording);
  try {
    if (!(await lstat(folder)).isDirectory()) return;
    const names = await readdir(folder);
    const needed = new Set<string>();
    for (const name of names.filter((each) => each.endsWith(LIST_ENDING))) {
      const list = join(folder, name);
      if (await exists(join(dirname(folder), name.slice(0, -LIST_ENDING.length)))) for (const hash of (await readFile(list, 'utf8')).split('\n')) needed.add(hash);
      else await unlink(list);
    }
    for (const name of names) {
      const path = join(folder, name);
      if (TEXT_NAME.test(name) && !needed.has(name) && (await stat(path)).mtimeMs < now - YOUNG_MS) await unlink(path);
    }
  } catch {
    // No such folder yet, or another recorder is pruning it: the next run looks again.
  }
}

/**
 * Deletes at once the texts that a recording, which is gone, was the only one to need.
 * @throws NodeJS.ErrnoException
 */
export async function deleteSourceTexts(recording: string): Promise<void> {
  const folder = sourcesFolder(recording);
  const own = await hashesIn(listOf(folder, recording));
  if (own.length === 0) return;
  const others = (await readdir(folder)).filter((name) => name.endsWith(LIST_ENDING) && name !== basename(recording) + LIST_ENDING);
  const needed = new Set((await Promise.all(others.map((name) => hashesIn(join(folder, name))))).flat());
  for (const hash of own) if (HASH.test(hash) && !needed.has(hash)) await rm(join(folder, hash), { force: true });
  await rm(listOf(folder, recording), { force: true });
  // Only where nothing is left in it.
  await rmdir(folder).catch(() => undefined);
}

/** What a list names; nothing where it is not there. */
async function hashesIn(list: string): Promise<string[]> {
  try {
    return (await readFile(list, 'utf8')).split('\n').filter((hash) => hash !== '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function listOf(folder: string, recording: string): string {
  return join(folder, basename(recording) + LIST_ENDING);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    // A disk that is away for a moment is no reason to forget.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

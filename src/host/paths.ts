/** Whether two paths name the same file: through symbolic links, and without regard to case where the disk has none. */
import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, relative } from 'node:path';

const IGNORES_CASE = process.platform === 'win32' || process.platform === 'darwin';

/** Links rarely change while an editor is open; a file that was missing is asked about again. */
const known = new Map<string, string>();

/** One text for all names of a file. For comparing only: it may differ in case from the name on disk. */
export async function canonicalPath(path: string): Promise<string> {
  const cached = known.get(path);
  if (cached !== undefined) return cached;
  try {
    const canonical = fold(await realpath(path));
    known.set(path, canonical);
    return canonical;
  } catch {
    // No such file (any more): what is left to compare is its name in its folder, which may be there.
    const folder = dirname(path);
    return folder === path || !isAbsolute(path) ? fold(normalize(path)) : join(await canonicalPath(folder), fold(basename(path)));
  }
}

export async function isWithin(path: string, folder: string): Promise<boolean> {
  const way = relative(await canonicalPath(folder), await canonicalPath(path));
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}

/** A Windows network path: merely touching it sends the user's credentials to the machine that it names. */
export function isNetworkPath(path: string): boolean {
  return /^[\\/]{2}/.test(path);
}

function fold(path: string): string {
  return IGNORES_CASE ? path.toLowerCase() : path;
}

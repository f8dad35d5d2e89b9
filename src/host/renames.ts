/** Where renames of files and of folders around them lead. */
import { join, sep } from 'node:path';

/** A path, and the one text for all its names. */
export interface Place {
  path: string;
  canonical: string;
}

export interface Rename {
  /** Ms since 1970. */
  at: number;
  /** Canonical path of a file or a folder. */
  from: string;
  to: Place;
}

/** Where a file is after renames of itself or of folders around it. */
export function afterRenames(file: Place, renames: readonly Rename[]): Place {
  let now = file;
  for (const { from, to } of renames) {
    if (now.canonical !== from && !now.canonical.startsWith(from + sep)) continue;
    const inside = now.canonical.slice(from.length);
    const depth = inside.split(sep).length - 1;
    // The names below a folder as they are written, not as they are compared.
    now = { path: join(to.path, ...(depth === 0 ? [] : now.path.split(sep).slice(-depth))), canonical: to.canonical + inside };
  }
  return now;
}

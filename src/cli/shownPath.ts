import { isAbsolute, relative } from 'node:path';

/** A path as people would type it where they are. */
export function shownPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') || isAbsolute(near) ? path : near;
}

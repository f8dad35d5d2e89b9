/**
 * Source maps that transpilers append to what they hand over to be run (ts-node, SWC, Babel, vite-node). Node keeps such a map
 * only where it maps stacks itself, and to ask it to would change the stacks that the program prints.
 */
import Module from 'node:module';
import type { SourceMap, SourceMapPayload } from 'node:module';

const REFERENCE = 'sourceMappingURL=data:application/json';
/** The map as text until it is asked for, or null where it cannot be read. */
const maps = new Map<string, string | SourceMap | null>();

/** Keeps the map at the end of a file's running code, unread: most are never asked for. Returns whether there is one. */
export function rememberMap(file: string, code: unknown): boolean {
  const at = typeof code === 'string' ? code.lastIndexOf(REFERENCE) : -1;
  if (at >= 0) maps.set(file, (code as string).slice(at));
  return at >= 0;
}

/** The map of what runs under this path, if it came with one. */
export function inlineMap(file: string): SourceMap | null {
  const known = maps.get(file);
  if (typeof known !== 'string') return known ?? null;
  const map = inlineMapOf(known);
  maps.set(file, map);
  return map;
}

/** The map in text that begins with a `data:` URL, or has one further on; null for one that is damaged: the running code's own position is still true. */
export function inlineMapOf(text: string): SourceMap | null {
  try {
    const [, base64, content = ''] = /^[^,]*?(;base64)?,(\S*)/.exec(text) ?? [];
    return new Module.SourceMap(JSON.parse(base64 === undefined ? decodeURIComponent(content) : Buffer.from(content, 'base64').toString()) as SourceMapPayload);
  } catch {
    return null;
  }
}

/**
 * Source maps that transpilers append to what they hand over to be run (ts-node, SWC, Babel, vite-node). Node keeps such a map
 * only where it maps stacks itself, and to ask it to would change the stacks that the program prints.
 */
import Module from 'node:module';
import type { SourceMap, SourceMapPayload } from 'node:module';
import vm from 'node:vm';
import { isOwn } from './ownModules.ts';
import { replaceMethod } from './wrapping.ts';

const REFERENCE = 'sourceMappingURL=data:application/json';
/** The map as text until it is asked for, or null where it cannot be read. */
const maps = new Map<string, string | SourceMap | null>();

/** Keeps the map at the end of a file's running code, unread: most are never asked for. */
export function rememberMap(file: string, code: unknown): void {
  if (typeof code !== 'string') return;
  const at = code.lastIndexOf(REFERENCE);
  if (at >= 0) maps.set(file, code.slice(at));
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

/** vite-node, which Vitest once ran on, gives modules to `vm` and not to Node's loaders. */
export function watchScripts(): void {
  replaceMethod(vm, 'runInThisContext', (original) => function runInThisContext(this: unknown, ...args) {
    const [code, options] = args;
    const file = typeof options === 'string' ? options : (options as { filename?: unknown } | undefined)?.filename;
    if (typeof file === 'string' && isOwn(file)) rememberMap(file, code);
    return Reflect.apply(original, this, args);
  });
}

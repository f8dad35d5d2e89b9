/** Finds the user's source line behind a line of generated JavaScript, for code whose source map its process did not have. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { AnyMap, originalPositionFor, type TraceMap } from '@jridgewell/trace-mapping';
import type { Site } from '../profile/recordingFormat.ts';

const GENERATED = /\.[cm]?js$/;
const REFERENCE = /^\/\/[#@] ?sourceMappingURL=(\S+)\s*$/gm;
/** Larger files are bundles that take seconds to map; their lines stay as they run. */
const MAX_FILE_BYTES = 32 * 1024 * 1024;

interface Cached {
  modified: number;
  map: TraceMap | null;
}

export class SourceMaps {
  readonly #cache = new Map<string, Cached>();

  /**
   * The site in the source that was written, or the same site when it is not generated. Null for a package's or the bundler's own
   * code inside of a bundle.
   */
  original(site: Site): Site | null {
    if (!GENERATED.test(site.file) || !isAbsolute(site.file)) return site;
    const map = this.#mapOf(site.file);
    if (map === null) return site;
    const found = originalPositionFor(map, { line: site.line, column: (site.column ?? 1) - 1 });
    if (found.source === null) return site;
    const file = toPath(found.source, dirname(site.file));
    if (file === null) return isPath(found.source) ? site : null;
    return isPackage(file) ? null : { file, line: found.line, column: found.column + 1, function: site.function };
  }

  #mapOf(file: string): TraceMap | null {
    let modified: number;
    try {
      const stats = statSync(file);
      if (stats.size > MAX_FILE_BYTES) return null;
      modified = stats.mtimeMs;
    } catch {
      // Not there (any more): the line as it ran is all there is.
      return null;
    }
    const cached = this.#cache.get(file);
    if (cached?.modified === modified) return cached.map;
    const map = readMap(file);
    this.#cache.set(file, { modified, map });
    return map;
  }
}

function readMap(file: string): TraceMap | null {
  try {
    const reference = [...readFileSync(file, 'utf8').matchAll(REFERENCE)].at(-1)?.[1];
    if (reference === undefined) return null;
    const inline = /^data:application\/json[^,]*?(;base64)?,(.*)$/.exec(reference);
    if (inline !== null) {
      const text = inline[1] === undefined ? decodeURIComponent(inline[2]!) : Buffer.from(inline[2]!, 'base64').toString('utf8');
      return AnyMap(text, pathToFileURL(file).href);
    }
    const mapFile = reference.startsWith('file:') ? fileURLToPath(reference) : resolve(dirname(file), decodeURIComponent(reference));
    return AnyMap(readFileSync(mapFile, 'utf8'), pathToFileURL(mapFile).href);
  } catch {
    // A map that is missing or damaged leaves the line as it ran.
    return null;
  }
}

const WEBPACK = /^webpack:\/\/[^/]*\/(.*)$/s;

/** @param bundleFolder where the running code lies */
function toPath(source: string, bundleFolder: string): string | null {
  try {
    if (source.startsWith('file:')) return fileURLToPath(source);
    const [, module] = WEBPACK.exec(source) ?? [];
    if (module !== undefined) return moduleFile(module.replace(/\?\w*$/, ''), bundleFolder);
    return isAbsolute(source) ? source : null;
  } catch {
    // No path that the system has.
    return null;
  }
}

/** webpack names modules from the project's folder (`./src/agent.ts`), which is somewhere above the bundle; its own code is none. */
function moduleFile(module: string, bundleFolder: string): string | null {
  if (/^(?:webpack\/|external |ignored |\(webpack\))/.test(module)) return null;
  if (isAbsolute(module) && existsSync(module)) return module;
  for (let folder = bundleFolder; ; folder = dirname(folder)) {
    const file = resolve(folder, module);
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) return isPackage(file) ? file : null;
  }
}

function isPath(source: string): boolean {
  return !WEBPACK.test(source);
}

function isPackage(file: string): boolean {
  return /[\\/]node_modules[\\/]/.test(file);
}

/** Finds the user's own frames on a stack, mapped to source where the process knows how. */
import { findSourceMap, type SourceMap, type SourceMapping } from 'node:module';
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundledPackage, isMixed } from './bundles.ts';
import type { Site } from './contract.ts';
import { evalFile, evalLine, evalMap } from './evalMaps.ts';
import { hostPlace } from './hostPlaces.ts';
import { inlineMap } from './inlineMaps.ts';
import { captureSites, type CallSite } from './stacks.ts';

/** The user's frames, innermost first, and why there are none when there are none. */
export interface Caller {
  frames: Site[];
  unattributed: string | null;
}

/** Where something stands in its source, as Node has it: from 0. */
type Original = Pick<SourceMapping, 'originalSource' | 'originalLine' | 'originalColumn'>;

/** Frames kept of one stack. */
export const MOST_FRAMES = 20;
/** Enough to get past Node's own frames, such as that of `Array.map`, and a package's methods in front of others, to whoever called. */
const NEAREST = 6;
const MOST_CACHED = 2000;

const self = typeof __filename === 'string' ? __filename : '';
/** By file, and there by line and column. */
const mapped = new Map<string, Map<number, Site | null>>();
let placesMapped = 0;
/** More columns than a line of a bundle has. */
const COLUMNS = 2 ** 24;
/** By file name, whether it is a package's. */
const libraries = new Map<string, boolean>();

/** The user's frames above the call of `below`, which is the hook's own entry function. */
export function captureCaller(below: (...args: never[]) => unknown): Caller {
  return callerIn(captureSites(below));
}

/** The user's frames among those of a stack, innermost first. */
export function callerIn(sites: readonly CallSite[]): Caller {
  const frames: Site[] = [];
  let library: string | null = null;
  let isUnmapped = false;
  for (const site of sites) {
    const file = fileOf(site);
    if (!file || file === self || file.startsWith('node:')) continue;
    const frame = isLibrary(file, site) ? null : toSite(site, file);
    if (frame === null) {
      library = packageAt(file) ?? bundledPackage(file, site.getLineNumber(), site.getColumnNumber()) ?? library;
      isUnmapped ||= site.isEval() && !isLibrary(file, site);
    }
    else if (frames.length < MOST_FRAMES && !isModuleWrapper(frame, frames.at(-1))) frames.push(frame);
  }
  return { frames, unattributed: frames.length > 0 ? null : isUnmapped ? UNMAPPED : reason(library) };
}

/** Transpilers put a module's code into a function that they call at its end, which maps to the very same line. */
function isModuleWrapper(frame: Site, inner: Site | undefined): boolean {
  return frame.function === null && inner !== undefined && inner.function === null && inner.file === frame.file && inner.line === frame.line;
}

const UNMAPPED = 'your code was evaluated without a source map (with webpack, set devtool to eval-source-map)';

/** Of code that was evaluated, the name that it carries. */
function fileOf(site: CallSite): string | null {
  return site.getFileName() || (site.isEval() ? site.getScriptNameOrSourceURL() : null);
}

function reason(library: string | null): string {
  return library === null
    ? 'no code of yours was on the stack: started by a callback that Node itself ran'
    : `no code of yours was on the stack: called from inside the package ${library}`;
}

/** `site`: of what runs, for a bundle. */
function isLibrary(file: string, site: CallSite): boolean {
  return isPackages(file) || bundledPackage(file, site.getLineNumber(), site.getColumnNumber()) !== null;
}

function isPackages(file: string): boolean {
  let found = libraries.get(file);
  if (found === undefined) {
    found = /[\\/]node_modules[\\/]/.test(file);
    if (libraries.size >= MOST_CACHED) libraries.clear();
    libraries.set(file, found);
  }
  return found;
}

/** `@scope/name` or `name` of the innermost `node_modules` folder on the path. */
export function packageAt(file: string): string | null {
  return /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[1]?.replace('\\', '/') ?? null;
}

/** A frame of the user's; null for any other. */
export function userSite(site: CallSite): Site | null {
  const file = fileOf(site);
  return !file || file === self || file.startsWith('node:') || isLibrary(file, site) ? null : toSite(site, file);
}

function toSite(site: CallSite, file: string): Site | null {
  const line = site.getLineNumber();
  if (!line || line < 1) return null;
  const column = site.getColumnNumber();
  const key = line * COLUMNS + (column ?? 0);
  const isEvaluated = site.isEval();
  // It may carry the name of the file that it was made of.
  const name = isEvaluated ? `eval ${file}` : file;
  let found = mapped.get(name)?.get(key);
  if (found === undefined) {
    const place = isEvaluated ? evaluatedSource(file, line, column) : toSource(file, line, column);
    found = place === null ? null : { ...place, function: nameOf(site) };
    remember(name, key, found);
  }
  return found;
}

function remember(file: string, key: number, site: Site | null): void {
  if (placesMapped >= MOST_CACHED) {
    mapped.clear();
    placesMapped = 0;
  }
  const places = mapped.get(file) ?? new Map<number, Site | null>();
  mapped.set(file, places.set(key, site));
  placesMapped += 1;
}

function nameOf(site: CallSite): string | null {
  const name = site.getFunctionName();
  // The outermost code of an evaluated piece is a function to V8.
  return name && name !== '<anonymous>' && !(name === 'eval' && site.isEval()) ? name : null;
}

/** A position in running code as the user's own; null for a library's, Node's or ours. */
export function sourceSite(file: string, line: number, column: number, name: string | null): Site | null {
  if (file === '' || toPath(file) === self || file.startsWith('node:') || isPackages(file) || bundledPackage(file, line, column) !== null) return null;
  const place = toSource(file, line, column);
  return place === null ? null : { ...place, function: name };
}

/** A position in a file as it was read, whatever became of it. */
export function readSite(file: string, line: number, column: number, name: string): Site | null {
  const path = toPath(file);
  return path === null ? null : { file: path, line, column, function: name };
}

/** Whether the process has a map of what runs as this file. */
export function isMapped(file: string): boolean {
  try {
    return findSourceMap(file) !== undefined;
  } catch {
    return false;
  }
}

/** Null when the position is a library's, inside a bundle or transpiled file. Without its function's name. */
function toSource(file: string, line: number, column: number | null): Site | null {
  const path = toPath(file);
  if (path === null) return file.startsWith('webpack') ? evaluatedSource(file, line, column) : null;
  const running: Site = { file: path, line, column: column && column > 0 ? column : null, function: null };
  try {
    // Only what the process registered itself (tsx, --enable-source-maps) or was handed over with its code; files with a map beside
    // them are mapped by the recorder.
    const entry = entryOf(findSourceMap(file) ?? inlineMap(path), line, column) ?? hostEntry(path, line, column);
    if (entry === null) return running;
    if (entry.originalSource.startsWith('webpack:')) {
      const module = evalFile(entry.originalSource);
      return module === null ? null : placeIn(module, entry);
    }
    const source = toPath(entry.originalSource, dirname(path));
    return source === null ? running : placeIn(source, entry);
  } catch {
    // A broken map: the running code's own position is still true.
    return running;
  }
}

/** The same of code that was evaluated in a piece with a name, whose lines are those of no file. */
function evaluatedSource(name: string, line: number, column: number | null): Site | null {
  try {
    const entry = entryOf(evalMap(name), line, column);
    const piece = evalFile(name);
    if (entry !== null) {
      const source = evalFile(entry.originalSource, piece === null ? null : dirname(piece));
      return source === null ? null : placeIn(source, entry);
    }
    const original = piece === null ? null : evalLine(name, piece, line);
    return piece === null || original === null ? null : { file: piece, line: original, column: null, function: null };
  } catch {
    return null;
  }
}

function entryOf(map: SourceMap | null | undefined, line: number, column: number | null): SourceMapping | null {
  const entry = map?.findEntry(line - 1, (column ?? 1) - 1);
  return entry !== undefined && 'originalSource' in entry && entry.originalSource ? entry : null;
}

function hostEntry(path: string, line: number, column: number | null): Original | null {
  const place = hostPlace(path, line, column);
  return place === null ? null : { originalSource: place.source, originalLine: place.line - 1, originalColumn: place.column - 1 };
}

function placeIn(source: string, { originalLine, originalColumn }: Original): Site | null {
  return isPackages(source) ? null : { file: source, line: originalLine + 1, column: originalColumn + 1, function: null };
}

/** Absolute path of a frame's or a map's file name; null for what is no file (`evalmachine.<anonymous>`, `webpack://…`). */
function toPath(name: string, folder?: string): string | null {
  try {
    if (name.startsWith('file:')) {
      const url = new URL(name);
      url.search = '';
      url.hash = '';
      return fileURLToPath(url);
    }
    if (isAbsolute(name)) return name;
    if (folder === undefined || /^\w[\w+.-]+:/.test(name)) return null;
    return resolve(folder, name);
  } catch {
    return null;
  }
}

/** Whether a package takes part in the call, such as the one that runs a protocol over a child's pipes. `packages` is of its name or its scope. */
export function calledThrough(packages: string, below: (...args: never[]) => unknown): boolean {
  return captureSites(below).some((site) => site.getFileName()?.replaceAll('\\', '/').includes(`/node_modules/${packages}/`));
}

/** Whether Node's loader of modules calls `below`. */
export function isCalledByLoader(below: (...args: never[]) => unknown): boolean {
  // Not the hook's own, which may stand in front of the same function twice.
  const caller = captureSites(below, NEAREST).find((site) => site.getFileName() !== self);
  return caller?.getFileName()?.startsWith('node:internal/modules/') ?? false;
}

/**
 * Whether it is the user's own code that calls `below`, if through a method or two of a package (a subclass that adds something and
 * goes on to its base), and not a package that was entered before. Much cheaper than to read the whole stack.
 */
export function isCalledByUser(below: (...args: never[]) => unknown): boolean {
  return nearestIsUsers(below, true);
}

/** The same, but no for code of which that cannot be told: a bundle's without headings, whose source map the process does not apply. */
export function isSurelyCalledByUser(below: (...args: never[]) => unknown): boolean {
  return nearestIsUsers(below, false);
}

function nearestIsUsers(below: (...args: never[]) => unknown, orMayBe: boolean): boolean {
  for (const site of captureSites(below, NEAREST)) {
    const file = fileOf(site);
    if (!file || file.startsWith('node:')) continue;
    if (file === self || site.isAsync()) return false;
    if (isLibrary(file, site)) continue;
    if (!isMixed(file)) return true;
    // Minified, only a map can tell.
    if (toSite(site, file) !== null) return orMayBe || findSourceMap(file) !== undefined;
  }
  return false;
}

/**
 * Makes room for the hook's frames on stacks that errors take; the function returned undoes it. Around a call that the hook
 * makes in the host's place, so that its own frames cost the host none of theirs.
 */
export function widenStacks(frames = 1): () => void {
  const limit: unknown = Error.stackTraceLimit;
  const writable = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')?.writable === true;
  if (typeof limit !== 'number' || !Number.isFinite(limit) || limit < 1 || !writable) return () => undefined;
  Error.stackTraceLimit = limit + frames;
  return () => {
    if (Error.stackTraceLimit === limit + frames) Error.stackTraceLimit = limit;
  };
}

/**
 * Takes the hook's own lines out of the stack of an error, and of what caused it, so that the host prints what it would have
 * printed without us.
 */
export function hideFromStack(error: unknown): void {
  try {
    let current = error;
    for (let depth = 0; depth < 5 && current instanceof Error && self !== ''; depth += 1) {
      const { stack } = current;
      if (typeof stack === 'string' && stack.includes(self))
        current.stack = stack
          .split('\n')
          .filter((line) => !line.includes(self))
          .join('\n');
      current = current.cause;
    }
  } catch {
    // An error that forbids it keeps its extra line.
  }
}

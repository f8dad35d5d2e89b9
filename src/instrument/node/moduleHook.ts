/**
 * Finds the modules of `modules.ts` as the program loads them, in either module system, at no cost to programs that load none:
 * no loader thread, no module read or compiled by us.
 *
 * A line is appended to such a module's source that hands what it declares over to the hook, and puts what comes back in its
 * place, where importers and the module itself find it.
 *
 * - `require`: Node notes each module in `Module._cache` before it runs it. There the modules of interest, and no others, are
 *   given a `_compile` that adds the line: no frame of ours is on the stack while the host's other modules run.
 * - `import`: `module.registerHooks` where Node has it, and on Node 20 `fs.promises.readFile`, with which Node's loader reads
 *   ES modules there, also in its threads of loader hooks.
 *
 * The user's own files come the same ways to `ownModules.ts`, but for `require`: they are changed where Node reads them
 * (`registerHooks`, before that `fs.readFileSync`), or, where a transpiler has put a loader of its own before Node's, in `_compile`.
 */
import fs, { promises as fsPromises } from 'node:fs';
import Module from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isCalledByLoader } from './callSites.ts';
import { HOOK_SYMBOL } from './contract.ts';
import { rememberMap } from './inlineMaps.ts';
import { isAskedFor } from './lazyBuiltins.ts';
import { fileOfInterest, type FileOfInterest } from './modules.ts';
import { isOwn, withProbes } from './ownModules.ts';
import { replaceMethod, type Callable } from './wrapping.ts';

interface LoadResult {
  format?: unknown;
  source?: unknown;
}
type Load = (url: string, context: unknown, next: (url: string, context: unknown) => LoadResult) => LoadResult;
interface Registration {
  deregister(): void;
}
/** What the types of Node 20 do not have, or nobody is meant to see. */
interface Loader {
  _cache: Record<string, unknown>;
  _extensions: Record<string, unknown>;
  registerHooks?: (hooks: { load: Load }) => Registration;
}

/** Takes what a module declares, and says what is to stand in its place. */
export type Found = (watcher: string, folder: string, name: string, value: unknown) => unknown;

const loader = Module as unknown as Loader;
/** Node's own, by the file's ending. */
const extensions = { ...loader._extensions };
const HOOK = `globalThis[Symbol.for(${JSON.stringify(HOOK_SYMBOL.description)})]`;
/** Begins the appended line, and tells whether it is there already. */
const MARK = '\n;/* agent-cost */';

export function watchRequire(): void {
  loader._cache = new Proxy(loader._cache, {
    set(cache, filename, module: unknown) {
      if (typeof filename === 'string' && typeof module === 'object' && module !== null) watchModule(filename, module);
      return Reflect.set(cache, filename, module);
    },
  });
}

function watchModule(filename: string, module: object): void {
  const file = fileOfInterest(filename);
  if (file !== null) watchCompile(module, (source) => handOver(source, file));
  else if (!isOwn(filename)) return;
  else if (!isLoadedByNode(filename)) watchCompile(module, (source, format) => transpiled(source, filename, format));
  else if (loader.registerHooks === undefined) watchNextRead(filename);
}

/** What a transpiler has made of an own file: its map is kept for the lines of stacks. */
function transpiled(source: unknown, file: string, format: unknown): unknown {
  rememberMap(file, source);
  return withProbes(source, file, format);
}

/** Whether a file is read by Node itself when it is required. */
function isLoadedByNode(filename: string): boolean {
  const ending = extname(filename);
  // Endings that Node does not know are taken for `.js`.
  const handler = Object.hasOwn(loader._extensions, ending) ? loader._extensions[ending] : loader._extensions['.js'];
  return handler === (extensions[ending] ?? extensions['.js']);
}

/** The module's own `_compile`, in front of its prototype's, for the one time that it is called. */
function watchCompile(module: { _compile?: Callable }, change: (source: unknown, format: unknown) => unknown): void {
  const compile = (...args: unknown[]): unknown => {
    Reflect.deleteProperty(module, '_compile');
    const [source, filename, format, ...rest] = args;
    return module._compile?.(change(source, format), filename, format, ...rest);
  };
  Object.defineProperty(module, '_compile', { value: compile, writable: true, configurable: true, enumerable: false });
}

/** Node's loader reads the file next, before it runs anything: what stands in the place of `readFileSync` is gone again by then. */
function watchNextRead(filename: string): void {
  const descriptor = Object.getOwnPropertyDescriptor(fs, 'readFileSync');
  const original: unknown = descriptor?.value;
  if (descriptor?.configurable !== true || typeof original !== 'function') return;
  Object.defineProperty(fs, 'readFileSync', {
    ...descriptor,
    value: function readFileSync(this: unknown, ...args: unknown[]): unknown {
      Object.defineProperty(fs, 'readFileSync', descriptor);
      const source: unknown = Reflect.apply(original as Callable, this, args);
      return args[0] === filename ? withProbes(source, filename, undefined) : source;
    },
  });
}

export function watchImport(): void {
  if (loader.registerHooks === undefined) watchReadFile();
  else watchLoad();
}

function watchLoad(): void {
  const hooks = {
    load(url: string, context: unknown, next: (url: string, context: unknown) => LoadResult): LoadResult {
      const result = next(url, context);
      if (result.format === 'builtin') isAskedFor(url);
      const file = result.format === 'module' ? fileOfInterest(url) : null;
      if (file !== null) return { ...result, source: handOver(result.source, file) };
      if (!isOwn(url)) return result;
      const isModule = result.format === 'module' || result.format === 'module-typescript';
      if (!isModule && !isLoadedByNode(fileURLToPath(url))) return result;
      const source = withProbes(result.source, isModule ? url : fileURLToPath(url), result.format);
      return source === result.source ? result : { ...result, source };
    },
  };
  let registered = loader.registerHooks?.call(Module, hooks);
  // Hooks that are registered later run around ours: ours must see what theirs have made.
  replaceMethod(Module, 'registerHooks', (original) => {
    return function registerHooks(this: unknown, ...args: unknown[]): unknown {
      const result = Reflect.apply(original, this, args);
      try {
        registered?.deregister();
        registered = Reflect.apply(original, Module, [hooks]) as Registration;
      } catch {
        // Then ours see what is read, and not what is made of it.
      }
      return result;
    };
  });
}

function watchReadFile(): void {
  replaceMethod(fsPromises, 'readFile', (original) => {
    return function readFile(this: unknown, ...args: unknown[]): unknown {
      const result = Reflect.apply(original, this, args);
      // Node's loader passes the module's URL; a path is the program's own business.
      const [url] = args;
      if (!(url instanceof URL) || args.length !== 1 || url.protocol !== 'file:') return result;
      const file = fileOfInterest(url.href);
      if (file !== null) return (result as Promise<unknown>).then((source) => handOver(source, file));
      return isOwn(url.href) && isCalledByLoader(readFile) ? (result as Promise<unknown>).then((source) => withProbes(source, url.href, 'module')) : result;
    };
  });
}

/** The source with the line that hands over what it declares; the very same where it declares nothing of interest. */
function handOver(source: unknown, file: FileOfInterest): unknown {
  if (typeof source !== 'string' && !(source instanceof Uint8Array)) return source;
  const { names } = file.modules;
  // Large bundles are searched as they are before they are taken for text.
  const bytes = typeof source === 'string' ? source : Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  if (!names.some((name) => bytes.includes(name))) return source;
  const text = bytes.toString();
  if (text.includes(MARK)) return source;
  const declared = text.matchAll(new RegExp(`^(?:export )?(?:default )?(?:async )?(function|class|var|let|const)\\*? (${names.join('|')})\\b`, 'gm'));
  const lines = [...declared].map(([, kind = '', name = '']) => lineFor(file, name, kind === 'const'));
  if (lines.length === 0) return source;
  const added = `${MARK}${lines.join('')}\n`;
  return typeof source === 'string' ? text + added : Buffer.from(text + added);
}

/** CommonJS modules are read through their `exports`, which may hold the declaration itself or a getter for it. */
function lineFor({ modules, folder }: FileOfInterest, name: string, constant: boolean): string {
  const found = `${HOOK}?.found?.(${JSON.stringify(modules.watcher)},${JSON.stringify(folder)},${JSON.stringify(name)},${name})`;
  if (constant) return `try{${found}}catch{}`;
  return `try{let $ours=${found};if($ours!==undefined&&$ours!==${name}){if(typeof exports==='object'&&exports.${name}===${name})exports.${name}=$ours;${name}=$ours}}catch{}`;
}

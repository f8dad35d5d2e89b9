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
 */
import { promises as fsPromises } from 'node:fs';
import Module from 'node:module';
import { HOOK_SYMBOL } from './contract.ts';
import { fileOfInterest, type FileOfInterest } from './modules.ts';
import { replaceMethod, type Callable } from './wrapping.ts';

interface LoadResult {
  format?: unknown;
  source?: unknown;
}
type Load = (url: string, context: unknown, next: (url: string, context: unknown) => LoadResult) => LoadResult;
type RegisterHooks = (hooks: { load: Load }) => unknown;

/** Takes what a module declares, and says what is to stand in its place. */
export type Found = (watcher: string, folder: string, name: string, value: unknown) => unknown;

const HOOK = `globalThis[Symbol.for(${JSON.stringify(HOOK_SYMBOL.description)})]`;
/** Begins the appended line, and tells whether it is there already. */
const MARK = '\n;/* agent-cost */';

export function watchRequire(): void {
  const loader = Module as unknown as { _cache: Record<string, unknown> };
  loader._cache = new Proxy(loader._cache, {
    set(cache, filename, module: unknown) {
      const file = typeof filename === 'string' ? fileOfInterest(filename) : null;
      if (file !== null && typeof module === 'object' && module !== null) watchCompile(module, file);
      return Reflect.set(cache, filename, module);
    },
  });
}

/** The module's own `_compile`, in front of its prototype's, for the one time that it is called. */
function watchCompile(module: { _compile?: Callable }, file: FileOfInterest): void {
  const compile = (...args: unknown[]): unknown => {
    Reflect.deleteProperty(module, '_compile');
    const [source, ...rest] = args;
    return module._compile?.(handOver(source, file), ...rest);
  };
  Object.defineProperty(module, '_compile', { value: compile, writable: true, configurable: true, enumerable: false });
}

export function watchImport(): void {
  const { registerHooks } = Module as unknown as { registerHooks?: RegisterHooks };
  if (registerHooks === undefined) watchReadFile();
  else
    registerHooks.call(Module, {
      load(url, context, next) {
        const result = next(url, context);
        const file = result.format === 'module' ? fileOfInterest(url) : null;
        return file === null ? result : { ...result, source: handOver(result.source, file) };
      },
    });
}

function watchReadFile(): void {
  replaceMethod(fsPromises, 'readFile', (original) => {
    return function readFile(this: unknown, ...args: unknown[]): unknown {
      const result = Reflect.apply(original, this, args);
      // Node's loader passes the module's URL; a path is the program's own business.
      const [url] = args;
      const file = url instanceof URL && args.length === 1 && url.protocol === 'file:' ? fileOfInterest(url.href) : null;
      return file === null ? result : (result as Promise<unknown>).then((source) => handOver(source, file));
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
  const declared = text.matchAll(new RegExp(`^(?:export )?(?:async )?(function|class|var|let|const)\\*? (${names.join('|')})\\b`, 'gm'));
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

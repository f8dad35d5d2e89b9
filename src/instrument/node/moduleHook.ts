/**
 * Finds the `openai` package's client class as the program loads it, in either module system, at no cost to programs that do
 * not: no loader thread, no module read or compiled by us.
 *
 * - `require`: Node notes each module in `Module._cache` before it runs it. There the client's module, and no other, is given a
 *   `_compile` that looks at the exports afterwards: no frame of ours is on the stack while the host's modules run.
 * - `import`: a line that hands the class over is appended to its source, by `module.registerHooks` where Node has it, and on
 *   Node 20 in `fs.promises.readFile`, with which Node's loader reads ES modules there, also in its threads of loader hooks.
 */
import { promises as fsPromises } from 'node:fs';
import Module from 'node:module';
import { HOOK_SYMBOL } from './contract.ts';
import { replaceMethod, type Callable } from './wrapping.ts';

/** The files in which versions 4 and later define their client; an alias such as `openai-v6` is as good. */
const CLIENT_FILE = /[\\/]node_modules[\\/]openai[^\\/]*[\\/](client|index)\.(m?js)$/;
const CLIENT_CLASS = /\bclass OpenAI\b/;
const HAND_OVER = `\n;globalThis[Symbol.for(${JSON.stringify(HOOK_SYMBOL.description)})]?.openai?.(OpenAI);\n`;

interface LoadResult {
  source?: unknown;
}
type Load = (url: string, context: unknown, next: (url: string, context: unknown) => LoadResult) => LoadResult;
type RegisterHooks = (hooks: { load: Load }) => unknown;

/** Calls `found` with each client class that the program requires. */
export function watchRequire(found: (client: unknown) => void): void {
  const loader = Module as unknown as { _cache: Record<string, unknown> };
  loader._cache = new Proxy(loader._cache, {
    set(cache, filename, module: unknown) {
      if (typeof filename === 'string' && CLIENT_FILE.test(filename) && typeof module === 'object' && module !== null) watchCompile(module, found);
      return Reflect.set(cache, filename, module);
    },
  });
}

/** The module's own `_compile`, in front of its prototype's, for the one time that it is called. */
function watchCompile(module: { _compile?: Callable; exports?: { OpenAI?: unknown } }, found: (client: unknown) => void): void {
  const compileAndLook = (...args: unknown[]): unknown => {
    Reflect.deleteProperty(module, '_compile');
    const result = module._compile?.(...args);
    found(module.exports?.OpenAI);
    return result;
  };
  Object.defineProperty(module, '_compile', { value: compileAndLook, writable: true, configurable: true, enumerable: false });
}

/** Makes each ES module that defines a client class report it to the hook. */
export function watchImport(): void {
  const { registerHooks } = Module as unknown as { registerHooks?: RegisterHooks };
  if (registerHooks === undefined) watchReadFile();
  else
    registerHooks.call(Module, {
      load(url, context, next) {
        const result = next(url, context);
        return isClientUrl(url) ? { ...result, source: handOver(result.source) } : result;
      },
    });
}

function watchReadFile(): void {
  replaceMethod(fsPromises, 'readFile', (original) => {
    return function readFile(this: unknown, ...args: unknown[]): unknown {
      const result = Reflect.apply(original, this, args);
      // Node's loader passes the module's URL; a path is the program's own business.
      const [file] = args;
      return file instanceof URL && args.length === 1 && isClientUrl(file.href) ? (result as Promise<unknown>).then(handOver) : result;
    };
  });
}

function isClientUrl(url: string): boolean {
  return url.startsWith('file:') && CLIENT_FILE.test(url) && url.endsWith('.mjs');
}

function handOver(source: unknown): unknown {
  if (typeof source !== 'string' && !(source instanceof Uint8Array)) return source;
  const text = typeof source === 'string' ? source : Buffer.from(source).toString('utf8');
  if (!CLIENT_CLASS.test(text)) return source;
  return typeof source === 'string' ? text + HAND_OVER : Buffer.from(text + HAND_OVER);
}

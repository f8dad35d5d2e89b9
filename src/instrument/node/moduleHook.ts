/**
 * Finds the `openai` package's client class as the program loads it, in either module system, at no cost to programs that do
 * not: no loader thread, no module read or compiled by us.
 *
 * - `require`: its compiled module is looked at after it has run. The look-up `module._compile` is answered by a getter, so
 *   that no frame of ours is on the stack while the host's modules run.
 * - `import`: a line that hands the class over is appended to its source, by `module.registerHooks` where Node has it, and on
 *   Node 20 in `fs.promises.readFile`, with which Node's loader reads ES modules there, also in its threads of loader hooks.
 */
import { promises as fsPromises } from 'node:fs';
import Module from 'node:module';
import { HOOK_SYMBOL } from './contract.ts';
import { disguise, replaceMethod, type Callable } from './wrapping.ts';

/** The files in which versions 4 and later define their client; an alias such as `openai-v6` is as good. */
const CLIENT_FILE = /[\\/]node_modules[\\/]openai[^\\/]*[\\/](client|index)\.(m?js)$/;
const CLIENT_CLASS = /\bclass OpenAI\b/;
const HAND_OVER = `\n;globalThis[Symbol.for(${JSON.stringify(HOOK_SYMBOL.description)})]?.openai(OpenAI);\n`;

interface LoadResult {
  source?: unknown;
}
type Load = (url: string, context: unknown, next: (url: string, context: unknown) => LoadResult) => LoadResult;
type RegisterHooks = (hooks: { load: Load }) => unknown;

/** Calls `found` with each client class that the program requires. */
export function watchRequire(found: (client: unknown) => void): void {
  const prototype = (Module as unknown as { prototype: object }).prototype;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, '_compile');
  if (descriptor === undefined || !descriptor.configurable || typeof descriptor.value !== 'function') return;
  let compile = descriptor.value as Callable;
  const compileClient = disguise(function (this: unknown, ...args: unknown[]): unknown {
    const result = Reflect.apply(compile, this, args);
    found((this as { exports?: { OpenAI?: unknown } }).exports?.OpenAI);
    return result;
  }, compile);
  Object.defineProperty(prototype, '_compile', {
    configurable: true,
    enumerable: descriptor.enumerable ?? true,
    get(this: { filename?: unknown }) {
      const isClient = typeof this.filename === 'string' && CLIENT_FILE.test(this.filename);
      return isClient ? compileClient : compile;
    },
    // Transpilers replace the method, on the prototype or on one module.
    set(this: object, value: Callable) {
      if (this === prototype) compile = value;
      else Object.defineProperty(this, '_compile', { value, writable: true, configurable: true, enumerable: true });
    },
  });
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

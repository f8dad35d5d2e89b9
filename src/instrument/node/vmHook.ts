/** Code of the user's that is handed to `vm`, and not to Node's loaders, by what runs tests or serves a development build: Jest, Vitest, vite-node. */
import vm from 'node:vm';
import { hideFromStack, widenStacks } from './callSites.ts';
import { noteHandedOver } from './hostPlaces.ts';
import { rememberMap } from './inlineMaps.ts';
import { isOwn } from './ownModules.ts';
import { replaceMethod } from './wrapping.ts';

export function watchScripts(): void {
  replaceMethod(vm, 'runInThisContext', (original) => function runInThisContext(this: unknown, ...args) {
    note(args[0], args[1]);
    return Reflect.apply(original, this, args);
  });
  replaceMethod(vm, 'compileFunction', (original) => function compileFunction(this: unknown, ...args) {
    note(args[0], args[2]);
    return withoutOurs(() => Reflect.apply(original, this, args));
  });
  vm.Script = new Proxy(vm.Script, {
    construct(target, args: unknown[], self: () => unknown) {
      note(args[0], args[1]);
      return withoutOurs(() => Reflect.construct(target, args, self) as object);
    },
  });
}

function note(code: unknown, options: unknown): void {
  const file = typeof options === 'string' ? options : (options as { filename?: unknown } | null | undefined)?.filename;
  if (typeof code === 'string' && typeof file === 'string' && isOwn(file)) noteHandedOver(file, rememberMap(file, code));
}

/** Code that cannot be compiled is told of without our frames: this one, what it was called by, and what it calls. */
function withoutOurs<T>(compile: () => T): T {
  const restore = widenStacks(3);
  try {
    return compile();
  } catch (error) {
    hideFromStack(error);
    throw error;
  } finally {
    restore();
  }
}

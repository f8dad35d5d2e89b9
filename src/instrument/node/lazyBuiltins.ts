/**
 * Patches Node's larger modules once the program asks for them: to load `https` and `child_process` for a program that never does
 * takes as long as all else that the hook does at its start.
 */
import Module, { syncBuiltinESMExports } from 'node:module';
import { replaceMethod } from './wrapping.ts';

type Patch = () => void;

/** By the module's name, what waits for it. */
const waiting = new Map<string, Patch>();

/** Runs `patch` once the program has one of these modules: at once where it has it, or where nobody tells when it asks. */
export function whenAskedFor(names: readonly string[], patch: Patch): void {
  const { moduleLoadList: loaded } = process as { moduleLoadList?: unknown };
  const isTold = 'registerHooks' in Module && Array.isArray(loaded);
  if (!isTold || names.some((name) => loaded.includes(`NativeModule ${name}`))) patch();
  else for (const name of names) waiting.set(name, patch);
}

/** The program is about to get a module. `name`: with `node:` in front of it or without. Raises nothing. */
export function isAskedFor(name: unknown): void {
  if (waiting.size === 0 || typeof name !== 'string') return;
  const patch = waiting.get(name.replace(/^node:/, ''));
  if (patch === undefined) return;
  for (const [other, same] of waiting) if (same === patch) waiting.delete(other);
  try {
    patch();
    // For `import { request } from 'node:http'`.
    syncBuiltinESMExports();
  } catch {
    // A module of another kind than those we know goes on unpatched.
  }
}

/** The way to a module that passes no loader. */
export function watchGetBuiltin(): void {
  replaceMethod(process, 'getBuiltinModule', (original) => {
    return function getBuiltinModule(this: unknown, ...args: unknown[]): unknown {
      isAskedFor(args[0]);
      return Reflect.apply(original, this, args);
    };
  });
}

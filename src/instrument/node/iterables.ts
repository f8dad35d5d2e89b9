/** Async generators whose work is done piece by piece, whenever somebody asks for the next. */
import { enterContext, type CallContext } from './context.ts';
import { disguise, isObject, type Callable } from './wrapping.ts';

/** The last piece, an error, or null where the consumer broke off. */
export type IterationEnd = (outcome: { value: unknown } | { error: unknown } | null) => void;

const METHODS = ['next', 'return', 'throw'] as const;

/**
 * Runs each piece of an async generator's work in `context`, and tells how it ended. False for anything else. The generator
 * stays the one that it is; its methods get likes of their own in front.
 */
export function watchIterable(value: unknown, context: CallContext, onEnd: IterationEnd): boolean {
  if (!isObject(value) || !(Symbol.asyncIterator in value) || METHODS.some((name) => typeof value[name] !== 'function') || !Object.isExtensible(value)) return false;
  let last: unknown;
  const step = (name: (typeof METHODS)[number], original: Callable, self: unknown, args: unknown[]): unknown => {
    const leave = enterContext(context);
    try {
      const result = Reflect.apply(original, self, args) as Promise<{ done?: boolean; value: unknown }>;
      return result.then(
        (piece) => {
          if (piece.done !== true) last = piece.value;
          else onEnd(name === 'next' ? { value: piece.value ?? last } : null);
          return piece;
        },
        (error: unknown) => {
          onEnd({ error });
          throw error;
        },
      );
    } finally {
      leave();
    }
  };
  for (const name of METHODS) {
    const original = value[name] as Callable;
    const method = disguise(function (this: unknown, ...args: unknown[]): unknown {
      return step(name, original, this, args);
    }, original);
    Object.defineProperty(value, name, { value: method, writable: true, configurable: true, enumerable: false });
  }
  return true;
}

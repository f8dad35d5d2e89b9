/** Puts a function in another's place so that it can hardly be told apart. */

type Callable = (this: unknown, ...args: unknown[]) => unknown;

const originals = new WeakMap<object, Callable>();

/** What a function stands in the place of, or itself. */
export function originalOf(value: unknown): unknown {
  let original = value;
  for (let outer = value; typeof outer === 'function'; outer = originals.get(outer)) original = outer;
  return original;
}

/** Gives `replacement` the name, the length and the text of `original`. */
export function disguise<T extends Callable>(replacement: T, original: Callable): T {
  originals.set(replacement, original);
  for (const key of ['name', 'length'] as const) {
    const descriptor = Object.getOwnPropertyDescriptor(original, key);
    if (descriptor !== undefined) Object.defineProperty(replacement, key, descriptor);
  }
  return replacement;
}

/**
 * Replaces the method `name` of `owner`, keeping its property's attributes. A method that is missing, or cannot be replaced,
 * is left alone.
 */
export function replaceMethod(owner: object, name: string, wrap: (original: Callable) => Callable): void {
  const descriptor = Object.getOwnPropertyDescriptor(owner, name);
  const original: unknown = descriptor?.value;
  if (descriptor === undefined || !descriptor.configurable || typeof original !== 'function') return;
  const replacement = disguise(wrap(original as Callable), original as Callable);
  // Own properties of the original, such as util.promisify.custom.
  for (const key of Reflect.ownKeys(original)) {
    if (key === 'name' || key === 'length' || key === 'prototype') continue;
    const property = Object.getOwnPropertyDescriptor(original, key);
    if (property !== undefined) Object.defineProperty(replacement, key, property);
  }
  Object.defineProperty(owner, name, { ...descriptor, value: replacement });
}

/** A copy of an object, with its prototype and all its properties, listed or not, as changeable as they are there, but for the values of some. */
export function copyWith(original: object, changes: Record<string, unknown>): Record<string, unknown> {
  const descriptors: Record<string, PropertyDescriptor> = Object.getOwnPropertyDescriptors(original);
  for (const [key, value] of Object.entries(changes)) {
    const { enumerable = true, configurable = true, writable = true } = descriptors[key] ?? {};
    descriptors[key] = { value, enumerable, configurable, writable };
  }
  return Object.create(Object.getPrototypeOf(original) as object | null, descriptors) as Record<string, unknown>;
}

export function isClass(value: unknown): value is { prototype: object } & object {
  return typeof value === 'function' && typeof (value as { prototype?: unknown }).prototype === 'object' && value.prototype !== null;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

export type { Callable };

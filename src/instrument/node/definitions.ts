/** Where tools are defined: what a tool costs belongs to that line, which is not on the stack when the tool runs. */
import { captureCaller } from './callSites.ts';
import type { Site } from './contract.ts';
import { siteOfFunction } from './functionSites.ts';
import { isObject } from './wrapping.ts';

const sites = new WeakMap<object, Site>();

/** Notes that the caller of `below` defines a tool, which is known by any of `keys`: its object, its function. */
export function noteDefinition(below: (...args: never[]) => unknown, ...keys: unknown[]): void {
  const site = captureCaller(below).frames[0];
  if (site === undefined) return;
  for (const key of keys) if (isKey(key) && !sites.has(key)) sites.set(key, site);
}

/** Of the first key that is known, else of the first function that is written in code of the user's. */
export function findDefinition(...keys: unknown[]): Site | null {
  for (const key of keys) {
    const site = isKey(key) ? sites.get(key) : undefined;
    if (site !== undefined) return site;
  }
  for (const key of keys) {
    const site = typeof key === 'function' ? siteOfFunction(key) : null;
    if (site !== null) return site;
  }
  return null;
}

function isKey(value: unknown): value is object {
  return isObject(value) || typeof value === 'function';
}

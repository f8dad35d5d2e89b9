/**
 * HTTP clients that go through promises of their own before they make a request, where nobody's line is on the stack any more: who
 * called is remembered at their entry. `got` 12 and later, and `ky`; others (axios, node-fetch, superagent) need none of it.
 */
import { Entries } from './entries.ts';
import type { Watcher } from './modules.ts';
import { isClass, replaceMethod } from './wrapping.ts';

export function watchHttpClient(): Watcher {
  const entries = new Entries('client');
  return (name, value) => {
    if (!isClass(value)) return undefined;
    // Whatever a request is made with, `got` begins it here, in the very call.
    if (name === 'Request') replaceMethod(value.prototype, 'flush', (original) => entries.watch(original));
    else replaceMethod(value, 'create', (original) => entries.watch(original));
    return undefined;
  };
}

/**
 * Remembers who called the `openai` SDK (4 and later) at its entry, where the user's line still is on the stack: by the time
 * the request leaves, `.then()` chains, streams and the tool runner have lost it.
 *
 * Methods are replaced on the prototypes of the client and of its resources, which all of the package's exports share. The
 * promises and streams that they return are the SDK's own objects.
 */
import { Entries, type EntryCall } from './entries.ts';
import type { Watcher } from './modules.ts';
import type { Reporter } from './spans.ts';
import { watchTools } from './toolRunner.ts';
import { isClass, replaceMethod } from './wrapping.ts';

/** The client's methods for requests without a resource class (`client.post('/chat/completions', …)`). */
const CLIENT_METHODS = ['get', 'post', 'put', 'patch', 'delete', 'request', 'getAPIList'];
/** Statics of the client that are no resources. */
const NO_RESOURCE = /(Error|Page|Promise|Stream)$/;

/** For one copy of the package. */
export function watchOpenAi(reporter: Reporter): Watcher {
  const entries = new Entries();
  const seen = new WeakSet<object>();

  const replace = (prototype: object, name: string): void => {
    const watchArguments = (call: EntryCall): void => {
      call.args = [watchTools({ ...reporter, source: 'toolRunner' }, call.args[0]), ...call.args.slice(1)];
    };
    replaceMethod(prototype, name, (original) => entries.watch(original, name === 'runTools' ? watchArguments : null));
  };

  /** Resources hang on the client class as statics: `OpenAI.Chat`, `OpenAI.Chat.Completions`. */
  const watchResources = (owner: object, depth: number): void => {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(owner)) as [string, { value?: unknown }][]) {
      if (!/^[A-Z]/.test(key) || NO_RESOURCE.test(key) || !isClass(value) || seen.has(value)) continue;
      seen.add(value);
      for (const name of Object.getOwnPropertyNames(value.prototype)) if (name !== 'constructor' && !name.startsWith('_')) replace(value.prototype, name);
      if (depth < 4) watchResources(value, depth + 1);
    }
  };

  return (_name, client) => {
    if (!isClass(client) || seen.has(client)) return undefined;
    seen.add(client);
    for (const name of CLIENT_METHODS) replace(client.prototype, name);
    watchResources(client, 0);
    return undefined;
  };
}

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

/** The method that runs tools for the model, and what is to be done to a call of it. */
interface ToolRunner {
  method: string;
  prepare: (call: EntryCall) => void;
}

/** For one copy of the package, or of one that is generated alike. */
export function watchOpenAi(reporter: Reporter, runner: ToolRunner = runTools(reporter)): Watcher {
  const entries = new Entries('sdk');
  const seen = new WeakSet<object>();

  const replace = (prototype: object, name: string): void => {
    replaceMethod(prototype, name, (original) => entries.watch(original, name === runner.method ? runner.prepare : null));
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
    if (!isClass(client)) return undefined;
    if (!seen.has(client)) for (const name of CLIENT_METHODS) replace(client.prototype, name);
    seen.add(client);
    // In a bundle it has more of them each time.
    watchResources(client, 0);
    return undefined;
  };
}

function runTools(reporter: Reporter): ToolRunner {
  return {
    method: 'runTools',
    prepare(call) {
      call.args = [watchTools({ ...reporter, source: 'toolRunner' }, call.args[0]), ...call.args.slice(1)];
    },
  };
}

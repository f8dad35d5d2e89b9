/**
 * Remembers who called the `openai` SDK (4 and later) at its entry, where the user's line still is on the stack: by the time
 * the request leaves, `.then()` chains, streams and the tool runner have lost it.
 *
 * Methods are replaced on the prototypes of the client and of its resources, which all of the package's exports share. The
 * promises and streams that they return are the SDK's own objects.
 */
import { callerOf, currentContext, enterContext, type CallContext } from './context.ts';
import type { Runtime } from './runtime.ts';
import { watchTools } from './toolRunner.ts';
import { replaceMethod, type Callable } from './wrapping.ts';

type Class = { prototype: object };

/** The client's methods for requests without a resource class (`client.post('/chat/completions', …)`). */
const CLIENT_METHODS = ['get', 'post', 'put', 'patch', 'delete', 'request', 'getAPIList'];
/** Statics of the client that are no resources. */
const NO_RESOURCE = /(Error|Page|Promise|Stream)$/;

export class OpenAiHook {
  readonly #runtime: Runtime;
  readonly #seen = new WeakSet<object>();
  /** Above 0 while an entry method runs: what it calls in turn has the same caller. */
  #depth = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Watches the client class of one copy of the package. */
  watch(client: unknown): void {
    try {
      if (!isClass(client) || this.#seen.has(client)) return;
      this.#seen.add(client);
      for (const name of CLIENT_METHODS) this.#replace(client.prototype, name);
      this.#watchResources(client, 0);
    } catch {
      // An unforeseen version: its calls are attributed by the stack at the transport.
    }
  }

  /** Resources hang on the client class as statics: `OpenAI.Chat`, `OpenAI.Chat.Completions`. */
  #watchResources(owner: object, depth: number): void {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(owner)) as [string, { value?: unknown }][]) {
      if (!/^[A-Z]/.test(key) || NO_RESOURCE.test(key) || !isClass(value) || this.#seen.has(value)) continue;
      this.#seen.add(value);
      for (const name of Object.getOwnPropertyNames(value.prototype)) if (name !== 'constructor' && !name.startsWith('_')) this.#replace(value.prototype, name);
      if (depth < 4) this.#watchResources(value, depth + 1);
    }
  }

  #replace(prototype: object, name: string): void {
    replaceMethod(prototype, name, (original) => this.#entry(name, original));
  }

  #entry(name: string, original: Callable): Callable {
    const enter = (below: Callable, self: unknown, args: unknown[]): unknown => this.#enter(name, original, below, self, args);
    return function method(this: unknown, ...args: unknown[]): unknown {
      return enter(method, this, args);
    };
  }

  #enter(name: string, original: Callable, below: Callable, self: unknown, args: unknown[]): unknown {
    if (this.#depth > 0) return Reflect.apply(original, self, args);
    let context: CallContext | null = null;
    let passed = args;
    try {
      const { frames, unattributed } = callerOf(below);
      context = { frames, unattributed, insideSdk: true, span: currentContext()?.span ?? null, wire: null };
      if (name === 'runTools') passed = [watchTools(this.#runtime, args[0], context), ...args.slice(1)];
    } catch {
      // The call itself goes on as it would without us.
    }
    const leave = context === null ? null : enterContext(context);
    this.#depth += 1;
    try {
      return Reflect.apply(original, self, passed);
    } finally {
      this.#depth -= 1;
      leave?.();
    }
  }
}

function isClass(value: unknown): value is Class & object {
  return typeof value === 'function' && typeof (value as { prototype?: unknown }).prototype === 'object' && value.prototype !== null;
}

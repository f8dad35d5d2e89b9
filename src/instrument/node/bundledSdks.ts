/**
 * Finds the SDKs of OpenAI and Anthropic in bundles, where they have no file of their own and, minified, no name.
 *
 * Both hang their errors and then their resources on the class of their client (`OpenAI.OpenAIError = …; OpenAI.Chat = …`). Once a bundle
 * with that in it is loaded, such an assignment is met by a setter on `Function.prototype`, which makes the property that was meant and
 * hands the class over.
 */
import { whenTurnIsOver } from './turns.ts';
import { isClass, isObject } from './wrapping.ts';

type Watch = (sdk: 'openai' | 'anthropic', key: string, client: unknown) => void;

const MARKS = { OpenAIError: 'openai', AnthropicError: 'anthropic' } as const;
/** Resources whose methods go on when their caller is off the stack. Calls of the others reach the client before that. */
const RESOURCES = ['Chat', 'Completions', 'Responses', 'Beta', 'Messages'];

let clients = 0;
let isArmed = false;

/** `watch` gets a class, with a key of its own, each time that more of it is known. */
export function watchBundledSdks(watch: Watch): void {
  if (isArmed) return;
  isArmed = true;
  for (const [mark, sdk] of Object.entries(MARKS)) {
    if (Object.hasOwn(Function.prototype, mark)) continue;
    meetAssignment(Function.prototype, mark, (client) => {
      if (!isClass(client)) return;
      clients += 1;
      const key = `bundle:${clients}`;
      watch(sdk, key, client);
      watchResources(client, (owner) => watch(sdk, key, owner));
    });
  }
}

/** What is assigned in the rest of the turn, to the class or to one that extends it. */
function watchResources(client: object, watch: (owner: unknown) => void): void {
  const owners = new Set<unknown>([client]);
  const undo = RESOURCES.filter((name) => !Object.hasOwn(client, name)).map((name) =>
    meetAssignment(client, name, (owner) => {
      owners.add(owner);
      watch(owner);
    }),
  );
  whenTurnIsOver(() => {
    for (const each of undo) each();
    for (const owner of owners) watch(owner);
  });
}

/** Calls `assigned` with what a property of that name is given to, here or further down the prototype chain, once it has it. Raises nothing. */
function meetAssignment(owner: object, name: string, assigned: (target: unknown) => void): () => void {
  const set = function (this: unknown, value: unknown): void {
    if (!isObject(this) && typeof this !== 'function') return;
    // Where it would stand without us, behind the properties that there are.
    if (this === owner) Reflect.deleteProperty(this, name);
    Reflect.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
    try {
      assigned(this);
    } catch {
      // An unforeseen version: its calls are attributed by the stack at the transport.
    }
  };
  Reflect.defineProperty(owner, name, { get: () => undefined, set, enumerable: false, configurable: true });
  return () => {
    if (Object.getOwnPropertyDescriptor(owner, name)?.set === set) Reflect.deleteProperty(owner, name);
  };
}

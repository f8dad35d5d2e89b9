/** Remembers who called an SDK or a framework at its entry, where the user's line still is on the stack. */
import { isSurelyCalledByUser, widenStacks } from './callSites.ts';
import { currentContext, enterContext, entryContext, goOnAfter, type CallContext, type EntryKind } from './context.ts';
import { isObject, type Callable } from './wrapping.ts';

/** One call of an entry that is about to be made. */
export interface EntryCall {
  readonly self: unknown;
  /** What it is called with. */
  args: unknown[];
  /** The context that it runs in. */
  readonly context: CallContext;
  /** Gets what the entry returned, and says what the caller gets. */
  returned: (result: unknown) => unknown;
}

const NONE: Running = { client: null, isAtClient: false, isRequested: false };

export class Entries {
  /** While an entry runs: what it calls in turn has the same caller, unless it is code of the user's that does. */
  #running: Running | null = null;
  readonly #kind: EntryKind;

  constructor(kind: EntryKind = 'framework') {
    this.#kind = kind;
  }

  /**
   * `original` with its caller remembered for all that comes of the call. `prepare` may change the call, and is asked for those
   * as well that come from inside the framework.
   */
  watch(original: Callable, prepare: ((call: EntryCall) => void) | null = null): Callable {
    const enter = (below: Callable, self: unknown, args: unknown[]): unknown => {
      const around = this.#running;
      const call = around !== null && this.#isWithin(around, below, self) ? null : open({ below, self, args, prepare, kind: this.#kind });
      if (call === null) return Reflect.apply(original, self, args);
      const leave = enterContext(call.context);
      const narrow = widenStacks(2);
      this.#running = this.#kind === 'sdk' ? running(self, below) : NONE;
      let result: unknown;
      // Not `catch` and `throw`: a thrown error keeps its place in the host's source only when nobody throws it again.
      try {
        result = Reflect.apply(original, self, call.args);
      } finally {
        this.#running = around;
        narrow();
        leave();
        if (call.context.lastCall !== undefined && this.#kind !== 'framework') goOnAfter(call.context.lastCall);
      }
      return call.returned(result);
    };
    return function entry(this: unknown, ...args: unknown[]): unknown {
      return enter(entry, this, args);
    };
  }

  #isWithin(around: Running, below: Callable, self: unknown): boolean {
    try {
      if (this.#kind === 'sdk' && isNext(around, below, self)) return true;
    } catch {
      // An object that is not to be asked: the stack tells.
    }
    return !isSurelyCalledByUser(below);
  }
}

/** An entry that runs, of an SDK: how far its call has come from a resource to the client, and there to its `request`. */
interface Running {
  client: unknown;
  isAtClient: boolean;
  isRequested: boolean;
}

function running(self: unknown, below: Callable): Running {
  try {
    const client = isObject(self) ? (self['_client'] ?? self) : null;
    return { client, isAtClient: client === self, isRequested: below.name === 'request' };
  } catch {
    return NONE;
  }
}

/** Whether the SDK's own code calls `below` next, by what it calls in which order. It says the same as the stack, and costs next to nothing. */
function isNext(around: Running, below: Callable, self: unknown): boolean {
  if (!isObject(self) || self !== around.client || self[below.name] !== below) return false;
  if (around.isAtClient && (around.isRequested || below.name !== 'request')) return false;
  around.isAtClient = true;
  around.isRequested = below.name === 'request';
  return true;
}

interface Opening {
  below: Callable;
  self: unknown;
  args: unknown[];
  prepare: ((call: EntryCall) => void) | null;
  kind: EntryKind;
}

/** Null for a call that needs nothing of ours. The call itself goes on as it would without us, whatever happens here. */
function open({ below, self, args, prepare, kind }: Opening): EntryCall | null {
  try {
    const context = entryContext(below, kind);
    if (context === null && prepare === null) return null;
    const around = currentContext();
    const call: EntryCall = { self, args, context: context ?? { ...around! }, returned: (result) => result };
    return prepared(call, prepare);
  } catch {
    return null;
  }
}

/** Where the call is not as expected, its caller is remembered all the same. */
function prepared(call: EntryCall, prepare: ((call: EntryCall) => void) | null): EntryCall {
  const asGiven = { ...call };
  try {
    prepare?.(call);
    return call;
  } catch {
    return asGiven;
  }
}

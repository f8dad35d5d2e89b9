/** What the hook carries along the program's own asynchronous paths: who called, and inside which span. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { captureCaller, MOST_FRAMES, type Caller } from './callSites.ts';
import type { Site } from './contract.ts';

/** One HTTP request as the transport's diagnostics channels see it. */
export interface WireObserver {
  /** A request goes out; a redirect makes several of one call. */
  created(request: object): void;
  headers(request: object, status: number, contentLength: number | null): void;
  done(request: object): void;
  failed(request: object, error: unknown): void;
}

export interface CallContext extends Caller {
  /** Set while an SDK works on a call: requests then carry its frames, whatever is on the stack. */
  insideSdk: boolean;
  /** Id of the innermost span around. */
  span: string | null;
  /** Who watches the requests made here: an observer, or `handled` when nobody needs to. */
  wire: WireObserver | 'handled' | null;
}

const storage = new AsyncLocalStorage<CallContext | undefined>();

export function currentContext(): CallContext | undefined {
  return storage.getStore();
}

/**
 * Enters a context; the function returned leaves it. Unlike `AsyncLocalStorage.run` this puts no frame on the stack of what
 * runs in between.
 */
export function enterContext(context: CallContext): () => void {
  const outer = storage.getStore();
  storage.enterWith(context);
  return () => storage.enterWith(outer);
}

/** A caller, with the name of the innermost named function of the user's that is on the stack itself. */
export interface NamedCaller extends Caller {
  functionName: string | null;
}

/**
 * Who is calling `below`: the frames on the stack, and outside of them those of the SDK call in whose course they run (a
 * tool run by the SDK, an event handler of a stream).
 */
export function callerOf(below: (...args: never[]) => unknown): NamedCaller {
  const own = captureCaller(below);
  const functionName = own.frames.find((frame) => frame.function !== null)?.function ?? null;
  const around = currentContext()?.frames ?? [];
  if (around.length === 0) return { ...own, functionName };
  return { frames: joinFrames(own.frames, around), unattributed: null, functionName };
}

/** `inner`, then those of `outer` that are not in it already. */
export function joinFrames(inner: readonly Site[], outer: readonly Site[]): Site[] {
  const rest = outer.filter((frame) => !inner.some((known) => known.file === frame.file && known.line === frame.line));
  return [...inner, ...rest].slice(0, MOST_FRAMES);
}

/** The frames that an LLM request is sent with: those of the SDK's entry while one works on a call, else the stack's own. */
export function llmCallerOf(below: (...args: never[]) => unknown): Caller {
  const around = currentContext();
  if (around?.insideSdk && around.frames.length > 0) return { frames: around.frames, unattributed: null };
  return callerOf(below);
}

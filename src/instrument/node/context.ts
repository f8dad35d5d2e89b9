/** What the hook carries along the program's own asynchronous paths: who called, and inside which span. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { callerIn, isSurelyCalledByUser, MOST_FRAMES, type Caller } from './callSites.ts';
import type { Site } from './contract.ts';
import { now } from './events.ts';
import { captureSites, readStack, takeStack, type CallSite } from './stacks.ts';
import { whenTurnIsOver } from './turns.ts';

/** Something that is written down and can be the parent of what begins inside it. */
export interface Enclosing {
  readonly id: string;
  readonly ended: boolean;
  /** Milliseconds, as `now()` (events.ts); null while it runs. */
  readonly endedAt: number | null;
  /** What it began in. */
  readonly outer: Enclosing | null;
  /** It may be over only when what began inside it is. */
  readonly passesOn: boolean;
  /** Its context may be met where its own code does not run. */
  readonly isLeftBehind: boolean;
  /** It is the run of a function, which stacks tell of. */
  readonly isFunction: boolean;
  /** Told of what begins and ends directly inside it. `at`: milliseconds, as `now()`. */
  innerBegan(): void;
  innerEnded(at: number): void;
  /**
   * Asked where it has not ended, with the innermost frame of what runs. If that is its own code: this frame and those of its callers,
   * innermost first, for which no more of the stack is needed.
   */
  chainFrom(nearest: CallSite): readonly Site[] | null;
  /** Asked where it has not ended: itself, or what is around it where its context was only left behind. `stack`: of what runs, innermost first. */
  actual(stack: () => readonly CallSite[]): Enclosing | null;
}

/** One HTTP request as the transport's diagnostics channels see it. */
export interface WireObserver {
  /** A request goes out; a redirect makes several of one call. */
  created(request: object): void;
  /** `headers`: of the response, names and values in turn. Left out by those who need none. */
  headers?(request: object, status: number, headers: unknown): void;
  done(request: object): void;
  failed(request: object, error: unknown): void;
}

/** A model call, known from its SDK's entry on: the id of its tag once it is sent, of its last attempt. */
export interface LastCall {
  tag: string | null;
}

export interface CallContext extends Caller {
  /** Set while an SDK works on a call: requests then carry its frames, whatever is on the stack. */
  insideSdk: boolean;
  /** It is an HTTP client's, which may ask anybody. */
  isClient?: boolean;
  /** The innermost span around. It may have ended: ask `enclosingSpan`. */
  span: Enclosing | null;
  /** Name of the framework's tool whose function runs; null in all that is not directly its work. */
  tool: string | null;
  /** Where that tool is defined: it stands for the frames of its own that a stack has lost. */
  definition: Site | null;
  /** The last model call that was made in this course of the program. */
  lastCall?: LastCall;
  /** Who watches the requests made here: an observer, or `handled` when nobody needs to. */
  wire: WireObserver | 'handled' | null;
  /** It is kept until another takes its place, and so may be met where it does not belong. */
  isKept?: boolean;
}

/**
 * Whose entries they are: `sdk` of classes as OpenAI's generator makes them, whose resources call their `_client`, and that its own
 * `request`; `client` of an HTTP client, which may ask anybody.
 */
export type EntryKind = 'framework' | 'sdk' | 'client';

const storage = new AsyncLocalStorage<CallContext | undefined>();

export function currentContext(): CallContext | undefined {
  return storage.getStore();
}

/** The span that encloses what runs here and is still running: a context outlives it in what was only started there. */
export function enclosingSpan(stack = currentStack): Enclosing | null {
  const context = storage.getStore();
  const span = runningIn(context);
  return context?.isKept === true ? (span?.actual(stack) ?? null) : span;
}

/** The innermost span around in a context that is still running; in one that was kept, it may have nothing to do with what runs. */
export function runningIn(context: CallContext | undefined): Enclosing | null {
  return runningOf(context?.span ?? null);
}

function runningOf(innermost: Enclosing | null): Enclosing | null {
  let span = innermost;
  while (span?.ended) span = span.outer;
  return span;
}

/**
 * Where a context was kept: the span whose own code runs, with the frames of its callers, by the innermost frame alone; null for one that
 * is in none of them, and `unknown` where more of the stack has to be read.
 */
export function spanAt(nearest: CallSite, context: CallContext | undefined): { span: Enclosing; chain: readonly Site[] } | null | 'unknown' {
  for (let span = runningIn(context); span !== null; span = runningOf(span.outer)) {
    const chain = span.chainFrom(nearest);
    if (chain !== null) return { span, chain };
    if (!span.isLeftBehind) return 'unknown';
  }
  return null;
}

/** The context of what runs inside `span`, which will be met where it does not belong as well. */
export function keptContext(around: CallContext | undefined, span: Enclosing): CallContext {
  return {
    frames: around?.frames ?? [],
    unattributed: around?.unattributed ?? null,
    insideSdk: around?.insideSdk ?? false,
    isClient: around?.isClient ?? false,
    span,
    tool: around?.tool ?? null,
    definition: around?.definition ?? null,
    lastCall: around?.lastCall,
    wire: around?.wire ?? null,
    isKept: true,
  };
}

/** Has what follows here come after a model call. */
export function goOnAfter(call: LastCall): void {
  const around = storage.getStore();
  if (around?.lastCall === call) return;
  storage.enterWith(around === undefined ? { frames: [], unattributed: null, insideSdk: false, span: null, tool: null, definition: null, lastCall: call, wire: null } : { ...around, lastCall: call });
}

/** A model call is sent from here, with this tag: the one that an SDK was asked for, or the program's own. What a framework does inside follows no course of the program's. */
export function callSent(tag: string): void {
  const around = storage.getStore();
  if (around?.insideSdk !== true) goOnAfter({ tag });
  else if (around.lastCall !== undefined) around.lastCall.tag = tag;
}

function currentStack(): readonly CallSite[] {
  return readStack(takeStack(currentStack));
}

/** Puts a context in the place of the current one, for the rest of the function that asks and whatever comes of it. */
export function keepContext(context: CallContext | undefined): void {
  storage.enterWith(context);
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

/**
 * The context of a call into an SDK or a framework: its caller is remembered for all that comes of it. Null where a call that is
 * remembered already comes back to an entry on its way, unless code of the user's made it do so.
 */
export function entryContext(below: (...args: never[]) => unknown, kind: EntryKind): CallContext | null {
  const around = currentContext();
  if (around?.insideSdk && around.frames.length > 0 && !isSurelyCalledByUser(below)) return null;
  const nearest = around?.isKept === true && runningIn(around) !== null ? captureSites(below, 1)[0] : undefined;
  const at = nearest === undefined ? null : spanAt(nearest, around);
  if (at !== null && at !== 'unknown') return entered({ frames: joinFrames(at.chain, around!.frames), unattributed: null }, kind, at.span);
  const sites = captureSites(below);
  const { frames, unattributed } = callerAmong(sites);
  return entered({ frames, unattributed }, kind, enclosingSpan(() => sites));
}

function entered(caller: Caller, kind: EntryKind, span: Enclosing | null): CallContext {
  holdForTurn(span);
  // Until it is sent, and if it is none, the call before is the last.
  const lastCall = kind === 'framework' ? undefined : { tag: currentContext()?.lastCall?.tag ?? null };
  return { ...caller, insideSdk: true, isClient: kind === 'client', span, tool: null, definition: null, lastCall, wire: null };
}

/**
 * For the rest of this turn something may begin inside of what was called, or be read that it received. Not a time of its own: it ends
 * as of now if nothing does.
 */
export function holdForTurn(span: Enclosing | null): void {
  if (span?.passesOn !== true) return;
  const at = now();
  span.innerBegan();
  whenTurnIsOver(() => span.innerEnded(at));
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
  return callerAmong(captureSites(below));
}

/** The same, of a stack that was taken already. */
export function callerAmong(sites: readonly CallSite[]): NamedCaller {
  const own = callerIn(sites);
  const functionName = own.frames.find((frame) => frame.function !== null)?.function ?? null;
  const { frames: around = [], definition = null } = currentContext() ?? {};
  const inner = own.frames.length === 0 && definition !== null ? [definition] : own.frames;
  const frames = joinFrames(inner, around);
  return { frames, unattributed: frames.length > 0 ? null : own.unattributed, functionName };
}

/** `inner`, then those of `outer` that are not in it already. */
export function joinFrames(inner: readonly Site[], outer: readonly Site[]): Site[] {
  if (outer.length === 0) return inner.slice(0, MOST_FRAMES);
  const rest = outer.filter((frame) => !inner.some((known) => known.file === frame.file && known.line === frame.line));
  return [...inner, ...rest].slice(0, MOST_FRAMES);
}

/** Whether an SDK is at work that asks models and nobody else. */
export function isInModelSdk(): boolean {
  const around = currentContext();
  return around?.insideSdk === true && around.isClient !== true;
}

/** The same, of a request that may be anybody's: where an HTTP client was entered, whatever of the user's stands on a stack that Node has put together. */
export function requestCallerOf(below: (...args: never[]) => unknown): NamedCaller {
  const around = currentContext();
  if (around?.isClient !== true || around.frames.length === 0) return callerOf(below);
  return { frames: around.frames, unattributed: null, functionName: around.frames.find((frame) => frame.function !== null)?.function ?? null };
}

/** The frames that an LLM request is sent with: those of the SDK's entry while one works on a call, else the stack's own. */
export function llmCallerOf(below: (...args: never[]) => unknown): Caller {
  const around = currentContext();
  if (around?.insideSdk && around.frames.length > 0) return { frames: around.frames, unattributed: null };
  return callerOf(below);
}

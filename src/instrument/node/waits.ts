/**
 * What the program's own code waits for, from the first model call on, where it is none of what has spans of its own (requests,
 * child processes): sleep, files, other threads. Written down with its end, from a millisecond on.
 *
 * Promises that are waited for get no listener, which would cut the asynchronous part off the stacks of errors, and no timer of ours
 * tells their end: where two are due at once, stacks show it. A sleep ends with the callback of its timer; what Node gives a promise for
 * is given to the program through another, which stacks go through.
 */
import { promises as fsPromises } from 'node:fs';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { bundledPackage } from './bundles.ts';
import { isCalledByUser, packageAt } from './callSites.ts';
import { callerAmong, currentContext, enclosingSpan, holdForTurn, runningIn, type Enclosing, type NamedCaller } from './context.ts';
import { now } from './events.ts';
import type { Runtime, SpanStart } from './runtime.ts';
import { captureSites, type CallSite } from './stacks.ts';
import { disguise, replaceMethod, type Callable } from './wrapping.ts';

type Activity = NonNullable<SpanStart['activity']>;

const textOf = Object.getOwnPropertyDescriptor(Function.prototype, 'toString')?.value as () => string;
/** A shorter wait is not worth a line. */
const SHORTEST_MS = 1;
/** A callback longer than this does more than to go on. */
const LONGEST_CALLBACK = 100;
const UNLISTEN = /\bremoveEventListener\([^)]*\)/g;
/** SDKs and packages that wait before they try again. */
const RETRYING = new Set(['openai', '@anthropic-ai/sdk', 'groq-sdk', 'p-retry', 'async-retry', 'retry', 'exponential-backoff', 'ts-retry-promise']);
const FILE_METHODS = ['access', 'appendFile', 'copyFile', 'cp', 'lstat', 'mkdir', 'open', 'readFile', 'readdir', 'realpath', 'rename', 'rm', 'rmdir', 'stat', 'unlink', 'writeFile'];

interface Wait {
  activity: Activity;
  caller: NamedCaller;
  around: Enclosing | null;
  /** What goes on when it is over, and may be over before it. */
  waiting: Enclosing | null;
  /** Tag of the last model call before it. */
  after: string | null;
  began: number;
}

export class Waits {
  readonly #runtime: Runtime;
  #isOn = false;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** With the first call of a model. */
  begin(): void {
    this.#isOn = true;
  }

  watch(): void {
    this.#watchTimers();
    this.#watchFiles();
    this.#watchThreads();
  }

  /** `new Promise((done) => setTimeout(done, ms))`, and what Node itself has for it. */
  #watchTimers(): void {
    const before: unknown = timers.setTimeout;
    replaceMethod(timers, 'setTimeout', (original) => {
      const watched = (args: unknown[], below: Callable): unknown[] => {
        const [callback, ms] = args;
        if (ms === 0) return this.#isOn && typeof callback === 'function' ? [heldUntil(callback as Callable), ...args.slice(1)] : args;
        if (!this.#isOn || !isWorthALine(ms) || !isGoingOn(callback)) return args;
        const wait = this.#begin((sites) => (isPromise(sites[1]) ? sleepOf(sites) : null), below);
        return wait === null ? args : [this.#endsWith(wait, callback as Callable), ...args.slice(1)];
      };
      return function setTimeout(this: unknown, ...args: unknown[]): unknown {
        return Reflect.apply(original, this, attempt(() => watched(args, setTimeout)) ?? args);
      };
    });
    // One function, here and there.
    const global = Object.getOwnPropertyDescriptor(globalThis, 'setTimeout');
    if (global?.configurable === true && global.value === before) Object.defineProperty(globalThis, 'setTimeout', { ...global, value: timers.setTimeout });
    this.#watchPromises(timersPromises, 'setTimeout', sleepOf, ([ms]) => isWorthALine(ms));
  }

  #watchFiles(): void {
    for (const name of FILE_METHODS) this.#watchPromises(fsPromises, name, () => 'file', () => true);
  }

  /** A callback that ends the wait as well. */
  #endsWith(wait: Wait, callback: Callable): Callable {
    const end = (): void => this.#end(wait);
    return disguise(function (this: unknown, ...args: unknown[]): unknown {
      end();
      return Reflect.apply(callback, this, args);
    }, callback);
  }

  /** A function of Node's that gives a promise to code of the user's, which gets another one that is settled after it. */
  #watchPromises(owner: object, name: string, activity: (sites: readonly CallSite[]) => Activity, isWorth: (args: unknown[]) => boolean): void {
    const begin = (args: unknown[], below: Callable): Wait | null => attempt(() => (this.#isOn && isWorth(args) && isCalledByUser(below) ? this.#begin(activity, below) : null));
    const settle = (wait: Wait, promise: Promise<unknown>): Promise<unknown> =>
      promise.then(
        (value) => {
          this.#end(wait);
          return value;
        },
        (error: unknown) => {
          this.#end(wait);
          throw error;
        },
      );
    replaceMethod(owner, name, (original) => {
      return function method(this: unknown, ...args: unknown[]): unknown {
        const wait = begin(args, method);
        const result = Reflect.apply(original, this, args);
        return wait !== null && result instanceof Promise ? settle(wait, result as Promise<unknown>) : result;
      };
    });
  }

  /** The thread stands still: until its time is over, which is a sleep, or until another wakes it. */
  #watchThreads(): void {
    replaceMethod(Atomics, 'wait', (original) => {
      const watched = (args: unknown[], self: unknown, below: Callable): unknown => {
        let outcome: unknown = null;
        const wait = this.#begin(() => 'lock', below);
        try {
          outcome = Reflect.apply(original, self, args);
          return outcome;
        } finally {
          if (wait !== null) this.#end(outcome === 'timed-out' ? { ...wait, activity: 'sleep' } : wait);
        }
      };
      return function wait(this: unknown, ...args: unknown[]): unknown {
        return watched(args, this, wait);
      };
    });
  }

  #begin(activity: (sites: readonly CallSite[]) => Activity | null, below: Callable): Wait | null {
    if (!this.#isOn) return null;
    return attempt(() => {
      const began = now();
      const sites = captureSites(below);
      const what = activity(sites);
      // Who made the promise, and not the function that it was made with.
      const caller = callerAmong(isPromise(sites[1]) ? sites.slice(2) : sites);
      if (what === null || caller.frames.length === 0) return null;
      const around = enclosingSpan(() => sites);
      // A function that passes the promise on lasts until then, and what goes on after it (the next try) is part of what was called.
      around?.innerBegan();
      return { activity: what, caller, around, waiting: waitingIn(around), after: currentContext()?.lastCall?.tag ?? null, began };
    });
  }

  #end({ activity, caller, around, waiting, after, began }: Wait): void {
    attempt(() => {
      holdForTurn(around);
      around?.innerEnded(now());
      // What it was waited in has ended before: whoever waited went on without it.
      const ended = waiting?.endedAt ?? now();
      if (ended - began < SHORTEST_MS) return;
      const id = this.#runtime.newId();
      this.#runtime.writeSpan({ id, t: began, kind: 'other', name: caller.functionName ?? activity, parent: parentOf(around), caller, source: 'wait', activity, detail: null, callId: null, after });
      this.#runtime.writeSpanEnd(id, ended, 'ok', null, null);
    });
  }
}

/** The nearest span around that is still running, or was written down; frames tell in which function it was waited, where one is on the stack. */
function parentOf(around: Enclosing | null): string | null {
  for (let span = around; span !== null; span = span.outer) if (!span.isFunction || !span.ended) return span.id;
  return null;
}

/** A function that passes the promise of a wait on (`const sleep = (ms) => new Promise(…)`) is left at once: it is its caller who waits. */
function waitingIn(around: Enclosing | null): Enclosing | null {
  let span = around;
  while (span !== null && span.passesOn && !span.isLeftBehind) span = span.outer;
  return span;
}

/** Whether a callback does no more than to let a promise go on: the promise's own function, or one that calls it, and stops listening for what would cut the wait short. A timeout's rejects. */
function isGoingOn(callback: unknown): boolean {
  if (typeof callback !== 'function') return false;
  const text = Reflect.apply(textOf, callback, []).replace(UNLISTEN, '');
  return text.length < LONGEST_CALLBACK && (text.includes('[native code]') || !/reject|abort|error|fail|cancel|destroy|kill|close/i.test(text));
}

function isPromise(site: CallSite | undefined): boolean {
  return site?.isConstructor() === true && site.getFunctionName() === 'Promise';
}

function sleepOf([setter]: readonly CallSite[]): Activity {
  const file = setter?.getFileName() ?? '';
  return RETRYING.has(packageAt(file) ?? bundledPackage(file, setter?.getLineNumber() ?? null, setter?.getColumnNumber()) ?? '') ? 'backoff' : 'sleep';
}

function isWorthALine(ms: unknown): boolean {
  return typeof ms === 'number' && ms >= SHORTEST_MS;
}

/** The callback of a timer with which an SDK begins in the next turn what it was called for: until then, and in that turn, its caller is held. */
function heldUntil(callback: Callable): Callable {
  const context = currentContext();
  const span = context?.insideSdk === true ? runningIn(context) : null;
  if (span?.passesOn !== true) return callback;
  span.innerBegan();
  const at = now();
  const begin = (): void => {
    holdForTurn(span);
    span.innerEnded(at);
  };
  return disguise(function (this: unknown, ...args: unknown[]): unknown {
    begin();
    return Reflect.apply(callback, this, args);
  }, callback);
}

/** The program waits as it would without us, whatever happens to our account of it. */
function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

/**
 * Runs of the program's own functions, measured from entry to exit by the probes that `transform/instrumentSource.ts` puts there.
 *
 * From the first model call on. A function that is called often and ends at once is let go of. A run is written down when it took
 * a millisecond, or when something that is written down ran inside it: then it is the parent of that.
 */
import { callerIn, MOST_FRAMES, userSite } from './callSites.ts';
import { currentContext, enclosingSpan, goOnAfter, joinFrames, keepContext, keptContext, runningIn, spanAt, type CallContext, type Enclosing } from './context.ts';
import type { Site } from './contract.ts';
import { now } from './events.ts';
import { OwnFile, type Probe } from './ownFile.ts';
import type { Runtime } from './runtime.ts';
import { describeError, isCancellation } from './safeText.ts';
import { captureSites, readStack, takeStack, type CallSite, type TakenStack } from './stacks.ts';
import { ThrownErrors, type MayHaveThrown } from './thrownErrors.ts';
import type { FunctionRow, MARK as Mark } from './transform/instrumentSource.ts';

/** A function is worth a line from here on. */
const SHORTEST_MS = 1;
/** [calls, mean milliseconds below which a function is let go of after that many]: it must neither be slowed nor fill the recording. */
const LIMITS = [[25, 0.03], [100, 0.1], [2000, 5]] as const;
/** Of one function, at once: a program that starts thousands of them is not slowed by the rest. */
const MOST_OPEN = 200;

const MARK: typeof Mark = '$agentCost';
/** One of the functions of one of the user's files. */
interface Place {
  file: OwnFile;
  /** -1 for the module's own code. */
  index: number;
}

/** What the probes of one file call: with a function's number, when it is entered. `off` says of which they need not. */
export type Enter = ((index: number) => FunctionRun | undefined) & {
  off: Uint8Array;
  /** Called where the program catches something. Raises nothing. */
  caught(error: unknown): void;
};

export class FunctionRuns {
  readonly runtime: Runtime;
  readonly #files = new Map<string, OwnFile>();
  #isOn = false;
  readonly thrown = new ThrownErrors();

  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  /** Called once by each file with probes in it. `path` is the file's name as V8 has it; `isBundle`: there are packages in it; `hasMap`: it was read with one. */
  enterOf(path: string, rows: readonly FunctionRow[], isBundle = false, hasMap = false): Enter {
    const file = new OwnFile(path, rows, { isBundle, hasMap });
    this.#files.set(path, file);
    if (this.#isOn) file.off.fill(0);
    const enter = (index: number): FunctionRun | undefined => {
      const probe = file.probes[index];
      return probe === undefined || probe === null || file.off[index] === 1 ? undefined : this.#begin(file, index, probe, enter);
    };
    return Object.assign(enter, { off: file.off, caught: (error: unknown) => this.thrown.caught(error) });
  }

  /** With the first call of a model: what came before tells nothing about an agent. */
  begin(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    for (const file of this.#files.values()) file.off.fill(0);
  }

  #begin(file: OwnFile, index: number, probe: Probe, below: (index: number) => unknown): FunctionRun | undefined {
    if (probe.open >= MOST_OPEN) return undefined;
    try {
      return new FunctionRun(this, file, index, probe, below);
    } catch {
      // This run goes unseen.
      return undefined;
    }
  }

  /** Who calls a function, and inside of which span, by the innermost frame of its callers alone; null where more of the stack has to be read. */
  callersAt(nearest: CallSite, around: CallContext | undefined): { callers: readonly Site[]; span: Enclosing | null } | null {
    const at = spanAt(nearest, around);
    if (at === 'unknown') return null;
    if (at !== null) return { callers: at.chain, span: at.span };
    const callers = around?.frames.length ? null : this.#moduleCallers(nearest);
    return callers === null ? null : { callers, span: null };
  }

  /** A module's own code, and those who had the module loaded, which are the same for as long as it runs; null where they are not known, or run inside of a span. */
  #moduleCallers(site: CallSite): readonly Site[] | null {
    const file = this.fileOf(site);
    if (file === undefined || file.loadedBy === null || file.isLoadedInside || file.functionAtSite(site) !== -1) return null;
    const own = userSite(site);
    return own === null ? null : [own, ...file.loadedBy];
  }

  fileOf(site: CallSite): OwnFile | undefined {
    const file = this.#files.get(site.getFileName() ?? '');
    return file?.isBundle === true && userSite(site) === null ? undefined : file;
  }
}

/** One run of a function: a span to what begins inside it, written down only if it comes to matter. */
export class FunctionRun implements Enclosing, MayHaveThrown {
  readonly outer: Enclosing | null;
  readonly isFunction = true;
  readonly #runs: FunctionRuns;
  readonly #file: OwnFile;
  readonly #index: number;
  readonly #probe: Probe;
  readonly #started: number;
  /** Tag of the last model call before it. */
  readonly #after: string | null;
  #around: CallContext | undefined;
  #inside: CallContext | undefined;
  /** Where its callers are not known without it. */
  #stack: TakenStack | null = null;
  /** Those who called it, innermost first. */
  #callers: readonly Site[] | null = null;
  #places: Place[] | null = null;
  #id: string | null = null;
  #error: unknown;
  #hasFailed = false;
  /** When it was left, while it waits for what it returned. */
  #left: number | null = null;
  #inner = 0;
  /** When what began inside it was over, as far as it is. */
  #innerUntil = 0;
  #endedAt: number | null = null;
  /** It is known to have computed all the while. */
  #computed = false;

  constructor(runs: FunctionRuns, file: OwnFile, index: number, probe: Probe, below: (index: number) => unknown) {
    this.#runs = runs;
    this.#file = file;
    this.#index = index;
    this.#probe = probe;
    const around = currentContext();
    this.#around = around;
    this.#after = around?.lastCall?.tag ?? null;
    // The first is its own frame. Of a file's first run, it is that of the declaration that it calls, and the whole stack is read.
    const nearest = around?.isKept === true || runningIn(around) === null ? captureSites(below, 2)[1] : undefined;
    const known = nearest === undefined ? null : runs.callersAt(nearest, around);
    if (known === null) this.#stack = takeStack(below);
    this.#callers = known?.callers ?? null;
    this.outer = known === null ? enclosingSpan(() => this.#frames()) : known.span;
    this.#inside = keptContext(this.#around, this);
    probe.open += 1;
    this.outer?.innerBegan();
    keepContext(this.#inside);
    this.#started = now();
  }

  get ended(): boolean {
    return this.#endedAt !== null;
  }

  get endedAt(): number | null {
    return this.#endedAt;
  }

  /** Whoever asks will name it as a parent: it is written down. */
  get id(): string {
    if (this.#id === null) {
      this.#id = this.#runs.runtime.newId();
      if (this.#endedAt === null) this.#write(this.#id);
    }
    return this.#id;
  }

  /** Called by the probe of an asynchronous function, before `end`. Raises nothing. */
  failed(error: unknown): void {
    if (this.#probe.isAsync) this.#runs.thrown.caught(error);
    this.#hasFailed = true;
    this.#error = error;
  }

  /** Called by the probe. Raises nothing. */
  end(): void {
    try {
      this.#leaveContext();
      this.#left = now();
      // What it returned is a promise, perhaps, and what it began goes on: it is over when that is.
      if (this.#inner === 0 || !this.#probe.passesOn || this.#hasFailed) this.#finish(this.#left);
    } catch {
      // Then it stays incomplete.
    }
  }

  /**
   * Its caller goes on in its own context, after the calls that were made here: also where asynchronous functions that were called here
   * wait, and have left theirs behind. An asynchronous one's caller went on long ago, unless nothing was waited for.
   */
  #leaveContext(): void {
    const context = currentContext();
    if (this.#probe.isAsync && (context?.isKept !== true || context.span !== this)) return;
    keepContext(this.#around);
    if (context?.lastCall !== undefined && context.lastCall !== this.#around?.lastCall) goOnAfter(context.lastCall);
  }

  innerBegan(): void {
    this.#inner += 1;
  }

  innerEnded(at: number): void {
    this.#inner -= 1;
    if (at > this.#innerUntil) this.#innerUntil = at;
    if (this.#inner === 0 && this.#left !== null && this.#endedAt === null) this.#finish(Math.max(this.#left, this.#innerUntil));
  }

  get passesOn(): boolean {
    return this.#probe.passesOn;
  }

  /** Its caller goes on in its context once it waits, or has passed a promise on. */
  get isLeftBehind(): boolean {
    return this.#probe.isAsync || this.#left !== null;
  }

  get returnsErrors(): boolean {
    return this.#probe.returnsErrors;
  }

  isAt(name: string, place: string): boolean {
    if (name !== this.#probe.name) return false;
    const site = this.#file.siteOf(this.#probe);
    // As it runs, or as the process's source maps have it.
    return place.startsWith(`${this.#file.path}:`) || (site !== null && place.startsWith(`${site.file}:`));
  }

  chainFrom(nearest: CallSite): readonly Site[] | null {
    if (this.#runs.fileOf(nearest) !== this.#file || !this.#isIn(this.#file, this.#file.functionAtSite(nearest))) return null;
    const site = userSite(nearest);
    return site === null ? null : [site, ...this.#callersRead()];
  }

  /**
   * Itself, or what is around it: when an asynchronous function waits for the first time, its caller goes on in the context that
   * it began. The stack tells whose code it is that runs.
   */
  actual(stack: () => readonly CallSite[]): Enclosing | null {
    if (!this.#probe.isAsync) return this;
    for (const site of stack()) {
      const file = this.#runs.fileOf(site);
      if (file === undefined) continue;
      const index = file.functionAtSite(site);
      if (this.#isIn(file, index)) return this;
      if (this.#isCalledIn(file, index)) return outward(this.outer, stack);
    }
    return this;
  }

  /** Whether a function is the one that this is a run of. */
  #isIn(file: OwnFile, index: number): boolean {
    return file === this.#file && index === this.#index;
  }

  /** Whether a function is among those who called it. */
  #isCalledIn(file: OwnFile, index: number): boolean {
    if (this.#stack === null) return this.outer instanceof FunctionRun && (this.outer.#isIn(file, index) || this.outer.#isCalledIn(file, index));
    this.#places ??= this.#frames().flatMap((site): Place[] => {
      const own = this.#runs.fileOf(site);
      return own === undefined ? [] : [{ file: own, index: own.functionAtSite(site) }];
    });
    return this.#places.some((place) => place.file === file && place.index === index);
  }

  /** Of those who called it, innermost first. */
  #frames(): CallSite[] {
    const sites = this.#stack === null ? [] : readStack(this.#stack);
    // Of a file's first run, the declaration that it calls comes before the function itself.
    return sites.slice(sites[0]?.getFunctionName() === MARK ? 2 : 1);
  }

  #callersRead(): readonly Site[] {
    if (this.#callers !== null) return this.#callers;
    const sites = this.#frames();
    const { frames } = callerIn(sites);
    const [nearest] = sites;
    const file = nearest === undefined ? undefined : this.#runs.fileOf(nearest);
    if (file !== undefined && file.loadedBy === null && file.functionAtSite(nearest!) === -1) {
      file.loadedBy = frames.slice(1);
      file.isLoadedInside = this.outer !== null;
    }
    return (this.#callers = joinFrames(frames, this.#around?.frames ?? []));
  }

  #write(id: string): void {
    const { runtime } = this.#runs;
    const site = this.#file.siteOf(this.#probe);
    const callers = this.#callersRead();
    const frames = site === null ? callers : [site, ...callers].slice(0, MOST_FRAMES);
    runtime.writeSpan({
      id,
      t: this.#started,
      kind: 'other',
      name: this.#probe.tool ?? this.#probe.name,
      parent: this.outer?.id ?? null,
      caller: { frames: [...frames], unattributed: frames.length > 0 ? null : callerIn(this.#frames()).unattributed },
      source: 'function',
      detail: null,
      callId: null,
      activity: this.#computed ? 'cpu' : null,
      after: this.#after,
    });
  }

  #writeEnd(id: string, at: number): void {
    const { runtime } = this.#runs;
    if (this.#probe.isAsync || at !== this.#left) {
      const { status, error } = this.#outcome();
      runtime.writeSpanEnd(id, at, status, error, null);
      return;
    }
    this.#runs.thrown.mayHaveThrown(this);
    runtime.writeSpanEndLater(id, at, () => {
      this.#runs.thrown.settled(this);
      return this.#outcome();
    });
  }

  #outcome(): { status: 'ok' | 'cancelled' | 'error'; error: string | null } {
    if (!this.#hasFailed) return { status: 'ok', error: null };
    return { status: isCancellation(this.#error) ? 'cancelled' : 'error', error: describeError(this.#error) };
  }

  #finish(at: number): void {
    const took = at - this.#started;
    if (took >= SHORTEST_MS) {
      this.#computed = this.#runs.runtime.flights.computed(this.#started, at, !this.#probe.isAsync && at === this.#left);
      void this.id;
    }
    this.#endedAt = at;
    if (this.#inner === 0) this.#stack = null;
    // Else each run would keep the one before it, in whose context it was begun.
    this.#around = undefined;
    this.#inside = undefined;
    if (this.#id !== null) this.#writeEnd(this.#id, at);
    this.outer?.innerEnded(at);
    const probe = this.#probe;
    probe.open -= 1;
    probe.calls += 1;
    probe.ms += took;
    if (isLetGo(probe)) this.#file.off[this.#index] = 1;
  }
}

function isLetGo({ calls, ms }: Probe): boolean {
  for (const [atLeast, mean] of LIMITS) if (calls >= atLeast && ms < calls * mean) return true;
  return false;
}

function outward(span: Enclosing | null, stack: () => readonly CallSite[]): Enclosing | null {
  let outer = span;
  while (outer?.ended) outer = outer.outer;
  return outer?.actual(stack) ?? null;
}

/**
 * What the program computes between a model's answer and the next request, from V8's own profiler, which looks at the stack every
 * few milliseconds. To start it takes some 20 ms, 130 with 80 MB of code and data loaded, and to have it on costs all that runs a
 * little: it is started once something was computed in a gap, while a model is waited for, and then runs until the end; what it saw
 * outside of gaps is thrown away.
 */
import type { Profiler, Session } from 'node:inspector';
import { basename } from 'node:path';
import { loadBuiltin } from './builtins.ts';
import { sourceSite } from './callSites.ts';
import type { Site } from './contract.ts';
import { now } from './events.ts';
import { BUSY_MS, type Flights, type Gap } from './flights.ts';
import type { Runtime, SpanStart } from './runtime.ts';

/** What begins or ends between two looks is off by half of this at most. Each look wakes a thread that waits, which at 5 ms took more than 2 % of a processor. */
const EVERY_MS = 8;
/** Only then the program waits for a model that takes its time, and is not kept from an answer. */
const START_AFTER_MS = 20;
/** What was seen is read after this time, while a model is waited for: to read it takes as long as to start. */
const READ_EVERY_MS = 60_000;
/** A program that was stopped for long, or a machine that slept: what was seen last is not what went on. */
const LOST_AFTER_MS = 500;
/** Of one stack. */
const MOST_FRAMES = 20;
/** Spans of one reading. */
const MOST_STRETCHES = 5000;
// The host may replace it, in tests of its own.
const later = setTimeout;

/** A time in which the same functions of the user's were on the stack and did the same. Milliseconds, as `now()`. */
export interface Stretch {
  from: number;
  to: number;
  frames: Site[];
  activity: NonNullable<SpanStart['activity']>;
}
/** Where a function is written, as the profiler knows it (0-based), in the user's own code; null in any other. */
type Locate = (url: string, line: number, column: number, name: string | null) => Site | null;

export class CpuSampler {
  readonly #runtime: Runtime;
  readonly #flights: Flights;
  #session: Session | null = null;
  #isWaiting = false;
  #isDone = false;
  #readAt = 0;

  constructor(runtime: Runtime, flights: Flights) {
    this.#runtime = runtime;
    this.#flights = flights;
    flights.onBegin = (isUnderWay) => this.#onFlight(isUnderWay);
    flights.onUnseen = (stretches) => this.#writeUnseen(stretches);
  }

  /** At the end of the program. */
  stop(): void {
    this.#isDone = true;
    if (this.#session === null) return;
    this.#read(this.#session);
    this.#session.disconnect();
    this.#session = null;
  }

  #onFlight(isUnderWay: () => boolean): void {
    if (this.#isWaiting || this.#isDone) return;
    const step = nextStep({ isOn: this.#session !== null, unreadMs: now() - this.#readAt, busiestMs: this.#flights.busiestMs });
    if (step === null) return;
    this.#isWaiting = true;
    later(() => {
      this.#isWaiting = false;
      // A model that answers sooner leaves no time for it; the next call is asked again.
      if (!isUnderWay() || this.#isDone) return;
      try {
        this.#take(step);
      } catch {
        // Built without an inspector, or forbidden to use it: what is computed goes unseen.
        this.#isDone = true;
      }
    }, START_AFTER_MS).unref();
  }

  #take(step: Step): void {
    if (step === 'start' || this.#session === null) return this.#start();
    this.#read(this.#session);
    post(this.#session, 'Profiler.start');
  }

  #start(): void {
    // Whoever profiles or debugs the program is not to find us there.
    if (isLookedInto()) {
      this.#isDone = true;
      return;
    }
    const session = new (loadBuiltin('node:inspector').Session)();
    session.connect();
    post(session, 'Profiler.enable');
    post(session, 'Profiler.setSamplingInterval', { interval: EVERY_MS * 1000 });
    post(session, 'Profiler.start');
    this.#session = session;
    this.#readAt = now();
    // Gaps from before tell nothing.
    this.#flights.takeGaps();
  }

  #read(session: Session): void {
    this.#readAt = now();
    try {
      const { profile } = post<{ profile: Profiler.Profile }>(session, 'Profiler.stop');
      for (const stretch of stretchesOf(profile, this.#flights.takeGaps(), sourceSite)) this.#write(stretch);
    } catch {
      // It goes unseen.
    }
  }

  /** No more is known of it than that the thread was at work. */
  #writeUnseen(stretches: readonly Gap[]): void {
    try {
      if (this.#isDone || isLookedInto()) return;
      for (const { from, to } of stretches) this.#write({ from, to, frames: [], activity: 'cpu' });
    } catch {
      // It goes unseen.
    }
  }

  #write({ from, to, frames, activity }: Stretch): void {
    const id = this.#runtime.newId();
    const name = frames[0] === undefined ? 'computing' : nameOf(frames[0]);
    const unattributed = frames.length > 0 ? null : 'computed before the profiler looked at the stack';
    this.#runtime.writeSpan({ id, t: from, kind: 'other', name, parent: null, caller: { frames, unattributed }, source: 'sampled', evidence: 'sampled', activity, detail: null, callId: null });
    this.#runtime.writeSpanEnd(id, to, 'ok', null, null);
  }
}

/** A module's own code goes by its file. */
function nameOf({ file, column, function: name }: Site): string {
  return name ?? (column === null ? basename(file) : '(anonymous)');
}

function isLookedInto(): boolean {
  if (process.env['NODE_V8_COVERAGE'] || /--(?:cpu|heap)-prof/.test(`${process.execArgv.join(' ')} ${process.env['NODE_OPTIONS'] ?? ''}`)) return true;
  return loadBuiltin('node:inspector').url() !== undefined;
}

type Step = 'start' | 'read';

/** What is to be done while a model is waited for, if anything. `unreadMs`: since what was seen was read. */
export function nextStep({ isOn, unreadMs, busiestMs }: { isOn: boolean; unreadMs: number; busiestMs: number }): Step | null {
  if (!isOn) return busiestMs < BUSY_MS ? null : 'start';
  return unreadMs >= READ_EVERY_MS ? 'read' : null;
}

function post<Result>(session: Session, method: string, params: object = {}): Result {
  let answer: unknown;
  // Answers at once: it is the same thread.
  session.post(method, params, (error, result) => {
    if (error !== null) throw error;
    answer = result;
  });
  return answer as Result;
}

/** What a profile saw of the user's code in gaps. Its clock is that of `now()`, in microseconds. */
export function stretchesOf({ nodes, samples = [], timeDeltas = [], startTime }: Profiler.Profile, gaps: readonly Gap[], locate: Locate): Stretch[] {
  const seen = new Seen(nodes, locate);
  const stretches: Stretch[] = [];
  let at = startTime / 1000;
  // When the stack was looked at last, and the gap that this was in.
  let before = at;
  let lastGap: Gap | undefined;
  let gap = 0;
  let open: Stretch | null = null;
  for (const [index, node] of samples.entries()) {
    at += (timeDeltas[index] ?? 0) / 1000;
    while (gap < gaps.length && gaps[gap]!.to < at) gap += 1;
    if (seen.isElsewhere(node)) continue;
    const around = gaps[gap];
    const found = around !== undefined && around.from <= at ? seen.at(node) : null;
    if (open !== null && found !== null && found.frames === open.frames && found.activity === open.activity) open.to = at;
    else {
      // What was seen at one look and no more at the next changed in between: in the middle, to be off by least.
      const middle = Math.max(at - Math.min(at - before, LOST_AFTER_MS) / 2, around?.from ?? 0);
      if (open !== null) open.to = Math.max(open.to, Math.min(middle, open.to + LOST_AFTER_MS / 2, lastGap?.to ?? Infinity));
      open = found === null ? null : { from: Math.min(middle, at), to: at, ...found };
      if (open !== null && stretches.length < MOST_STRETCHES) stretches.push(open);
    }
    lastGap = around;
    before = at;
  }
  return stretches.filter(({ from, to }) => to > from);
}

type Found = Pick<Stretch, 'frames' | 'activity'>;

/** The profile's tree: stacks by their innermost function. */
class Seen {
  readonly #nodes: ReadonlyMap<number, Profiler.ProfileNode>;
  readonly #parents = new Map<number, number>();
  readonly #locate: Locate;
  readonly #found = new Map<number, Found | null>();
  /** The same frames are the same array. */
  readonly #frames = new Map<string, Site[]>();

  constructor(nodes: readonly Profiler.ProfileNode[], locate: Locate) {
    this.#nodes = new Map(nodes.map((node) => [node.id, node]));
    for (const { id, children = [] } of nodes) for (const child of children) this.#parents.set(child, id);
    this.#locate = locate;
  }

  at(id: number): Found | null {
    let found = this.#found.get(id);
    if (found === undefined) this.#found.set(id, (found = this.#find(id)));
    return found;
  }

  /** Memory is cleaned up, or V8 is at work itself, in the middle of whatever goes on. */
  isElsewhere(id: number): boolean {
    return /^\((?:garbage collector|program)\)$/.test(this.#nodes.get(id)?.callFrame.functionName ?? '');
  }

  #find(id: number): Found | null {
    const frames: Site[] = [];
    let activity: Found['activity'] = 'cpu';
    for (let each: number | undefined = id; each !== undefined && frames.length < MOST_FRAMES; each = this.#parents.get(each)) {
      const node = this.#nodes.get(each);
      if (node === undefined) break;
      const { functionName, url, lineNumber, columnNumber } = node.callFrame;
      const site = this.#locate(url, Math.max(lineNumber, 0) + 1, Math.max(columnNumber, 0) + 1, functionName === '' ? null : functionName);
      if (site !== null) frames.push(isModule(node.callFrame) ? (this.#atBusiestLine(node) ?? { ...site, column: null }) : site);
      else if (frames.length === 0) {
        const known = activityOf(functionName, url);
        // A thread that stands still is seen by `waits.ts`.
        if (known === 'lock') return null;
        activity = known ?? activity;
      }
    }
    if (frames.length === 0) return null;
    const key = JSON.stringify(frames);
    const same = this.#frames.get(key) ?? frames;
    this.#frames.set(key, same);
    return { frames: same, activity };
  }

  /**
   * A module's own code has no place of its own: the line that was met most stands for it. Not so for functions, whose lines may be those
   * of others that V8 has put into them.
   */
  #atBusiestLine({ callFrame, positionTicks = [] }: Profiler.ProfileNode): Site | null {
    const [busiest] = [...positionTicks].sort((a, b) => b.ticks - a.ticks);
    const site = busiest === undefined ? null : this.#locate(callFrame.url, busiest.line, 1, null);
    return site === null ? null : { ...site, column: null };
  }
}

/** Code outside of all functions; one that awaits is a function without a name at the file's beginning. */
function isModule({ functionName, lineNumber, columnNumber }: Profiler.ProfileNode['callFrame']): boolean {
  return lineNumber < 0 || (functionName === '' && lineNumber === 0 && columnNumber === 0);
}

/** What code between the user's and the look is there for. */
function activityOf(functionName: string, url: string): Found['activity'] | null {
  if (url === 'node:fs' || url.startsWith('node:internal/fs/')) return 'file';
  if (url === 'node:child_process' || url === 'node:internal/child_process') return 'process';
  return url === '' && functionName === 'wait' ? 'lock' : null;
}

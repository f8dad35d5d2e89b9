/**
 * The program's own functions, with nothing declared: measured from entry to exit where a hook could, else put together from
 * samples of the stack; and what they spent their time on.
 *
 * A function in which the model was called (`main`, `run_agent`) carries the agent: its length says nothing that its calls do not.
 * Such carriers are kept apart, what they contain belongs to what is around them, and only the outermost function below them is
 * what the agent did between its calls.
 */
import type { Activity, Site } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import { part, putIntoAgents } from './agentsOfStretches.ts';
import type { Draft } from './drafts.ts';
import { ancestors, setParent, takeOut, type Drafts } from './draftTree.ts';
import { groupBy } from './grouping.ts';
import { withoutWaits } from './waitingStretches.ts';

/** A stack is looked at every 5 to 20 ms: two stretches of one function further apart are two runs. */
const LONGEST_BREAK: Milliseconds = 60;
/** Samples and the clocks of programs are off by about this much. */
const EDGE: Milliseconds = 10;
/** A function seen inside another one for less than two samples may as well not have been there. */
const SHORTEST_INNER: Milliseconds = 10;
/** Shorter stretches in the agent itself are the way from one call to the next. */
const SHORTEST_OWN: Milliseconds = 2;

/** Python's method that runs when an object is called like a function. */
const CALLED = '__call__';

export interface OwnFunctions {
  /** Functions in which no model was called; kind `other`, in order of start. */
  functions: Draft[];
  /** What carriers did themselves, between what they called: stretches at one line of theirs. */
  stretches: Draft[];
  /** Functions in which a model was called. */
  carriers: Draft[];
  /** All else that hooks saw. */
  rest: Draft[];
}

/** A stretch in which the stack stayed the same. */
interface Stretch {
  draft: Draft;
  /** Functions that are no carriers' and not measured themselves, outermost first. */
  path: readonly Site[];
}

/**
 * Takes apart what hooks saw; sets parents. `wire`: what passed the proxy, with its parents set. `isTool` tells by its name whether a
 * function was asked for as a tool: such a one is no carrier, though it asks a model itself.
 */
export function findOwnFunctions(hooks: readonly Draft[], wire: readonly Draft[], isTool: (name: string) => boolean, drafts: Drafts): OwnFunctions {
  const calls = wire.filter(({ span }) => span.kind === 'llm');
  const sampled = hooks.filter(isSampled);
  const measured = hooks.filter((draft) => draft.hook?.start.source === 'function');
  for (const { span } of measured) if (span.name === CALLED) span.name = plainFunctionName(span.site?.function ?? null) ?? span.name;
  const rest = hooks.filter((draft) => !isSampled(draft) && draft.hook?.start.source !== 'function');
  const carriers = carriersAmong(measured, [...calls, ...rest.filter(({ span }) => span.kind === 'agent' || span.kind === 'step')], hooks, drafts);
  for (const draft of carriers) if (isTool(draft.span.name)) carriers.delete(draft);
  takeOut([...carriers, ...sampled], [...hooks, ...wire], drafts);
  const functions = measured.filter((draft) => !carriers.has(draft));
  // Most of a long run's functions are measured: then nothing has to be put together.
  if (sampled.length === 0) return { functions: [...functions].sort((a, b) => a.start - b.start), stretches: [], carriers: [...carriers], rest };
  const carrierKeys = new Set(calls.flatMap(({ span }) => span.frames.map((frame) => `${span.pid}\n${keyOf(frame)}`)));
  const found = new Folding(functions, rest, carrierKeys, drafts).fold(putIntoAgents(sampled, rest, drafts));
  nestMeasuredWork(found.functions, rest, ancestors([...functions, ...found.functions, ...rest], drafts));
  const callsAndTools = [...calls, ...rest.filter(({ span }) => span.kind === 'tool')];
  const known = groupBy(callsAndTools, ({ span }) => placeOf(span.pid, span.site));
  const own = found.stretches.filter((stretch) => bestOverlap(known.get(placeOf(stretch.span.pid, stretch.span.site)) ?? [], stretch) === null);
  const stretches = withoutWaits(own, [...callsAndTools, ...functions, ...found.functions], drafts);
  return { functions: [...functions, ...found.functions].sort((a, b) => a.start - b.start), stretches, carriers: [...carriers], rest };
}

/** Stretches that were seen at a line: on a stack that was looked at, or waits that were watched. */
function isSampled(draft: Draft): boolean {
  return draft.hook?.start.source === 'sampled' || draft.hook?.start.source === 'wait';
}

function keyOf(site: Site): string {
  return `${site.file}\n${site.function ?? ''}`;
}

/** A line of a process: what waits there for a request that is known is that request. */
function placeOf(pid: number | null, site: Site | null): string {
  return `${pid}\n${site?.line}\n${site?.file}`;
}

function carriersAmong(measured: readonly Draft[], inner: readonly Draft[], all: readonly Draft[], drafts: Drafts): Set<Draft> {
  const carriers = new Set<Draft>();
  const candidates = drafts.membersOf(measured);
  const members = drafts.membersOf(all);
  /** What is around these was looked at: the same functions are around many calls. */
  const walked = new Uint8Array(drafts.size);
  for (const draft of inner) {
    for (let at = drafts.outerOf(draft); at !== null && members[at.index] === 1 && walked[at.index] === 0; at = drafts.outerOf(at)) {
      walked[at.index] = 1;
      if (candidates[at.index] === 1) carriers.add(at);
    }
  }
  return carriers;
}

class Folding {
  /** Runs that were measured, by process, thread and function. */
  readonly #runs: Map<string, Draft[]>;
  readonly #carrierKeys: ReadonlySet<string>;
  readonly #drafts: Drafts;
  readonly #above: (draft: Draft) => Draft[];
  readonly #activities = new Map<Draft, Map<Activity, Milliseconds>>();
  /** How much of each run was sampled so far. */
  readonly #seen = new Map<Draft, Milliseconds>();
  readonly #functions: Draft[] = [];
  readonly #stretches: Draft[] = [];

  constructor(functions: readonly Draft[], rest: readonly Draft[], carrierKeys: ReadonlySet<string>, drafts: Drafts) {
    // A framework's tool stands on the line where its function is defined: it is a run of that function.
    const tools = rest.filter(({ span, hook }) => span.kind === 'tool' && span.site !== null && (hook?.start.source === 'framework' || hook?.start.source === 'toolRunner' || hook?.start.source === 'otlp'));
    this.#runs = groupBy([...functions, ...tools], ({ span }) => `${span.pid}\n${span.thread}\n${span.site === null ? '' : keyOf(span.site)}`);
    this.#carrierKeys = carrierKeys;
    this.#drafts = drafts;
    this.#above = ancestors([...functions, ...rest], drafts);
  }

  fold(sampled: readonly Draft[]): Pick<OwnFunctions, 'functions' | 'stretches'> {
    const under = new Map<Draft | null, Stretch[]>();
    const runs = new Set<Draft | null>();
    for (const draft of sampled.flatMap((each) => this.#cut(each))) {
      const { run, path } = this.#place(draft);
      if (run !== null) {
        this.#spend(draft, [run, ...this.#above(run)]);
        runs.add(run);
        if (path.length === 0) continue;
      }
      // In no function that was measured: a wait, at least, was seen to be in an agent's step.
      const home = run ?? this.#drafts.outerOf(draft);
      const list = under.get(home);
      if (list === undefined) under.set(home, [{ draft, path }]);
      else list.push({ draft, path });
    }
    for (const [home, stretches] of under) this.#foldLevel(stretches, 0, home, runs.has(home) ? SHORTEST_INNER : 0);
    for (const [draft, times] of this.#activities) draft.span.activity = mostOf(times, draft.end - draft.start);
    return { functions: this.#functions, stretches: this.#stretches };
  }

  /**
   * A stack that looks the same from one run of a function to the next is one stretch to who samples it: cut where the measured runs of
   * its innermost measured function begin and end.
   */
  #cut(draft: Draft): Draft[] {
    const { span } = draft;
    for (const frame of span.frames) {
      const runs = this.#runs.get(`${span.pid}\n${span.thread}\n${keyOf(frame)}`) ?? [];
      const inside = runs.filter((run) => Math.min(run.end, draft.end) - Math.max(run.start, draft.start) > EDGE);
      if (inside.length === 0) continue;
      if (inside.length === 1 || overlapEachOther(inside)) return [draft];
      return inside.map((run, index) => part(draft, index === 0 ? draft.start : run.start, index === inside.length - 1 ? draft.end : (inside[index + 1]?.start ?? draft.end)));
    }
    return [draft];
  }

  /** The innermost measured run that a stretch lies in, and the functions further in; without such a run, all below the carriers. */
  #place(draft: Draft): { run: Draft | null; path: Site[] } {
    const { span } = draft;
    for (const [index, frame] of span.frames.entries()) {
      const run = bestOverlap(this.#runs.get(`${span.pid}\n${span.thread}\n${keyOf(frame)}`) ?? [], draft, (each) => this.#seen.get(each) ?? 0);
      if (run !== null) this.#seen.set(run, (this.#seen.get(run) ?? 0) + draft.end - draft.start);
      if (run !== null) return { run, path: span.frames.slice(0, index).reverse() };
    }
    const late = this.#begunBefore(draft);
    if (late !== null) return { run: late, path: [] };
    const outermostFirst = [...span.frames].reverse();
    const first = outermostFirst.findIndex((frame) => !this.#carrierKeys.has(`${span.pid}\n${keyOf(frame)}`));
    return { run: null, path: first === -1 ? [] : outermostFirst.slice(first) };
  }

  /**
   * The measured run that a stretch was too late for, or goes on for longer than it did: who samples a thread that computes is kept waiting
   * himself, and a function that is measured is on no stack without a run.
   */
  #begunBefore({ span, start }: Draft): Draft | null {
    for (const frame of span.frames) {
      const runs = this.#runs.get(`${span.pid}\n${span.thread}\n${keyOf(frame)}`) ?? [];
      const run = runs.findLast((each) => each.start <= start + EDGE && start - each.end <= LONGEST_BREAK);
      if (run !== undefined) return run;
    }
    return null;
  }

  #foldLevel(stretches: readonly Stretch[], level: number, parent: Draft | null, shortest: Milliseconds): void {
    for (const run of runsOf(stretches, level)) {
      const [first] = run;
      const last = run.at(-1);
      if (first === undefined || last === undefined) continue;
      const { length } = first.path;
      const isOwn = level >= length;
      const end = Math.max(...run.map(({ draft }) => draft.end));
      if (end - first.draft.start < (isOwn ? SHORTEST_OWN : shortest)) continue;
      const frames = isOwn ? first.draft.span.frames : first.draft.span.frames.slice(innerFrames(first, level));
      const found = functionDraft(first.draft, this.#drafts, frames, end, run, parent);
      (isOwn ? this.#stretches : this.#functions).push(found);
      for (const { draft } of run) this.#spend(draft, [found]);
      if (isOwn) continue;
      const inner = run.filter(({ path }) => path.length > level + 1);
      if (inner.length > 0) this.#foldLevel(inner, level + 1, found, SHORTEST_INNER);
    }
  }

  #spend(stretch: Draft, on: Iterable<Draft>): void {
    const { activity } = stretch.span;
    if (activity === null) return;
    for (const draft of new Set(on)) {
      if (draft.span.kind !== 'other' && draft.span.kind !== 'tool') continue;
      let times = this.#activities.get(draft);
      if (times === undefined) {
        times = new Map<Activity, Milliseconds>();
        this.#activities.set(draft, times);
      }
      times.set(activity, (times.get(activity) ?? 0) + stretch.end - stretch.start);
    }
  }
}

/** Runs in order of start of which one goes on beside the next: a function that calls itself, or tasks at once. */
function overlapEachOther(runs: readonly Draft[]): boolean {
  return runs.some((run, index) => run.end > (runs[index + 1]?.start ?? Infinity) + EDGE);
}

/** How many frames are further in than the function at a level of the path. */
function innerFrames({ path }: Stretch, level: number): number {
  return path.length - 1 - level;
}

/** Stretches in one function (at a level of their paths), next to each other in time: its runs. Those of parallel tasks overlap, and are apart. */
function runsOf(stretches: readonly Stretch[], level: number): Stretch[][] {
  const runs: Stretch[][] = [];
  const open = new Map<string, Stretch[][]>();
  for (const stretch of [...stretches].sort((a, b) => a.draft.start - b.draft.start)) {
    const { span } = stretch.draft;
    const site = stretch.path[level];
    const [line] = span.frames;
    // In the agent itself each line stands for its own. Where none is known, what lies between two stretches was seen elsewhere.
    const place = site !== undefined ? keyOf(site) : line !== undefined ? `${line.line}\n${span.activity}\n${keyOf(line)}` : span.id;
    const key = `${span.pid}\n${span.thread}\n${level}\n${place}`;
    const candidates = (open.get(key) ?? []).filter((run) => stretch.draft.start - (run.at(-1)?.draft.end ?? 0) <= LONGEST_BREAK);
    const home = candidates.find((run) => (run.at(-1)?.draft.end ?? 0) <= stretch.draft.start + 1);
    if (home !== undefined) home.push(stretch);
    else {
      const run = [stretch];
      candidates.push(run);
      runs.push(run);
    }
    open.set(key, candidates);
  }
  return runs;
}

function functionDraft(first: Draft, drafts: Drafts, frames: readonly Site[], end: Milliseconds, run: readonly Stretch[], parent: Draft | null): Draft {
  const site = frames[0] ?? null;
  const incomplete = run.some(({ draft }) => draft.span.status === 'incomplete');
  const running = run.some(({ draft }) => draft.span.endMs === null);
  const draft = drafts.add({
    ...first,
    end,
    span: {
      ...first.span,
      id: `function:${first.span.id}`,
      name: plainFunctionName(site?.function ?? null) ?? first.span.name,
      endMs: running ? null : end,
      status: incomplete ? 'incomplete' : 'ok',
      frames: [...frames],
      site,
      activity: null,
    },
  });
  setParent(draft, parent);
  return draft;
}

/** `Tools.search` → `search`, `main.<locals>.run` → `run`, `Search.__call__` → `Search`: what is called is an object of that class. */
function plainFunctionName(name: string | null): string | null {
  const parts = name?.split('.') ?? [];
  const last = parts.at(-1) ?? '';
  const owner = parts.at(-2) ?? '';
  if (last === CALLED && /^\w/.test(owner)) return owner;
  return last === '' ? null : last;
}

/** The run that shares most time with a stretch, at least half of it; of several that share all of it, the one of which least was `seen`. */
function bestOverlap(runs: readonly Draft[], { start, end }: Draft, seen: (run: Draft) => Milliseconds = () => 0): Draft | null {
  let best: Draft | null = null;
  let most = 0;
  for (const run of runs) {
    const shared = Math.min(end, run.end + EDGE) - Math.max(start, run.start - EDGE);
    if (shared <= 0 || shared < (end - start) / 2) continue;
    if (best === null || shared > most || (shared === most && seen(run) < seen(best))) {
      best = run;
      most = shared;
    }
  }
  return best;
}

/** What most of a time went into; null where more of it was not seen: a few samples do not speak for a second of waiting. */
function mostOf(times: ReadonlyMap<Activity, Milliseconds>, duration: Milliseconds): Activity | null {
  let most: Activity | null = null;
  let unseen = duration;
  for (const [activity, ms] of times) {
    unseen -= ms;
    if (most === null || ms > (times.get(most) ?? 0)) most = activity;
  }
  return most !== null && (times.get(most) ?? 0) >= unseen ? most : null;
}

/** Requests and child processes that a sampled function made are inside of it, and it was no shorter than they were. */
function nestMeasuredWork(sampled: readonly Draft[], rest: readonly Draft[], above: (draft: Draft) => Draft[]): void {
  const byKey = groupBy(sampled, ({ span }) => `${span.pid}\n${span.thread}\n${span.site === null ? '' : keyOf(span.site)}`);
  const byId = new Map(sampled.map((draft) => [draft.span.id, draft]));
  for (const work of rest) {
    const { span } = work;
    if (span.parent !== null || (span.source !== 'http' && span.source !== 'process')) continue;
    for (const frame of span.frames) {
      const run = bestOverlap(byKey.get(`${span.pid}\n${span.thread}\n${keyOf(frame)}`) ?? [], work);
      if (run === null || above(run).includes(work)) continue;
      setParent(work, run);
      for (let outer: Draft | undefined = run; outer !== undefined; outer = byId.get(outer.span.parent ?? '')) {
        outer.start = Math.min(outer.start, work.start);
        outer.end = Math.max(outer.end, work.end);
        outer.span.startMs = outer.start;
        if (outer.span.endMs !== null) outer.span.endMs = outer.end;
      }
      break;
    }
  }
}

/** A function becomes the tool that it is. */
export function becomeTool(draft: Draft): void {
  draft.span.kind = 'tool';
  draft.span.tool ??= { name: draft.span.name, callId: null, detail: null, argumentBytes: null, resultBytes: null, idleBlameMs: null, idleEnergyWh: null };
}

/**
 * What is left of the functions once the wire's tool calls have found theirs. `all`: all there is, the functions included.
 * Functions that are tools by now have kind `tool`.
 */
export function settleFunctions({ functions, carriers }: OwnFunctions, all: readonly Draft[], drafts: Drafts): Pick<OwnFunctions, 'functions' | 'carriers'> {
  promoteWorkers(functions, all, drafts);
  const left = withoutToolsOwn(functions.filter(({ span }) => span.kind === 'other'), all, drafts);
  const late = carriersAmong(left, all.filter(({ span }) => span.kind === 'llm'), all, drafts);
  takeOut([...late], all, drafts);
  return { functions: left.filter((draft) => !late.has(draft)), carriers: [...carriers, ...late] };
}

/**
 * Functions that no tool call on the wire named, and that work outside of the program (a request, a child process), are tools:
 * of those around one such piece of work the outermost that is no dispatcher, which leads to several others.
 */
function promoteWorkers(functions: readonly Draft[], all: readonly Draft[], drafts: Drafts): void {
  const own = new Set(functions.filter(({ span }) => span.kind === 'other' && span.frames.length > 0));
  const above = ancestors(all, drafts);
  const chains: Draft[][] = [];
  for (const work of all) {
    if (work.span.kind !== 'tool' || (work.span.source !== 'http' && work.span.source !== 'process') || own.has(work)) continue;
    // It is the tool that the model asked for.
    if (work.issuer !== null) continue;
    const around = above(work);
    // Inside a tool that is known, all is a part of it.
    if (around.some(({ span }) => span.kind === 'tool')) continue;
    const chain = around.filter((draft) => own.has(draft)).reverse();
    if (chain.length > 0) chains.push(chain);
  }
  const next = new Map<string, Set<string>>();
  for (const chain of chains) {
    chain.forEach((draft, index) => {
      const key = runKey(draft);
      const inner = chain[index + 1];
      next.set(key, (next.get(key) ?? new Set()).add(inner === undefined ? '' : runKey(inner)));
    });
  }
  for (const chain of chains) {
    const worker = chain.find((draft) => (next.get(runKey(draft))?.size ?? 0) < 2) ?? chain.at(-1);
    if (worker !== undefined) becomeTool(worker);
  }
}

function runKey({ span }: Draft): string {
  return span.site === null ? span.id : keyOf(span.site);
}

/**
 * The function that a framework's or an SDK's tool runs is that tool: it is taken out, and the tool took as long as it did, without
 * what the framework does around it (checking arguments, waiting for a thread). Returns the functions that are left.
 */
function withoutToolsOwn(functions: readonly Draft[], all: readonly Draft[], drafts: Drafts): Draft[] {
  const above = ancestors(all, drafts);
  const gone = new Set<Draft>();
  const runs = new Map<Draft, Draft[]>();
  for (const draft of functions) {
    // What was tried again stays apart.
    if (draft.span.kind !== 'other' || draft.span.source !== 'function' || draft.partOfWireTool) continue;
    const tool = above(draft).find(({ span }) => span.kind === 'tool');
    if (tool === undefined || !isRunOf(draft, tool)) continue;
    gone.add(draft);
    // One that calls itself is all of its runs.
    if (tool.span.source !== 'function') runs.set(tool, [...(runs.get(tool) ?? []), draft]);
  }
  if (gone.size === 0) return [...functions];
  takeOut([...gone], all, drafts);
  const inside = groupBy(all.filter((draft) => !gone.has(draft)), ({ span }) => span.parent ?? '');
  for (const [tool, own] of runs) if (own.every(hasEnded) && hasEnded(tool)) narrow(tool, [...own, ...(inside.get(tool.span.id) ?? [])]);
  return functions.filter((draft) => !gone.has(draft));
}

function hasEnded({ span }: Draft): boolean {
  return span.endMs !== null && span.status !== 'incomplete';
}

/** A span takes as long as what was seen inside of it. */
function narrow(outer: Draft, inner: readonly Draft[]): void {
  const start = Math.max(outer.start, Math.min(...inner.map((draft) => draft.start)));
  const end = Math.min(outer.end, Math.max(...inner.map((draft) => draft.end)));
  if (start > end) return;
  outer.start = outer.span.startMs = start;
  outer.end = outer.span.endMs = end;
}

/** What agent frameworks of Node call the function in a tool's definition. */
const TOOLS_FUNCTION = 'execute';

function isRunOf({ span }: Draft, { span: tool }: Draft): boolean {
  if (span.name === TOOLS_FUNCTION && tool.source === 'framework' && span.parent === tool.id && span.site?.file === tool.site?.file) return true;
  if (tool.site !== null && span.site !== null && keyOf(tool.site) === keyOf(span.site)) return true;
  return span.name === tool.name || span.name === (tool.site?.function ?? null);
}

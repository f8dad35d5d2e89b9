/** What the agent was doing at each moment: waiting for a model, running tools, both, or neither; and what it did then. */
import type { Activity } from '../profile/recordingFormat.ts';
import type { OtherPart } from '../profile/report.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { Draft } from './drafts.ts';
import type { Drafts } from './draftTree.ts';
import { ascendingOrder } from './numericOrder.ts';
import { Replay } from './replay.ts';
import { tidy } from './statistics.ts';

/** A stretch in which the same calls and tools ran. */
export interface Wait {
  start: Milliseconds;
  end: Milliseconds;
  llm: boolean;
  tool: boolean;
  /**
   * Tools that run and have no running tool inside them; else the LLM calls in flight; else what the program did itself, as far
   * in as it was seen; else nothing. In order of start. Ask for one stretch after the other: it is found anew each time.
   */
  waitingFor(): readonly Draft[];
}

class Stretch implements Wait {
  readonly start: Milliseconds;
  readonly end: Milliseconds;
  readonly llm: boolean;
  readonly tool: boolean;
  readonly #replay: Replay<Running, number>;
  readonly #edge: number;

  /** @param edge how many of the replay's steps come before it */
  constructor(start: Milliseconds, end: Milliseconds, llm: boolean, tool: boolean, replay: Replay<Running, number>, edge: number) {
    this.start = start;
    this.end = end;
    this.llm = llm;
    this.tool = tool;
    this.#replay = replay;
    this.#edge = edge;
  }

  waitingFor(): readonly Draft[] {
    return waitedFor(this.#replay.after(this.#edge));
  }
}

/** What runs at a moment. */
interface Running {
  calls: Set<Draft>;
  tools: Set<Draft>;
  functions: Set<Draft>;
  /** How much of the same sort runs somewhere inside each tool, and inside each function, by index. */
  inside: Int32Array;
}

/** Contiguous stretches over [0, wallMs]. `shown`: all spans; `functions`: of these what the program did itself; the others are calls and tools. */
export function findWaits(shown: readonly Draft[], functions: readonly Draft[], wallMs: Milliseconds, drafts: Drafts): Wait[] {
  const own = drafts.membersOf(functions);
  const members = drafts.membersOf(shown);
  const relevant = shown.filter((draft) => (draft.span.kind === 'llm' || draft.span.kind === 'tool' || own[draft.index] === 1) && draft.end > draft.start);
  /** Each one's start and then its end. */
  const times = new Float64Array(relevant.length * 2);
  relevant.forEach(({ start, end }, place) => {
    times[2 * place] = start;
    times[2 * place + 1] = end;
  });
  const edges = ascendingOrder(times);
  const draftAt = (edge: number): Draft => relevant[edge >>> 1] as Draft;
  const isStart = (edge: number): boolean => (edge & 1) === 0;
  const replay = new Replay<Running, number>(
    edges,
    () => ({ calls: new Set(), tools: new Set(), functions: new Set(), inside: new Int32Array(drafts.size) }),
    ({ calls, tools, functions: running, inside }, edge) => {
      const draft = draftAt(edge);
      const { kind } = draft.span;
      const set = kind === 'llm' ? calls : kind === 'tool' ? tools : running;
      if (isStart(edge)) set.add(draft);
      else set.delete(draft);
      if (kind === 'llm') return;
      for (let outer = drafts.outerOf(draft); outer !== null && members[outer.index] === 1; outer = drafts.outerOf(outer)) {
        if (outer.span.kind === kind) inside[outer.index]! += isStart(edge) ? 1 : -1;
      }
    },
  );
  const waits: Wait[] = [];
  let from = 0;
  let calls = 0;
  let tools = 0;
  for (let count = 0; count <= edges.length; count++) {
    const edge = edges[count];
    const until = edge === undefined ? wallMs : (times[edge] as number);
    if (until > from) {
      waits.push(new Stretch(from, until, calls > 0, tools > 0, replay, count));
      from = until;
    }
    if (edge === undefined) break;
    const { kind } = draftAt(edge).span;
    const by = isStart(edge) ? 1 : -1;
    if (kind === 'llm') calls += by;
    else if (kind === 'tool') tools += by;
  }
  return waits;
}

function waitedFor({ calls, tools, functions, inside }: Running): Draft[] {
  const innermost = (all: ReadonlySet<Draft>): Draft[] => [...all].filter(({ index }) => inside[index] === 0);
  return tools.size > 0 ? innermost(tools) : calls.size > 0 ? [...calls] : innermost(functions);
}

/** Sums to the length of all waits together. */
export function agentTime(waits: readonly Wait[]): { llm: number; tool: number; overlap: number; other: number } {
  const time = { llm: 0, tool: 0, overlap: 0, other: 0 };
  for (const { start, end, llm, tool } of waits) time[llm ? (tool ? 'overlap' : 'llm') : tool ? 'tool' : 'other'] += end - start;
  return { llm: tidy(time.llm), tool: tidy(time.tool), overlap: tidy(time.overlap), other: tidy(time.other) };
}

/**
 * What the agent's time outside of calls and tools went into; sums to it. `seen`: whatever has an activity. Where several things
 * went on at once, each has its part of the time. Where nothing was seen it counts as before the first call or tool (a program that
 * starts, and loads what it needs), after the last one, or as unknown.
 */
export function otherTime(waits: readonly Wait[], seen: readonly Draft[]): Record<OtherPart, Milliseconds> {
  const time = { cpu: 0, sleep: 0, backoff: 0, lock: 0, socket: 0, file: 0, process: 0, input: 0, before: 0, after: 0, unknown: 0 };
  const isBusy = ({ llm, tool }: Wait): boolean => llm || tool;
  const begun = waits.find(isBusy)?.start ?? -Infinity;
  const done = waits.findLast(isBusy)?.end ?? Infinity;
  const edges = seen
    .filter(({ span, start, end }) => span.activity !== null && end > start)
    .flatMap(({ span, start, end }) => [
      { at: start, activity: span.activity ?? 'cpu', count: 1 },
      { at: end, activity: span.activity ?? 'cpu', count: -1 },
    ])
    .sort((a, b) => a.at - b.at);
  const running = new Map<Activity, number>();
  let next = 0;
  const spend = (from: Milliseconds, to: Milliseconds): void => {
    const ms = to - from;
    if (ms <= 0) return;
    const all = [...running].flatMap(([activity, count]) => (count > 0 ? [activity] : []));
    // Who waits for a lock, mostly waits for what else goes on.
    const current = all.length > 1 ? all.filter((activity) => activity !== 'lock') : all;
    if (current.length === 0) time[to <= begun ? 'before' : from >= done ? 'after' : 'unknown'] += ms;
    for (const activity of current) time[activity] += ms / current.length;
  };
  for (const { start, end, llm, tool } of waits) {
    if (llm || tool) continue;
    let at = start;
    for (let edge = edges[next]; edge !== undefined && edge.at < end; edge = edges[++next]) {
      if (edge.at > at) {
        spend(at, edge.at);
        at = edge.at;
      }
      running.set(edge.activity, (running.get(edge.activity) ?? 0) + edge.count);
    }
    spend(at, end);
  }
  for (const activity of Object.keys(time) as (keyof typeof time)[]) time[activity] = tidy(time[activity]);
  return time;
}

/** What the agent was doing at each moment: waiting for a model, running tools, both, or neither; and what it did then. */
import type { Activity } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import { ancestors, type Draft } from './drafts.ts';
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
  waitingFor: () => readonly Draft[];
}

interface Edge {
  at: Milliseconds;
  draft: Draft;
  starts: boolean;
}

/** What runs at a moment. */
interface Running {
  calls: Set<Draft>;
  tools: Set<Draft>;
  functions: Set<Draft>;
  /** How much of the same sort runs somewhere inside each tool, and inside each function. */
  inside: Map<Draft, number>;
}

/** Contiguous stretches over [0, wallMs]. `functions`: what the program did itself; the others are calls and tools. */
export function findWaits(drafts: readonly Draft[], functions: readonly Draft[], wallMs: Milliseconds): Wait[] {
  const own = new Set(functions);
  const relevant = drafts.filter((draft) => (draft.span.kind === 'llm' || draft.span.kind === 'tool' || own.has(draft)) && draft.end > draft.start);
  const around = ancestors(drafts);
  const edges: Edge[] = [];
  for (const draft of relevant) edges.push({ at: draft.start, draft, starts: true }, { at: draft.end, draft, starts: false });
  edges.sort((a, b) => a.at - b.at);
  const replay = new Replay<Running, Edge>(
    edges,
    () => ({ calls: new Set(), tools: new Set(), functions: new Set(), inside: new Map() }),
    ({ calls, tools, functions: running, inside }, { draft, starts }) => {
      const set = draft.span.kind === 'llm' ? calls : draft.span.kind === 'tool' ? tools : running;
      if (starts) set.add(draft);
      else set.delete(draft);
      if (draft.span.kind === 'llm') return;
      for (const outer of around(draft)) {
        if (outer.span.kind === draft.span.kind) inside.set(outer, (inside.get(outer) ?? 0) + (starts ? 1 : -1));
      }
    },
  );
  const waits: Wait[] = [];
  let from = 0;
  const close = (until: Milliseconds, edge: number): void => {
    if (until <= from) return;
    const { calls, tools } = replay.after(edge);
    waits.push({ start: from, end: until, llm: calls.size > 0, tool: tools.size > 0, waitingFor: () => waitedFor(replay.after(edge)) });
    from = until;
  };
  edges.forEach(({ at }, edge) => close(at, edge));
  close(wallMs, edges.length);
  return waits;
}

function waitedFor({ calls, tools, functions, inside }: Running): Draft[] {
  const innermost = (all: ReadonlySet<Draft>): Draft[] => [...all].filter((draft) => (inside.get(draft) ?? 0) === 0);
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
 * went on at once, each has its part of the time.
 */
export function otherTime(waits: readonly Wait[], seen: readonly Draft[]): Record<Activity | 'unknown', Milliseconds> {
  const time = { cpu: 0, sleep: 0, backoff: 0, lock: 0, socket: 0, file: 0, process: 0, input: 0, unknown: 0 };
  const edges = seen
    .filter(({ span, start, end }) => span.activity !== null && end > start)
    .flatMap(({ span, start, end }) => [
      { at: start, activity: span.activity ?? 'cpu', count: 1 },
      { at: end, activity: span.activity ?? 'cpu', count: -1 },
    ])
    .sort((a, b) => a.at - b.at);
  const running = new Map<Activity, number>();
  let next = 0;
  const spend = (ms: Milliseconds): void => {
    if (ms <= 0) return;
    const current = [...running].flatMap(([activity, count]) => (count > 0 ? [activity] : []));
    if (current.length === 0) time.unknown += ms;
    for (const activity of current) time[activity] += ms / current.length;
  };
  for (const { start, end, llm, tool } of waits) {
    if (llm || tool) continue;
    let at = start;
    for (let edge = edges[next]; edge !== undefined && edge.at < end; edge = edges[++next]) {
      if (edge.at > at) {
        spend(edge.at - at);
        at = edge.at;
      }
      running.set(edge.activity, (running.get(edge.activity) ?? 0) + edge.count);
    }
    spend(end - at);
  }
  for (const activity of Object.keys(time) as (keyof typeof time)[]) time[activity] = tidy(time[activity]);
  return time;
}

/** What the agent was doing at each moment: waiting for a model, running tools, both, or neither. */
import type { Milliseconds } from '../profile/units.ts';
import type { Draft } from './drafts.ts';
import { tidy } from './statistics.ts';

/** A stretch in which the same calls and tools ran. */
export interface Wait {
  start: Milliseconds;
  end: Milliseconds;
  llm: boolean;
  tool: boolean;
  /** Tools that run and have no running tool inside them; else the LLM calls in flight; else nothing. In order of start. */
  waitingFor: readonly Draft[];
}

interface Edge {
  at: Milliseconds;
  draft: Draft;
  starts: boolean;
}

/** Contiguous stretches over [0, wallMs]. `above`: the nearest tool around each span. */
export function findWaits(drafts: readonly Draft[], above: ReadonlyMap<string, Draft>, wallMs: Milliseconds): Wait[] {
  const relevant = drafts.filter((draft) => (draft.span.kind === 'llm' || draft.span.kind === 'tool') && draft.end > draft.start);
  const edges: Edge[] = [];
  for (const draft of relevant) edges.push({ at: draft.start, draft, starts: true }, { at: draft.end, draft, starts: false });
  edges.sort((a, b) => a.at - b.at);
  const calls = new Set<Draft>();
  const tools = new Set<Draft>();
  /** Running tools somewhere inside each tool. */
  const inside = new Map<Draft, number>();
  const waits: Wait[] = [];
  let from = 0;
  const close = (until: Milliseconds): void => {
    if (until <= from) return;
    const innermost = [...tools].filter((tool) => (inside.get(tool) ?? 0) === 0);
    waits.push({ start: from, end: until, llm: calls.size > 0, tool: tools.size > 0, waitingFor: innermost.length > 0 ? innermost : [...calls] });
    from = until;
  };
  for (const { at, draft, starts } of edges) {
    close(at);
    const running = draft.span.kind === 'llm' ? calls : tools;
    if (starts) running.add(draft);
    else running.delete(draft);
    if (draft.span.kind !== 'tool') continue;
    for (let outer = above.get(draft.span.id); outer !== undefined; outer = above.get(outer.span.id)) {
      inside.set(outer, (inside.get(outer) ?? 0) + (starts ? 1 : -1));
    }
  }
  close(wallMs);
  return waits;
}

/** Sums to the length of all waits together. */
export function agentTime(waits: readonly Wait[]): { llm: number; tool: number; overlap: number; other: number } {
  const time = { llm: 0, tool: 0, overlap: 0, other: 0 };
  for (const { start, end, llm, tool } of waits) time[llm ? (tool ? 'overlap' : 'llm') : tool ? 'tool' : 'other'] += end - start;
  return { llm: tidy(time.llm), tool: tidy(time.tool), overlap: tidy(time.overlap), other: tidy(time.other) };
}

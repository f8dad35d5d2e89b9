/**
 * In which of a framework's agents and steps something was sampled. Who looks at a thread from outside is not told by it: it is known by
 * the thread, the time, and the callers, where no other agent comes into question.
 */
import type { Site } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { Draft } from './drafts.ts';
import { setParent, type Drafts } from './draftTree.ts';
import { groupBy } from './grouping.ts';
import { OverlapIndex } from './overlapIndex.ts';
import { isServedRequest } from './servedRequests.ts';

/** Less of a stretch on the one side of an agent's border is the inexactness of samples. */
const EDGE: Milliseconds = 10;

/** Sets the parents of stretches that have none, cut where agents and steps begin and end. `hooks`: all else that hooks saw. */
export function putIntoAgents(sampled: readonly Draft[], hooks: readonly Draft[], drafts: Drafts): readonly Draft[] {
  const agents = hooks.filter((draft) => (draft.span.kind === 'agent' || draft.span.kind === 'step') && draft.span.frames.length > 0 && !isServedRequest(draft));
  if (agents.length === 0) return sampled;
  const byThread = new Map([...groupBy(agents, threadOf)].map(([thread, each]) => [thread, new OverlapIndex(each)]));
  return sampled.flatMap((draft) => {
    if (draft.span.parent !== null) return [draft];
    const around = byThread.get(threadOf(draft))?.overlapping(draft).filter(({ span }) => isWithin(draft.span.frames, span.frames)) ?? [];
    if (around.length === 0) return [draft];
    return cut(draft, around).map((piece) => {
      const middle = (piece.start + piece.end) / 2;
      const home = innermost(around.filter(({ start, end }) => start <= middle && end >= middle), drafts);
      if (home !== null) setParent(piece, home);
      return piece;
    });
  });
}

function threadOf({ span }: Draft): string {
  return `${span.pid}\n${span.thread}`;
}

/** Whether a stack has, outermost, the functions from which an agent was begun. */
function isWithin(frames: readonly Site[], outer: readonly Site[]): boolean {
  const shift = frames.length - outer.length;
  return shift >= 0 && outer.every((site, index) => site.function === frames[index + shift]?.function && site.file === frames[index + shift]?.file);
}

function cut(draft: Draft, around: readonly Draft[]): Draft[] {
  const edges = around.flatMap(({ start, end }) => [start, end]).sort((a, b) => a - b);
  const pieces: Draft[] = [];
  let from = draft.start;
  for (const edge of edges) {
    if (edge - from <= EDGE || draft.end - edge <= EDGE) continue;
    pieces.push(part(draft, from, edge));
    from = edge;
  }
  return pieces.length === 0 ? [draft] : [...pieces, part(draft, from, draft.end)];
}

/** A part of a stretch, as a stretch. */
export function part(draft: Draft, start: Milliseconds, end: Milliseconds): Draft {
  return { ...draft, start, end, span: { ...draft.span, startMs: start, endMs: draft.span.endMs === null ? null : end } };
}

/** The innermost of those around a moment that are inside of each other; of several side by side none, but what is around them. */
function innermost(around: readonly Draft[], drafts: Drafts): Draft | null {
  const chains = around.map((draft) => {
    const chain = new Set<Draft>();
    for (let at: Draft | null = draft; at !== null && !chain.has(at); at = drafts.outerOf(at)) chain.add(at);
    return chain;
  });
  let home: Draft | null = null;
  let depth = 0;
  around.forEach((draft, index) => {
    const inner = chains[index]!;
    const isAlone = around.every((other, place) => inner.has(other) || chains[place]!.has(draft));
    if (isAlone && inner.size > depth) [home, depth] = [draft, inner.size];
  });
  return home;
}

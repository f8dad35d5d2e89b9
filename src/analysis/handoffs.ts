/**
 * Agents that hand a task over to one another: to a framework each of them is an agent of its own, and to who gave it the task they
 * are one request.
 */
import type { Milliseconds } from '../profile/units.ts';
import type { Draft } from './drafts.ts';
import { setParent, type Drafts } from './draftTree.ts';
import { spanAround } from './requestSteps.ts';

const CLOCK_SKEW: Milliseconds = 5;
const LONGEST_NAME = 80;

/**
 * Puts agents at the top that were handed a task over by others at the top into one span with these; returns these spans. A handoff
 * answers a tool call of a model's: the next agent is the first to tell its model of that answer.
 */
export function joinHandoffs(hooks: readonly Draft[], calls: readonly Draft[], drafts: Drafts): Draft[] {
  const givers = new Map<string, Draft | null>();
  for (const draft of hooks) {
    const { start } = draft.hook ?? {};
    if (start?.kind !== 'other' || start.source !== 'framework' || start.callId === null) continue;
    // Some servers number their tool calls anew in every answer.
    givers.set(start.callId, givers.has(start.callId) ? null : topAgentAround(draft, drafts));
  }
  if (givers.size === 0) return [];
  const chains = new Map<Draft, Draft[]>();
  for (const call of [...calls].sort((a, b) => a.start - b.start)) {
    for (const { callId } of call.call?.start.request.toolResults ?? []) {
      const giver = givers.get(callId) ?? null;
      if (giver === null) continue;
      // Later prompts have it in their history.
      givers.delete(callId);
      const taker = topAgentAround(call, drafts);
      if (taker === null || taker === giver || chains.has(taker) || taker.start < giver.end - CLOCK_SKEW) continue;
      const chain = chains.get(giver) ?? [giver];
      chain.push(taker);
      chains.set(giver, chain).set(taker, chain);
    }
  }
  return [...new Set(chains.values())].map((chain) => {
    const [first] = chain;
    const name = chain.map(({ span }) => span.name).join(' → ');
    const request = spanAround(drafts, 'agent', `handoffs:${first?.span.id}`, name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1)}…`, null, chain);
    if (first !== undefined && first.span.site !== null) Object.assign(request.span, { site: first.span.site, frames: first.span.frames, unattributed: null });
    for (const agent of chain) setParent(agent, request);
    return request;
  });
}

/** The outermost span around a draft, where that is an agent. */
function topAgentAround(draft: Draft, drafts: Drafts): Draft | null {
  let top = draft;
  for (let at = drafts.outerOf(draft); at !== null; at = drafts.outerOf(at)) top = at;
  return top.span.kind === 'agent' ? top : null;
}

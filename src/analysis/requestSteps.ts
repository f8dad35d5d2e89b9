/** What is inside of a request: its steps (a call and the tools after it), and conversations that go on at once, each with its own. */
import * as l10n from '@vscode/l10n';
import type { Milliseconds } from '../profile/units.ts';
import { hasHashes, type Conversations } from './conversations.ts';
import { inferredDraft, type Draft } from './drafts.ts';
import { setParent, type Drafts } from './draftTree.ts';
import { groupBy } from './grouping.ts';

const LONGEST_NAME = 80;
const CLOCK_SKEW: Milliseconds = 5;
const NO_SITE = l10n.t('Inferred from the calls in it; it has no line of its own.');

/** What belongs to a request. */
export interface Task {
  calls: Draft[];
  /** Sent by the agent, in no order; tools whose request is known are added. */
  tools: Draft[];
}

/** Sets the parents of what belongs to a request. `agent`: the request's span; `stepName` names
 * the step of a number, from 1. Returns the spans made for that. */
export function buildSteps(task: Task, agent: Draft, conversations: Conversations, stepName: (number: number) => string, drafts: Drafts): { branches: Draft[]; steps: Draft[] } {
  const thinking = task.calls.filter((call) => call.call?.start.endpoint !== 'embeddings');
  const toolsOf = new Map<Draft, Draft[]>(thinking.map((call) => [call, []]));
  const atOnce = conversationsAtOnce(thinking, conversations);
  const ownerOf = ownerIndex(thinking, conversations, new Set(atOnce.flat()));
  for (const tool of task.tools) {
    const owner = ownerOf(tool);
    if (owner === null) setParent(tool, agent);
    else toolsOf.get(owner)?.push(tool);
  }
  for (const call of task.calls) if (!toolsOf.has(call)) setParent(call, agent);
  const branches: Draft[] = [];
  const branchOf = new Map<Draft, Draft>();
  for (const calls of atOnce) {
    const [head] = calls;
    const name = nameOf(head) ?? l10n.t`conversation ${branches.length + 1}`;
    const branch = spanAround(drafts, 'agent', `${agent.span.id}/${head?.span.id}`, name, agent.span.id, calls.flatMap((call) => [call, ...(toolsOf.get(call) ?? [])]));
    branches.push(branch);
    for (const call of calls) branchOf.set(call, branch);
  }
  const counts = new Map<Draft, number>();
  const steps = thinking.map((call) => {
    const home = branchOf.get(call) ?? agent;
    const number = (counts.get(home) ?? 0) + 1;
    counts.set(home, number);
    const parts = [call, ...(toolsOf.get(call) ?? [])];
    const step = spanAround(drafts, 'step', `step:${call.span.id}`, stepName(number), home.span.id, parts);
    for (const part of parts) setParent(part, step);
    return step;
  });
  return { branches, steps };
}

/** Conversations of several calls that overlap with another such one; each in order of start, as `calls` are. */
function conversationsAtOnce(calls: readonly Draft[], { headOf }: Conversations): Draft[][] {
  const chains = [...groupBy(calls.filter(hasHashes), (call) => headOf.get(call) ?? call).values()].filter((chain) => chain.length > 1);
  const extents = chains.map((chain) => ({ chain, start: chain[0]?.start ?? 0, end: chain.reduce((latest, { end }) => Math.max(latest, end), 0) })).sort((a, b) => a.start - b.start);
  const found: Draft[][] = [];
  let latestEnd = -Infinity;
  extents.forEach(({ chain, start, end }, index) => {
    const next = extents[index + 1];
    if (start < latestEnd || (next !== undefined && next.start < end)) found.push(chain);
    latestEnd = Math.max(latestEnd, end);
  });
  return found;
}

/**
 * Finds the call in whose step a tool is: that which asked for it; that which it came after, where the conversation went on after it; else
 * by time. After the last answer of conversations at once (`atOnce`: their calls) it may be what waited for all of them: in no step.
 */
function ownerIndex(calls: readonly Draft[], { continuationOf }: Conversations, atOnce: ReadonlySet<Draft>): (tool: Draft) => Draft | null {
  const known = new Set(calls);
  const byTag = new Map<string, Draft>();
  for (const call of calls) if (call.call?.start.tag !== undefined) byTag.set(call.call.start.tag, call);
  const wentOnAt = new Map<Draft, Milliseconds>();
  for (const call of calls) {
    const before = continuationOf.get(call);
    if (before !== undefined) wentOnAt.set(before, Math.max(wentOnAt.get(before) ?? 0, call.start));
  }
  const latestEnd = inFlightIndex(calls);
  return (tool) => {
    if (tool.issuer !== null && known.has(tool.issuer)) return tool.issuer;
    const before = byTag.get(tool.hook?.start.after ?? '');
    const isWithin = (call: Draft): boolean => tool.start <= (wentOnAt.get(call) ?? -Infinity);
    if (before !== undefined && isWithin(before)) return before;
    const latest = latestEnd(tool.start);
    return latest !== null && atOnce.has(latest) && !isWithin(latest) ? null : latest;
  };
}

/** Finds the call after which a tool ran: the last to end before it, unless another was in flight just then. */
function inFlightIndex(calls: readonly Draft[]): (at: Milliseconds) => Draft | null {
  const ends = [...calls].sort((a, b) => a.end - b.end);
  const starts = calls.map((call) => call.start).sort((a, b) => a - b);
  return (at) => {
    const ended = countUpTo(ends.length, (index) => (ends[index]?.end ?? 0) <= at + CLOCK_SKEW);
    const started = countUpTo(starts.length, (index) => (starts[index] ?? 0) < at);
    return started > ended ? null : (ends[ended - 1] ?? null);
  };
}

/** How many leading indexes fulfil a condition that is true up to some place and false from there on. */
export function countUpTo(length: number, fulfils: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (fulfils(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A request, a branch or a step: as long as its parts. */
export function spanAround(drafts: Drafts, kind: 'agent' | 'step', id: string, name: string, parent: string | null, parts: readonly Draft[]): Draft {
  let start = Infinity;
  let end = 0;
  for (const part of parts) {
    start = Math.min(start, part.start);
    end = Math.max(end, part.end);
  }
  const draft = inferredDraft(drafts, { id, parent, kind, name, unattributed: NO_SITE, tool: null }, start, end);
  if (parts.some((part) => part.span.endMs === null)) draft.span.endMs = null;
  if (parts.some((part) => part.span.status === 'incomplete')) draft.span.status = 'incomplete';
  draft.span.pid = parts[0]?.span.pid ?? null;
  draft.span.thread = parts[0]?.span.thread ?? null;
  return draft;
}

/** The task that a conversation begins with; null where its text was not kept. */
export function nameOf(head: Draft | undefined): string | null {
  const messages = head?.call?.start.request.messages ?? [];
  const text = messages.findLast((message) => message.role === 'user')?.text?.slice(0, 1000).replace(/\s+/g, ' ').trim() ?? '';
  if (text === '') return null;
  return text.length <= LONGEST_NAME ? text : `${text.slice(0, LONGEST_NAME - 1).trimEnd()}…`;
}

/**
 * Groups calls and tools into requests (one task given to the agent) and steps (a call and the tools after it).
 *
 * A wrong split or join is worse than none: several requests are told apart only where the same kind of
 * conversation starts anew with another last message, and conversations are seen to go on; or where a function that leads
 * to all calls was measured to run several times. Else the whole run is one.
 */
import * as l10n from '@vscode/l10n';
import type { Evidence, Site } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import { hasHashes, type Conversations } from './conversations.ts';
import { inferredDraft, type Draft } from './drafts.ts';
import { PerDraft, setParent, type Drafts } from './draftTree.ts';
import { groupBy, keyBySite } from './grouping.ts';

const LONGEST_NAME = 80;
const CLOCK_SKEW: Milliseconds = 5;
const NO_SITE = l10n.t('Inferred from the calls in it; it has no line of its own.');

export interface Requests {
  agents: Draft[];
  steps: Draft[];
  count: number;
  evidence: Evidence;
}

interface Group {
  calls: Draft[];
  /** Sent by the agent, in no order; tools whose group is known are added. */
  tools: Draft[];
  name: string | null;
  /** The function's run that it is, where one was measured. */
  run?: Draft;
}

export interface RequestInput {
  calls: readonly Draft[];
  tools: readonly Draft[];
  /** What the program did itself, beside its tools. */
  functions: readonly Draft[];
  /** What hooks saw besides: a framework's agents among it. */
  hooks: readonly Draft[];
  conversations: Conversations;
  /** Functions in which models were called. */
  carriers: readonly Draft[];
}

/** Sets the parents of top-level calls, tools and functions; returns the spans made for that. */
export function findRequests({ calls, tools, functions, hooks, conversations, carriers }: RequestInput, drafts: Drafts): Requests {
  const measured = hooks.filter((draft) => draft.span.kind === 'agent');
  if (measured.length > 0) {
    const count = measured.filter((draft) => draft.span.parent === null).length;
    return { agents: [], steps: [], count, evidence: 'measured' };
  }
  const topCalls = calls.filter((draft) => draft.span.parent === null);
  const topTools = [...tools, ...functions].filter((draft) => draft.span.parent === null).sort((a, b) => a.start - b.start);
  if (topCalls.length === 0) return { agents: [], steps: [], count: 0, evidence: 'inferred' };
  const groups = splitCalls(topCalls, conversations) ?? splitByFunction(topCalls, carriers, drafts) ?? [{ calls: topCalls, tools: [], name: nameOf(topCalls[0]) }];
  placeTools(groups, topTools, drafts);
  const agents: Draft[] = [];
  const steps: Draft[] = [];
  const names: string[] = [];
  const stepName = (index: number): string => (names[index] ??= l10n.t`step ${index + 1}`);
  groups.forEach((group, index) => {
    const agent = spanAround(drafts, 'agent', `request:${index + 1}`, group.name ?? l10n.t`request ${index + 1}`, null, [...group.calls, ...group.tools]);
    agents.push(agent);
    steps.push(...buildSteps(group, agent, stepName, drafts));
  });
  return { agents, steps, count: agents.length, evidence: 'inferred' };
}

/** One group for each request, or null when the calls do not say. */
function splitCalls(calls: readonly Draft[], { headOf, continuationOf }: Conversations): Group[] | null {
  const chat = calls.filter((draft) => draft.call?.start.endpoint === 'chat' || draft.call?.start.endpoint === 'completions');
  const first = chat[0];
  if (first === undefined || !chat.every(hasHashes)) return null;
  const template = templateOf(first);
  if (template === null) return null;
  const groups = new Map<string, Group>();
  const groupOfHead = new Map<Draft, Group>();
  for (const call of chat) {
    const head = headOf.get(call) ?? call;
    if (templateOf(head) !== template) continue;
    const task = head.call?.start.request.messages.at(-1)?.hash ?? '';
    let group = groups.get(task);
    if (group === undefined) {
      group = { calls: [], tools: [], name: nameOf(head) };
      groups.set(task, group);
    }
    groupOfHead.set(head, group);
    group.calls.push(call);
  }
  const list = [...groups.values()];
  const goingOn = list.filter((group) => group.calls.some((call) => continuationOf.has(call)));
  if (list.length < 2 || goingOn.length * 2 < list.length) return null;
  const others = calls.filter((call) => !groupOfHead.has(headOf.get(call) ?? call));
  if (others.length > 0 && !placeByTime(list, others)) return null;
  for (const group of list) group.calls.sort((a, b) => a.start - b.start);
  return list;
}

/**
 * One group for each run of the outermost function that ran several times and leads to every call; null when there is none.
 *
 * Functions are measured from the first answer on, so that the very first run may not be: then all calls that are in no run began
 * before the runs did, one after the other, and came through that function too.
 */
function splitByFunction(calls: readonly Draft[], carriers: readonly Draft[], drafts: Drafts): Group[] | null {
  const keyOf = keyBySite((pid, site) => `${pid}\n${site?.file}\n${site?.function}`);
  const byFunction = groupBy([...carriers].sort((a, b) => a.start - b.start), ({ span }) => keyOf(span));
  let best: { depth: number; groups: Group[] } | null = null;
  for (const runs of byFunction.values()) {
    const [first] = runs;
    const site = first?.span.site ?? null;
    if (first === undefined || site === null) continue;
    const depth = first.span.frames.length;
    if (best !== null && depth >= best.depth) continue;
    const groups = groupsOfRuns(calls, runs, site, drafts);
    if (groups !== null && groups.length > 1) best = { depth, groups };
  }
  return best?.groups ?? null;
}

function groupsOfRuns(calls: readonly Draft[], runs: readonly Draft[], site: Site, drafts: Drafts): Group[] | null {
  const groups = runs.map((run): Group => ({ calls: [], tools: [], name: null, run }));
  const early: Draft[] = [];
  /** Frames that are known to lead through the function: calls that came the same way share them. */
  let through: readonly Site[] | null = null;
  const homeOf = firstAround(runs, drafts);
  for (const call of calls) {
    if (call.span.frames !== through && !call.span.frames.some((frame) => frame.file === site.file && frame.function === site.function)) return null;
    through = call.span.frames;
    // Of a function that calls itself the outermost run: they are in order of start.
    const home = homeOf(call);
    (home === -1 ? early : groups[home]?.calls)?.push(call);
  }
  const begun = runs[0]?.start ?? Infinity;
  if (early.some((call) => call.end > begun + CLOCK_SKEW) || !oneAfterTheOther(early)) return null;
  const all = early.length === 0 ? groups : [{ calls: early, tools: [], name: null }, ...groups];
  const found = all.filter((group) => group.calls.length > 0);
  for (const group of found) group.name = nameOf(group.calls[0]);
  return found;
}

/** Finds the place of the first of these runs that was recorded as running around a draft, or -1: a look-up for each one around, however many runs there are. */
function firstAround(runs: readonly (Draft | null)[], drafts: Drafts): (draft: Draft) => number {
  const places = new Int32Array(drafts.size).fill(-1);
  runs.forEach((run, place) => {
    if (run !== null && run.hookIndex >= 0 && places[run.hookIndex] === -1) places[run.hookIndex] = place;
  });
  return (draft) => {
    let first = Infinity;
    /** What a recording names may be a circle: then this is come by again (Brent's way to find one). */
    let mark: Draft | null = null;
    let steps = 0;
    for (let at = draft.recorded; at !== null && at !== mark; at = at.recorded) {
      const place = places[at.hookIndex] as number;
      if (place !== -1) first = Math.min(first, place);
      if ((steps & (steps - 1)) === 0) mark = at;
      steps++;
    }
    return first === Infinity ? -1 : first;
  };
}

function oneAfterTheOther(calls: readonly Draft[]): boolean {
  return calls.every((call, index) => index === 0 || call.start >= (calls[index - 1]?.end ?? 0) - CLOCK_SKEW);
}

/** Calls of another kind (a planner, an embedding) belong to the request that was running, if only one ever was. */
function placeByTime(groups: readonly Group[], others: readonly Draft[]): boolean {
  if (!oneAtATime(groups)) return false;
  for (const call of others) {
    const home = groups.findLast((group) => (group.calls[0]?.start ?? Infinity) <= call.start);
    if (home === undefined) return false;
    home.calls.push(call);
  }
  return true;
}

function oneAtATime(groups: readonly Group[]): boolean {
  return groups.every((group, index) => {
    const next = groups[index + 1]?.calls[0];
    return next === undefined || group.calls.every((call) => call.end <= next.start);
  });
}

/** What a conversation's first prompt looks like but for its last message, which has to be the user's. */
function templateOf(head: Draft): string | null {
  const request = head.call?.start.request;
  const last = request?.messages.at(-1);
  if (request === undefined || last?.role !== 'user') return null;
  return JSON.stringify([head.call?.start.model, request.tools, request.messages.slice(0, -1).map((message) => [message.role, message.hash])]);
}

function nameOf(head: Draft | undefined): string | null {
  const messages = head?.call?.start.request.messages ?? [];
  const text = messages.findLast((message) => message.role === 'user')?.text?.slice(0, 1000).replace(/\s+/g, ' ').trim() ?? '';
  if (text === '') return null;
  return text.length <= LONGEST_NAME ? text : `${text.slice(0, LONGEST_NAME - 1).trimEnd()}…`;
}

function placeTools(groups: readonly Group[], tools: readonly Draft[], drafts: Drafts): void {
  const groupOf = new PerDraft<Group>(drafts);
  for (const group of groups) for (const call of group.calls) groupOf.set(call, group);
  const [only] = groups;
  const sequential = oneAtATime(groups);
  const homeOf = firstAround(groups.map(({ run }) => run ?? null), drafts);
  for (const tool of tools) {
    const asked = tool.issuer === null ? groups[homeOf(tool)] : groupOf.get(tool.issuer);
    if (asked !== undefined) asked.tools.push(tool);
    else if (groups.length === 1) only?.tools.push(tool);
    else if (sequential) {
      // Between two requests it is either's; only within one it is certain.
      const begun = countUpTo(groups.length, (index) => (groups[index]?.calls[0]?.start ?? Infinity) <= tool.start);
      groups.slice(Math.max(0, begun - 2), begun).find((group) => tool.start <= (group.calls.at(-1)?.end ?? 0))?.tools.push(tool);
    }
  }
}

function buildSteps(group: Group, agent: Draft, stepName: (index: number) => string, drafts: Drafts): Draft[] {
  const thinking = group.calls.filter((call) => call.call?.start.endpoint !== 'embeddings');
  const toolsOf = new Map<Draft, Draft[]>(thinking.map((call) => [call, []]));
  const latestEnd = inFlightIndex(thinking);
  for (const tool of group.tools) {
    const owner = tool.issuer !== null && toolsOf.has(tool.issuer) ? tool.issuer : latestEnd(tool.start);
    if (owner === null) setParent(tool, agent);
    else toolsOf.get(owner)?.push(tool);
  }
  for (const call of group.calls) if (!toolsOf.has(call)) setParent(call, agent);
  return thinking.map((call, index) => {
    const parts = [call, ...(toolsOf.get(call) ?? [])];
    const step = spanAround(drafts, 'step', `step:${call.span.id}`, stepName(index), agent.span.id, parts);
    for (const part of parts) setParent(part, step);
    return step;
  });
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
function countUpTo(length: number, fulfils: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (fulfils(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function spanAround(drafts: Drafts, kind: 'agent' | 'step', id: string, name: string, parent: string | null, parts: readonly Draft[]): Draft {
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

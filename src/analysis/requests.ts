/**
 * Groups calls and tools into requests (one task given to the agent) and steps (a call and the tools after it).
 *
 * A wrong split or join is worse than none: several requests are told apart only where the same kind of
 * conversation starts anew with another last message, and conversations are seen to go on; or where a function that leads
 * to all calls was measured to run several times. Else the whole run is one.
 */
import * as l10n from '@vscode/l10n';
import type { Endpoint, Evidence, Site } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import { hasHashes, type Conversations } from './conversations.ts';
import type { Draft } from './drafts.ts';
import { PerDraft, setParent, type Drafts } from './draftTree.ts';
import { groupBy, keyBySite } from './grouping.ts';
import { joinHandoffs } from './handoffs.ts';
import { buildSteps, countUpTo, nameOf, spanAround, type Task } from './requestSteps.ts';
import { isServedRequest } from './servedRequests.ts';

const CLOCK_SKEW: Milliseconds = 5;

/** What has messages that go on. */
const CONVERSATIONS: ReadonlySet<Endpoint> = new Set<Endpoint>(['chat', 'completions', 'responses', 'messages', 'ollama', 'llamacpp']);

export interface Requests {
  /** The requests, and the conversations that go on at once in one of them. */
  agents: Draft[];
  steps: Draft[];
  count: number;
  evidence: Evidence;
}

interface Group extends Task {
  name: string | null;
  /** The function's run that it is, where one was measured. */
  run?: Draft;
  /** The span of the HTTP request that the program answered. */
  answer?: Draft;
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
  const served = measured.filter(isServedRequest);
  const handedOver = joinHandoffs(hooks, calls, drafts);
  const count = [...measured, ...handedOver].filter((draft) => draft.span.parent === null || (isServedRequest(draft) && isOutermostAgent(draft, drafts))).length;
  if (measured.length > served.length) {
    const tops = [...measured, ...handedOver].filter((draft) => draft.span.parent === null);
    const found = served.length > 0 ? null : (groupAgents(tops, { calls, tools, functions, carriers, conversations }, drafts) ?? besideAgents(tops, { calls, tools, conversations }, drafts));
    return found === null ? { agents: handedOver, steps: [], count, evidence: 'measured' } : { ...found, agents: [...handedOver, ...found.agents] };
  }
  const topCalls = calls.filter((draft) => draft.span.parent === null);
  const senders = outermostAround(served, drafts);
  const topTools = [...tools, ...functions].filter((draft) => draft.span.parent === null && !senders.has(draft)).sort((a, b) => a.start - b.start);
  if (topCalls.length === 0 && served.length === 0) return { agents: [], steps: [], count: 0, evidence: 'inferred' };
  const alone = topCalls.length === 0 ? [] : (splitCalls(topCalls, conversations) ?? splitByFunction(topCalls, carriers, conversations, drafts) ?? [{ calls: topCalls, tools: [], name: nameOf(topCalls[0]) }]);
  const answers = answered(served, calls, [...tools, ...functions]);
  placeTools([...answers, ...alone], topTools, tools, drafts);
  const agents: Draft[] = [];
  const steps: Draft[] = [];
  const names: string[] = [];
  const stepName = (number: number): string => (names[number] ??= l10n.t`step ${number}`);
  for (const group of answers) {
    const inside = buildSteps(group, group.answer, conversations, stepName, drafts);
    if (group.name !== null && inside.branches.length <= 1) group.answer.span.name = `${group.answer.span.name}: ${group.name}`;
    agents.push(...inside.branches);
    steps.push(...inside.steps);
  }
  alone.forEach((group, index) => {
    const agent = spanAround(drafts, 'agent', `request:${index + 1}`, group.name ?? l10n.t`request ${index + 1}`, null, [...group.calls, ...group.tools]);
    const inside = buildSteps(group, agent, conversations, stepName, drafts);
    // None of several conversations says what the whole is for.
    if (inside.branches.length > 1) agent.span.name = leadingToAll(group.calls) ?? l10n.t`request ${index + 1}`;
    agents.push(agent, ...inside.branches);
    steps.push(...inside.steps);
  });
  return { agents, steps, count: count + alone.length, evidence: alone.length === 0 ? 'measured' : 'inferred' };
}

/**
 * A framework's agents at the top (`tops`), and calls outside of them, as one request for each run of the function that leads to all of
 * them: what routes a question and the agent that answers it, or two agents one after the other. Null where there is no such function, or
 * each of its runs is an agent.
 */
function groupAgents(tops: readonly Draft[], { calls, tools, functions, carriers, conversations }: Omit<RequestInput, 'hooks'>, drafts: Drafts): Requests | null {
  const groups = splitByFunction(calls, carriers, conversations, drafts);
  if (groups === null) return null;
  const homes = new Map<Draft, Group>();
  for (const group of groups) {
    for (const call of group.calls) {
      const top = outermostOf(call, drafts);
      if ((homes.get(top) ?? group) !== group) return null;
      homes.set(top, group);
    }
  }
  const members = groupBy(homes.keys(), (top) => homes.get(top));
  const isAgent = (some: readonly Draft[]): boolean => some.length === 1 && some[0]?.span.kind === 'agent';
  if ([...members.values()].every(isAgent)) return null;
  placeTools(groups, [...tools, ...functions].filter((draft) => draft.span.parent === null && !homes.has(draft)), tools, drafts);
  const agents: Draft[] = [];
  for (const [group, inside] of members) {
    if (group === undefined || (isAgent(inside) && group.tools.length === 0)) continue;
    const name = group.name ?? l10n.t`request ${agents.length + 1}`;
    const request = spanAround(drafts, 'agent', `request:${agents.length + 1}`, name, null, [...inside, ...group.tools]);
    for (const draft of [...inside, ...group.tools]) setParent(draft, request);
    agents.push(request);
  }
  return { agents, steps: [], count: members.size + tops.filter((agent) => !homes.has(agent)).length, evidence: 'inferred' };
}

/** Conversations of calls outside of a framework's agents, and not at the same time, that go on are requests of their own, with the agents that work in their steps. Null where there are none. */
function besideAgents(tops: readonly Draft[], { calls, tools, conversations }: Pick<RequestInput, 'calls' | 'tools' | 'conversations'>, drafts: Drafts): Requests | null {
  const { headOf, continuationOf } = conversations;
  const outside = calls.filter((call) => call.span.parent === null && hasHashes(call));
  // One during an agent may be that agent's, of which the hooks lost sight.
  const isDuring = (call: Draft): boolean => tops.some((agent) => agent.start < call.end && agent.end > call.start);
  const going = [...groupBy(outside, (call) => headOf.get(call) ?? call).values()].filter((chain) => chain.some((call) => continuationOf.has(call)) && !chain.some(isDuring));
  if (going.length === 0) return null;
  const agents: Draft[] = [];
  const steps: Draft[] = [];
  for (const chain of going) {
    const known = new Set(chain);
    const asked = tools.filter((tool) => tool.span.parent === null && tool.issuer !== null && known.has(tool.issuer));
    const group: Task = { calls: chain, tools: [...asked, ...tops.filter((agent) => isBetween(agent, chain))] };
    const request = spanAround(drafts, 'agent', `request:${agents.length + 1}`, nameOf(chain[0]) ?? l10n.t`request ${agents.length + 1}`, null, [...chain, ...group.tools]);
    const inside = buildSteps(group, request, conversations, (number) => l10n.t`step ${number}`, drafts);
    agents.push(request, ...inside.branches);
    steps.push(...inside.steps);
  }
  return { agents, steps, count: going.length + tops.filter((agent) => agent.span.parent === null).length, evidence: 'inferred' };
}

/** Whether it began after one of these calls, in the program's own course, and before the next. */
function isBetween({ hook, start }: Draft, chain: readonly Draft[]): boolean {
  const place = chain.findIndex((call) => call.call?.start.tag !== undefined && call.call.start.tag === hook?.start.after);
  return place !== -1 && start <= (chain[place + 1]?.start ?? -Infinity);
}

function outermostOf(draft: Draft, drafts: Drafts): Draft {
  let top = draft;
  for (let at = drafts.outerOf(draft); at !== null; at = drafts.outerOf(at)) top = at;
  return top;
}

/** What belongs to each HTTP request that the program answered, and to nothing inside of it. */
function answered(served: readonly Draft[], calls: readonly Draft[], others: readonly Draft[]): (Group & { answer: Draft })[] {
  const groups = new Map(served.map((answer) => [answer.span.id, { answer, calls: [] as Draft[], tools: [] as Draft[], name: null as string | null }]));
  for (const call of calls) groups.get(call.span.parent ?? '')?.calls.push(call);
  for (const other of others) groups.get(other.span.parent ?? '')?.tools.push(other);
  for (const group of groups.values()) {
    group.calls.sort((a, b) => a.start - b.start);
    group.name = nameOf(group.calls[0]);
  }
  return [...groups.values()];
}

/** What is around requests that the program answers: it sent them itself. */
function outermostAround(served: readonly Draft[], drafts: Drafts): ReadonlySet<Draft> {
  const found = new Set<Draft>();
  for (const request of served) {
    const top = outermostOf(request, drafts);
    if (top !== request) found.add(top);
  }
  return found;
}

function isOutermostAgent(agent: Draft, drafts: Drafts): boolean {
  for (let at = drafts.outerOf(agent); at !== null; at = drafts.outerOf(at)) if (at.span.kind === 'agent') return false;
  return true;
}

/** Name of the outermost function through which all calls came. */
function leadingToAll([first, ...others]: readonly Draft[]): string | null {
  const isIn = (call: Draft, { file, function: name }: Site): boolean => call.span.frames.some((frame) => frame.file === file && frame.function === name);
  const found = first?.span.frames.findLast((frame) => frame.function !== null && !frame.function.startsWith('<') && others.every((call) => isIn(call, frame)));
  return found?.function ?? null;
}

/** One group for each request, or null when the calls do not say. */
function splitCalls(calls: readonly Draft[], { headOf, continuationOf }: Conversations): Group[] | null {
  const chat = calls.filter((draft) => CONVERSATIONS.has(draft.call?.start.endpoint ?? 'opaque'));
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
 * One group for each run of the outermost function that ran several times and leads to every call; null when there is none. What is
 * embedded outside of it (documents, before the first question) is in no request.
 *
 * Functions are measured from the first answer on, so that the very first run may not be: then all calls that are in no run began
 * before the runs did, one after the other, and came through that function too.
 */
function splitByFunction(calls: readonly Draft[], carriers: readonly Draft[], conversations: Conversations, drafts: Drafts): Group[] | null {
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
    if (groups !== null && groups.length > 1 && !isOneTask(groups, conversations)) best = { depth, groups };
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
    if (call.span.frames !== through && !call.span.frames.some((frame) => frame.file === site.file && frame.function === site.function)) {
      if (call.call?.start.endpoint === 'embeddings') continue;
      return null;
    }
    through = call.span.frames;
    // Of a function that calls itself the outermost run: they are in order of start.
    const home = homeOf(call);
    (home === -1 ? early : groups[home]?.calls)?.push(call);
  }
  const begun = runs[0]?.start ?? Infinity;
  if (early.some((call) => call.end > begun + CLOCK_SKEW) || !oneAfterTheOther(early)) return null;
  const all = early.length === 0 ? groups : [{ calls: early, tools: [], name: null }, ...groups];
  const found = all.filter((group) => group.calls.length > 0);
  for (const group of found) group.name = group.calls.map(nameOf).find((name) => name !== null) ?? null;
  return found;
}

/** Whether a conversation goes on from one run to another, or a tool's result is handed over: then the runs are steps of a task. */
function isOneTask(groups: readonly Group[], { continuationOf }: Conversations): boolean {
  const homes = new Map<Draft, Group>();
  const askers = new Map<string, Group | null>();
  for (const group of groups) {
    for (const call of group.calls) {
      homes.set(call, group);
      // Some servers number their tool calls anew in every answer.
      for (const { callId } of call.call?.end?.toolCalls ?? []) askers.set(callId, askers.has(callId) ? null : group);
    }
  }
  for (const [call, home] of homes) {
    const before = continuationOf.get(call);
    if (before !== undefined && homes.get(before) !== home) return true;
    for (const { callId } of call.call?.start.request.toolResults ?? []) if ((askers.get(callId) ?? home) !== home) return true;
  }
  return false;
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

function oneAtATime(groups: readonly Pick<Calls, 'calls'>[]): boolean {
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

/**
 * Puts what ran beside the calls into its request: that of the call that asked for it, or for what is inside of it; of the function's
 * run around it; of the call that it came after in the program's own course; else by time, where one request ran after the other, in
 * the whole program or in its thread.
 */
function placeTools(groups: readonly Group[], top: readonly Draft[], tools: readonly Draft[], drafts: Drafts): void {
  const groupOf = new PerDraft<Group>(drafts);
  const byTag = new Map<string, Group>();
  for (const group of groups) {
    for (const call of group.calls) {
      groupOf.set(call, group);
      if (call.call?.start.tag !== undefined) byTag.set(call.call.start.tag, group);
    }
  }
  const only = groups.length === 1 ? groups[0] : undefined;
  const inside = askedInside(tools, groupOf, drafts);
  const homeOf = firstAround(groups.map(({ run }) => run ?? null), drafts);
  const during = lookUpByTime(groups.map((group) => ({ group, calls: group.calls })));
  const duringInThread = byThread(groups);
  for (const draft of top) {
    const asked = (draft.issuer === null ? undefined : groupOf.get(draft.issuer)) ?? inside.get(draft) ?? groups[homeOf(draft)];
    const before = byTag.get(draft.hook?.start.after ?? '');
    // What comes after a request's last call may be the next one's already.
    const after = before !== undefined && draft.start <= (before.calls.at(-1)?.start ?? -Infinity) ? before : undefined;
    const byTime = only ?? after ?? during(draft) ?? duringInThread.get(threadOf(draft))?.(draft);
    // What began in a request that the program answers is known, but for what was only seen on a stack.
    const home = asked ?? (byTime?.answer === undefined || draft.span.evidence === 'sampled' ? byTime : undefined);
    home?.tools.push(draft);
  }
}

/** For what stands at the top: the request whose calls asked for all the tools inside of it. */
function askedInside(tools: readonly Draft[], groupOf: PerDraft<Group>, drafts: Drafts): Map<Draft, Group | null> {
  const found = new Map<Draft, Group | null>();
  for (const tool of tools) {
    const group = tool.issuer === null ? undefined : groupOf.get(tool.issuer);
    if (group === undefined) continue;
    let top = tool;
    for (let outer = drafts.outerOf(top); outer !== null && outer !== group.answer; outer = drafts.outerOf(outer)) top = outer;
    found.set(top, (found.get(top) ?? group) === group && found.get(top) !== null ? group : null);
  }
  return found;
}

/** A request with some of its calls, in order of start. */
interface Calls {
  group: Group;
  calls: readonly Draft[];
}

/** Finds the request during whose calls something began, where one request runs after the other. Between two it is either's. */
function lookUpByTime(requests: readonly Calls[]): (draft: Draft) => Group | undefined {
  if (!oneAtATime(requests)) return () => undefined;
  return ({ start }) => {
    const begun = countUpTo(requests.length, (index) => (requests[index]?.calls[0]?.start ?? Infinity) <= start);
    return requests.slice(Math.max(0, begun - 2), begun).find(({ calls }) => start <= (calls.at(-1)?.end ?? 0))?.group;
  };
}

/** The same among the calls of each thread: requests that run at once may each have one of its own. */
function byThread(groups: readonly Group[]): Map<string, (draft: Draft) => Group | undefined> {
  const threads = new Map<string, Calls[]>();
  for (const group of groups) {
    for (const [thread, calls] of groupBy(group.calls, threadOf)) {
      const list = threads.get(thread);
      if (list === undefined) threads.set(thread, [{ group, calls }]);
      else list.push({ group, calls });
    }
  }
  return new Map([...threads].map(([thread, requests]) => [thread, lookUpByTime(requests.sort((a, b) => (a.calls[0]?.start ?? 0) - (b.calls[0]?.start ?? 0)))]));
}

function threadOf({ span }: Draft): string {
  return `${span.pid}\n${span.thread}`;
}

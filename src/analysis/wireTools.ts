/**
 * Tools seen on the wire: from the answer in which a model asks for a tool until the request that carries its
 * result. That is an upper bound of the tool's time. Where a hook measured the work itself, the two become one.
 */
import * as l10n from '@vscode/l10n';
import { formatCount } from '../profile/formatCount.ts';
import type { MessageDigest, Site, ToolCall } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import { groupBy } from './grouping.ts';
import { inferredDraft, type Draft } from './drafts.ts';
import { ancestors, setParent, toolAncestors, type Above, type Drafts, type RecordedAround } from './draftTree.ts';
import { becomeTool } from './ownFunctions.ts';
import { findTextActions, parseAction } from './textActions.ts';
import { areAttempts, aroundAll, outcomeOf, runsOfCalls } from './toolAttempts.ts';
import { leaveToNearest, type Claimant } from './toolClaims.ts';

/** Share of the time between the model's answer and the next request. */
const NEARLY_ALL = 0.8;
/** Hooks place their clock beside the profiler's with about this error. */
const CLOCK_SKEW: Milliseconds = 5;
/** Of a tool that the model asked for in its text. */
const NO_ID = '';
const NOT_SEEN = l10n.t("Inferred from the wire: the tool's code was not seen.");

interface Asked {
  readonly issuer: Draft;
  tool: ToolCall;
  at: Milliseconds;
}

interface Envelope extends Asked, Claimant {
  start: Milliseconds;
  end: Milliseconds;
  /** Null where it was never sent to a model. */
  resultBytes: number | null;
}

/** Whether a function was asked for as a tool by any of the calls' answers. */
export function askedTools(calls: readonly Draft[]): (functionName: string) => boolean {
  const written = new Set<string>();
  for (const { call } of calls) {
    for (const { name } of call?.end?.toolCalls ?? []) written.add(name);
    const action = parseAction(call?.end?.text ?? '');
    if (action !== null) written.add(action.name);
  }
  const names = new Set([...written].map(plainName));
  const known = new Map<string, boolean>();
  return (functionName) => {
    let isAsked = known.get(functionName);
    if (isAsked === undefined) known.set(functionName, (isAsked = names.has(plainName(functionName))));
    return isAsked;
  };
}

/**
 * Turns what the wire shows into tool spans: measured ones are renamed in place, functions of the program's own become tools in
 * place, the rest is returned as new drafts. `hooks`: what was seen inside the program, its functions among it. `recorded`: what ran
 * around each.
 */
export function wireTools(calls: readonly Draft[], hooks: readonly Draft[], recorded: RecordedAround, drafts: Drafts): Draft[] {
  const asked = calls.flatMap((issuer) =>
    issuer.call?.end ? issuer.call.end.toolCalls.map((tool): Asked => ({ issuer, tool, at: issuer.end })) : [],
  );
  const envelopes = [...findEnvelopes(calls, asked), ...textEnvelopes(calls)].sort((a, b) => a.start - b.start || a.end - b.end);
  if (asked.length === 0 && envelopes.length === 0) return [];
  const above = toolAncestors([...hooks, ...calls], drafts);
  const measured = hooks.filter((draft) => draft.span.kind === 'tool' || isFunction(draft)).sort((a, b) => a.start - b.start);
  const open = new Set(envelopes);
  const joined = new Set<Draft>();
  const runs = new Map<Asked, Draft>();
  const join = (envelope: Asked, measured: Draft, resultBytes: number | null): void => {
    if (isFunction(measured)) becomeTool(measured);
    measured.span.name = envelope.tool.name;
    measured.issuer = envelope.issuer;
    if (measured.span.tool !== null) {
      measured.span.tool.name = envelope.tool.name;
      measured.span.tool.callId = envelope.tool.callId || null;
      measured.span.tool.argumentBytes ??= envelope.tool.argumentBytes;
      measured.span.tool.resultBytes = resultBytes ?? measured.span.tool.resultBytes;
    }
    joined.add(measured);
    runs.set(envelope, measured);
  };
  closeHandoffs(hooks, open);
  joinByCallId(asked, envelopes, measured, open, join);
  const free = new Set(measured.filter((draft) => !joined.has(draft)));
  const around = ancestors(hooks, drafts);
  const within: Within = (candidates, envelopes) => candidatesWithin(candidates, envelopes, above, around);
  const joinFree: Join = (envelope, draft, resultBytes) => {
    join(envelope, draft, resultBytes);
    free.delete(draft);
  };
  const spanned = joinByName(open, free, within, recorded, around, joinFree, drafts);
  for (const [envelope, draft] of spanned) runs.set(envelope, draft);
  narrowToTurns(envelopes, open, runs);
  joinOnlyCandidates(envelopes, open, free, within, recorded, around, joinFree);
  const unanswered = joinUnanswered(unansweredOf(asked, envelopes, runs), free, above, around, joinFree, drafts);
  const inferred = [...open].map((envelope) => envelopeDraft(envelope, drafts));
  const made = [...spanned.values(), ...unanswered, ...inferred];
  for (const draft of inferred) setParent(draft, parentOf(draft, around));
  adoptMeasured([...open], inferred, free, within, recorded);
  return made;
}

/** The nearest span around the call that asked for a tool that goes on until the tool ends: an agent, not its step that called the model. */
function parentOf({ issuer, start, end }: Draft, around: Around): Draft | null {
  return (issuer === null ? undefined : around(issuer).find((outer) => start >= outer.start - CLOCK_SKEW && end <= outer.end + CLOCK_SKEW)) ?? null;
}

/** Actions in the models' texts, and the prompts with their observations: they have no ids. */
function textEnvelopes(calls: readonly Draft[]): Envelope[] {
  return findTextActions(calls).map(({ issuer, name, arguments: text, answeredBy, resultBytes }) => {
    const tool = { callId: NO_ID, name, argumentBytes: new TextEncoder().encode(text).length, arguments: text };
    return { issuer, count: 1, tool, at: issuer.end, start: issuer.end, end: answeredBy.start, resultBytes };
  });
}

/** Each tool call that was asked for and answered. Unanswered ones have no known end and are left out. */
function findEnvelopes(calls: readonly Draft[], asked: readonly Asked[]): Envelope[] {
  const requests = calls.filter(({ call }) => call !== null && call.start.request.toolResults.length > 0);
  if (requests.length === 0) return [];
  const times = new Map<string, number>();
  for (const { tool } of asked) times.set(tool.callId, (times.get(tool.callId) ?? 0) + 1);
  const pending = new Map<string, Asked[]>();
  const envelopes: Envelope[] = [];
  const byAnswer = [...asked].sort((a, b) => a.at - b.at);
  const byStart = requests.sort((a, b) => a.start - b.start);
  let next = 0;
  for (const request of byStart) {
    for (; next < byAnswer.length; next++) {
      const entry = byAnswer[next];
      if (entry === undefined || entry.at > request.start) break;
      const list = pending.get(entry.tool.callId);
      if (list === undefined) pending.set(entry.tool.callId, [entry]);
      else list.push(entry);
    }
    const results = new Map(request.call?.start.request.toolResults.map((result) => [result.callId, result.bytes]));
    for (const [callId, bytes] of results) {
      const waiting = pending.get(callId);
      if (waiting === undefined) continue;
      const issuer = issuerAnswered(waiting, request, times.get(callId) === 1);
      if (issuer === null) continue;
      const left: Asked[] = [];
      for (const entry of waiting) {
        if (entry.issuer === issuer) envelopes.push({ ...entry, count: 1, start: entry.at, end: request.start, resultBytes: bytes });
        else left.push(entry);
      }
      if (left.length > 0) pending.set(callId, left);
      else pending.delete(callId);
    }
  }
  return envelopes.sort((a, b) => a.start - b.start || a.end - b.end);
}

/**
 * Some servers number their tool calls anew in every answer (`call_0`). Then the id alone says nothing, and only a
 * request that continues the very conversation counts.
 */
function issuerAnswered(waiting: readonly Asked[], request: Draft, unique: boolean): Draft | null {
  const only = waiting[0];
  if (unique) return only?.issuer ?? null;
  const messages = request.call?.start.request.messages ?? [];
  const continued = waiting.filter(({ issuer }) => continues(messages, issuer.call?.start.request.messages ?? []));
  const hashed = messages.every((message) => message.hash !== null);
  if (hashed) return continued.at(-1)?.issuer ?? null;
  return waiting.length === 1 && continued.length === 1 ? (only?.issuer ?? null) : null;
}

function continues(longer: readonly MessageDigest[], shorter: readonly MessageDigest[]): boolean {
  return longer.length > shorter.length && shorter.every((message, index) => message.hash === longer[index]?.hash);
}

/** Tool calls of one name in one answer. */
class AskedTogether implements Claimant {
  readonly first: Envelope;
  readonly envelopes: Envelope[];

  constructor(first: Envelope) {
    this.first = first;
    this.envelopes = [first];
  }

  get issuer(): Draft {
    return this.first.issuer;
  }

  get count(): number {
    return this.envelopes.length;
  }
}

/** Measured work within the time of envelopes of one answer. */
type Within = (candidates: readonly Draft[], envelopes: readonly Envelope[]) => Draft[];
type Join = (envelope: Asked, measured: Draft, resultBytes: number | null) => void;
/** All that is around a span, innermost first. */
type Around = (draft: Draft) => readonly Draft[];

/** A function of the program's own, as long as it is no tool. */
function isFunction({ span }: Draft): boolean {
  return span.kind === 'other' && (span.source === 'function' || span.source === 'sampled' || span.source === 'wait');
}

/** Those that are inside no other of them. */
function outermost(found: readonly Draft[], around: Around): Draft[] {
  const all = new Set(found);
  return found.filter((draft) => !around(draft).some((outer) => all.has(outer)));
}

/** A framework's handoff to another agent answers a tool call, and is none: what comes after it is the other agent's work. */
function closeHandoffs(hooks: readonly Draft[], open: Set<Envelope>): void {
  const answered = new Set(hooks.flatMap(({ hook }) => (hook?.start.kind === 'other' && hook.start.source === 'framework' ? (hook.start.callId ?? []) : [])));
  for (const envelope of [...open]) if (answered.has(envelope.tool.callId)) open.delete(envelope);
}

/** The hook knew the id: certain, and good for tools whose result never went back as well. */
function joinByCallId(asked: readonly Asked[], envelopes: readonly Envelope[], tools: readonly Draft[], open: Set<Envelope>, join: Join): void {
  const answered = groupBy(envelopes, (envelope) => envelope.tool.callId);
  const askedById = groupBy(asked, (entry) => entry.tool.callId);
  for (const measured of tools) {
    const callId = measured.hook?.start.callId ?? null;
    if (callId === null) continue;
    const known = askedById.get(callId) ?? [];
    const envelope = (answered.get(callId) ?? []).find((each) => open.has(each) && (known.length === 1 || liesWithin(measured, each)));
    const only = known.length === 1 ? known[0] : undefined;
    if (envelope !== undefined) {
      join(envelope, measured, envelope.resultBytes);
      open.delete(envelope);
    } else if (only !== undefined) join(only, measured, null);
  }
}

/**
 * A function of the tool's own name was on the stack. As many measured spans as tool calls of that name: joined in
 * order. Several for one tool call (one that is tried again, or a search that sends two requests): one span over all of them.
 */
function joinByName(open: Set<Envelope>, free: Set<Draft>, within: Within, recorded: RecordedAround, around: Around, join: Join, drafts: Drafts): Map<Envelope, Draft> {
  const groups = new Map<string, AskedTogether>();
  for (const envelope of open) {
    const key = `${envelope.issuer.span.id}\n${plainName(envelope.tool.name)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, new AskedTogether(envelope));
    else group.envelopes.push(envelope);
  }
  const candidates = [...free];
  const claims = new Map<AskedTogether, Draft[]>();
  for (const group of groups.values()) {
    const named = within(candidates, group.envelopes).filter((draft) => namedFrame(draft, group.first.tool.name) !== null);
    claims.set(group, outermost(named, around));
  }
  const claimed = leaveToNearest(claims, recorded);
  const spanned = new Map<Envelope, Draft>();
  for (const [{ envelopes }, found] of claims) {
    // Two conversations in one function that call the same tool at once: which is whose cannot be told.
    if (found.length === 0 || found.some((draft) => claimed.get(draft) !== 1)) continue;
    if (joinRuns(envelopes, found, free, around, join, (envelope, runs) => spanned.set(envelope, spanOver(envelope, runs, around, drafts)))) for (const envelope of envelopes) open.delete(envelope);
  }
  return spanned;
}

/** Joins the calls of a tool in one answer with its runs, where it is clear which are whose: `over` is told of those with several. Whether it was. */
function joinRuns(envelopes: readonly Envelope[], found: readonly Draft[], free: Set<Draft>, around: Around, join: Join, over: (envelope: Envelope, runs: readonly Draft[]) => void): boolean {
  const runsOf = runsOfCalls(found, envelopes.length, around);
  if (runsOf === null) return false;
  for (const [index, runs] of runsOf.entries()) {
    const envelope = envelopes[index];
    const [only] = runs;
    if (envelope === undefined || only === undefined) continue;
    if (runs.length === 1) join(envelope, only, envelope.resultBytes);
    else over(envelope, runs);
    for (const run of runs) free.delete(run);
  }
  return true;
}

/**
 * Of the tools that one answer asked for, those that were seen ran one after the other: each of the others, too short to be seen, had
 * its turn between its neighbours. `runs`: what those that were seen are. Else it would span all of the others' time.
 */
function narrowToTurns(envelopes: readonly Envelope[], open: ReadonlySet<Envelope>, runs: ReadonlyMap<Asked, Draft>): void {
  if (open.size === 0) return;
  for (const together of groupBy(envelopes, ({ issuer }) => issuer).values()) {
    const seen = together.flatMap((envelope, turn) => {
      const run = runs.get(envelope);
      return run === undefined ? [] : [{ run, turn }];
    });
    if (seen.length === 0 || seen.some(({ run }, index) => run.end > (seen[index + 1]?.run.start ?? Infinity))) continue;
    together.forEach((envelope, turn) => {
      if (!open.has(envelope)) return;
      const before = seen.findLast((each) => each.turn < turn)?.run.end ?? -Infinity;
      const after = seen.find((each) => each.turn > turn)?.run.start ?? Infinity;
      envelope.start = Math.min(Math.max(envelope.start, before), envelope.end);
      envelope.end = Math.max(Math.min(envelope.end, after), envelope.start);
    });
  }
}

/**
 * Exactly one measured span in an envelope, and that span in no other envelope. A function of another name must have taken nearly
 * all of the time: what is too short to be seen may have been the tool, and the function what was done with its result.
 */
function joinOnlyCandidates(envelopes: readonly Envelope[], open: Set<Envelope>, free: Set<Draft>, within: Within, recorded: RecordedAround, around: Around, join: Join): void {
  if (open.size === 0) return;
  const candidates = [...free];
  const claims = new Map<Envelope, Draft[]>(envelopes.map((envelope) => [envelope, within(candidates, [envelope])]));
  leaveToNearest(claims, recorded);
  const claimed = new Map<Draft, number>();
  for (const [envelope, found] of claims) {
    const outer = outermost(found, around);
    claims.set(envelope, outer);
    for (const draft of outer) claimed.set(draft, (claimed.get(draft) ?? 0) + 1);
  }
  for (const envelope of [...open]) {
    const found = claims.get(envelope) ?? [];
    const only = found[0];
    if (only === undefined || found.length !== 1 || claimed.get(only) !== 1) continue;
    if (isFunction(only) && only.end - only.start < (envelope.end - envelope.start) * NEARLY_ALL) continue;
    join(envelope, only, envelope.resultBytes);
    open.delete(envelope);
  }
}

/** Tool calls whose results no model was sent: of the last of a program, which may have failed with one of them. */
function unansweredOf(asked: readonly Asked[], envelopes: readonly Envelope[], runs: ReadonlyMap<Asked, Draft>): Envelope[] {
  const keyOf = ({ issuer, tool }: Asked): string => `${issuer.span.id}\n${tool.callId}`;
  const answered = new Set(envelopes.map(keyOf));
  return asked.filter((entry) => !answered.has(keyOf(entry)) && !runs.has(entry)).map((entry) => ({ ...entry, count: 1, start: entry.at, end: entry.at, resultBytes: null }));
}

/** Runs of functions of their names that are known to have come right after the answer. Nothing bounds the others in time: they are left out. Returns spans over several runs. */
function joinUnanswered(unanswered: readonly Envelope[], free: Set<Draft>, above: Above, around: Around, join: Join, drafts: Drafts): Draft[] {
  const made: Draft[] = [];
  if (unanswered.length === 0) return made;
  const after = groupBy([...free].filter((draft) => draft.span.source === 'function' && draft.hook?.start.after !== undefined), (draft) => draft.hook?.start.after);
  for (const together of groupBy(unanswered, ({ issuer, tool }) => `${issuer.span.id}\n${plainName(tool.name)}`).values()) {
    const [first] = together;
    if (first === undefined) continue;
    // Inside of a tool that was seen, it is that tool's own function.
    const isFree = (draft: Draft): boolean => free.has(draft) && (above(draft) === undefined || above(draft) === above(first.issuer));
    const found = outermost((after.get(first.issuer.call?.start.tag ?? undefined) ?? []).filter((draft) => isFree(draft) && namedFrame(draft, first.tool.name) !== null), around);
    joinRuns(together, found, free, around, join, (envelope, runs) => made.push(spanOver(envelope, runs, around, drafts)));
  }
  return made;
}

/** Measured spans inside one inferred tool become its children; inside several, they are only marked as part of one. */
function adoptMeasured(envelopes: readonly Envelope[], inferred: readonly Draft[], free: ReadonlySet<Draft>, within: Within, recorded: RecordedAround): void {
  const homes = new Map<Draft, Draft[]>();
  const candidates = [...free];
  const claims = new Map<Envelope, Draft[]>(envelopes.map((envelope) => [envelope, within(candidates, [envelope])]));
  leaveToNearest(claims, recorded);
  envelopes.forEach((envelope, index) => {
    const home = inferred[index];
    if (home === undefined) return;
    for (const draft of claims.get(envelope) ?? []) homes.set(draft, [...(homes.get(draft) ?? []), home]);
  });
  for (const [draft, tools] of homes) {
    draft.partOfWireTool = true;
    const only = tools[0];
    if (tools.length === 1 && only !== undefined && draft.span.parent === null) setParent(draft, only);
  }
}

function envelopeDraft(envelope: Envelope, drafts: Drafts): Draft {
  const { tool, issuer } = envelope;
  const draft = inferredDraft(
    drafts,
    {
      id: `tool:${issuer.span.id}:${tool.callId || 'text'}`,
      parent: null,
      kind: 'tool',
      name: tool.name,
      unattributed: NOT_SEEN,
      tool: { name: tool.name, callId: tool.callId || null, detail: null, argumentBytes: tool.argumentBytes, resultBytes: envelope.resultBytes, idleBlameMs: null, idleEnergyWh: null },
    },
    envelope.start,
    envelope.end,
  );
  draft.issuer = issuer;
  draft.span.pid = issuer.span.pid;
  draft.span.thread = issuer.span.thread;
  return draft;
}

/** One tool made of several measured parts that ran under a function of its name; its site is that function's line. */
function spanOver(envelope: Envelope, parts: readonly Draft[], around: Around, drafts: Drafts): Draft {
  const draft = envelopeDraft(envelope, drafts);
  const outer = aroundAll(parts, around);
  draft.start = Math.min(...parts.map((part) => part.start));
  draft.end = Math.max(...parts.map((part) => part.end));
  draft.span.startMs = draft.start;
  draft.span.endMs = draft.end;
  Object.assign(draft.span, outcomeOf(parts));
  // It began with the first of its runs, and was over with the last.
  if (parts.every((part) => isFunction(part) && part.span.evidence === 'measured')) draft.span.evidence = 'measured';
  const first = parts[0];
  const frame = first === undefined ? null : namedFrame(first, envelope.tool.name);
  if (first !== undefined && frame !== null) {
    draft.span.frames = first.span.frames.slice(frame);
    draft.span.site = first.span.frames[frame] ?? null;
    draft.span.unattributed = draft.span.site === null ? NOT_SEEN : null;
    draft.span.thread = first.span.thread;
    draft.span.pid = first.span.pid;
  }
  if (draft.span.tool !== null) draft.span.tool.detail = formatCount(parts.length, areAttempts(parts) ? 'attempt' : 'measured part');
  for (const part of parts) {
    part.partOfWireTool = true;
    part.issuer = envelope.issuer;
    if (part.span.parent === (outer?.span.id ?? null)) setParent(part, draft);
  }
  setParent(draft, outer ?? parentOf(draft, around));
  return draft;
}

/**
 * Drafts (in order of start) that lie within any of the envelopes, and not deeper inside other tools than who asked for it.
 * What is around who asked is no answer to that.
 */
function candidatesWithin(candidates: readonly Draft[], envelopes: readonly Envelope[], above: Above, around: Around): Draft[] {
  const outer = new Set(envelopes.flatMap(({ issuer }) => around(issuer)));
  const [asking] = envelopes;
  const agent = asking === undefined ? undefined : agentAround(asking.issuer, around);
  const from = Math.min(...envelopes.map((envelope) => envelope.start)) - CLOCK_SKEW;
  const until = Math.max(...envelopes.map((envelope) => envelope.end)) + CLOCK_SKEW;
  let low = 0;
  let high = candidates.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((candidates[middle]?.start ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  const found: Draft[] = [];
  for (let index = low; index < candidates.length; index++) {
    const draft = candidates[index];
    if (draft === undefined || draft.start > until) break;
    if (outer.has(draft)) continue;
    const other = agentAround(draft, around);
    // Of agents that work at once none answers what another has asked for.
    if (agent !== undefined && other !== undefined && other !== agent && !around(other).includes(agent) && !around(agent).includes(other)) continue;
    const tool = above(draft);
    if (envelopes.some((envelope) => liesWithin(draft, envelope) && (tool === undefined || tool === above(envelope.issuer)))) found.push(draft);
  }
  return found;
}

function agentAround(draft: Draft, around: Around): Draft | undefined {
  return around(draft).find(({ span }) => span.kind === 'agent');
}

function liesWithin(draft: Draft, envelope: Envelope): boolean {
  return draft.start >= envelope.start - CLOCK_SKEW && draft.end <= envelope.end + CLOCK_SKEW;
}

/** Index of the innermost frame whose function has the tool's name; 0 where only the span itself has it; else null. */
function namedFrame(draft: Draft, toolName: string): number | null {
  const wanted = plainName(toolName);
  if (wanted === '') return null;
  // A function is itself, whoever called it.
  if (isFunction(draft)) return plainName(draft.span.name) === wanted ? 0 : null;
  const frame = draft.span.frames.findIndex((site: Site) => site.function !== null && plainName(site.function) === wanted);
  if (frame !== -1) return frame;
  return plainName(draft.hook?.start.name ?? '') === wanted ? 0 : null;
}

/** `Tools.webSearch`, `web_search`, `async webSearch [as run]` → `websearch`. */
function plainName(name: string): string {
  const bare = name.replace(/ \[as .*\]$/, '').replace(/^(async|new) /, '');
  return bare.slice(bare.lastIndexOf('.') + 1).toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

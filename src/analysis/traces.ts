/**
 * Joins what the program's own tracing exported with what the proxy and the hooks saw, so that nothing is there twice.
 *
 * A span of a model's call becomes part of the call that it is of: found by the answer's id, else by the trace context that
 * came with the request, else by time, model and tokens where only one pair fits. What a hook measured itself stands for its
 * twin. All that is left (agents, steps, tools, whatever else the program traces) is taken as a hook's span would be.
 */
import * as l10n from '@vscode/l10n';
import { formatCount } from '../profile/formatCount.ts';
import type { Call, HookSpan, Profile } from '../profile/model.ts';
import type { Site, TraceSpanLine, WarningLine } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import { isLlmCall } from './drafts.ts';
import { groupBy } from './grouping.ts';

/** Wall clocks are read to the millisecond, and instrumentations begin a little before or after what they watch. */
const CLOCK_ERROR: Milliseconds = 20;
/** Of a span's length: instrumentation of a slow program costs in proportion. */
const LENGTH_ERROR = 0.02;

/** A trace's span with what has become of it. */
interface Node {
  line: TraceSpanLine;
  start: Milliseconds;
  end: Milliseconds;
  parent: Node | null;
  /** `part`: of a call that the proxy saw, or of the way there. `twin`: of a hook's span. `own`: a span of its own. */
  fate: 'own' | 'part' | 'twin';
  twin: HookSpan | null;
  /** What hooks saw of the function that this tool is: where it stands, and in which thread it ran. */
  run: HookSpan | null;
}

/** @returns the profile with its traces taken into calls and hook spans; the same one where there are none */
export function withTraces(profile: Profile): Profile {
  if (profile.traceSpans.length === 0) return profile;
  const nodes = nodesOf(profile.traceSpans);
  const calls = profile.calls.filter((call) => isLlmCall(call.start));
  const joined = joinCalls(nodes, calls);
  settleClocks(nodes, joined);
  joinByLikeness(nodes, calls, joined);
  absorb(nodes, joined);
  findTwins(nodes, profile.hookSpans);
  findRuns(nodes, profile.hookSpans);
  const own = nodes.filter((node) => node.fate === 'own');
  const unseen = own.filter(({ line }) => line.kind === 'llm');
  const hooked = profile.hookSpans.filter(({ start }) => start.kind === 'agent');
  const withCalls = new Set<Node>();
  for (const node of joined.values()) for (const each of chain(node)) withCalls.add(each);
  const spans = own.map((node) => hookSpanOf(node, withCalls.has(node), hooked));
  // A function that was measured as well is the tool itself: what ran in it ran in the tool.
  const stands = new Map(own.flatMap((node) => (node.run?.start.source === 'function' ? [[node.run.start.id, idOf(node)] as const] : [])));
  const home = (parent: string | null) => (parent === null ? null : (stands.get(parent) ?? parent));
  const functions = functionsWithin(joined, profile.hookSpans);
  const hooks = profile.hookSpans.filter(({ start }) => !stands.has(start.id)).map((hook) => {
    const parent = functions.outermost.get(hook.start.id) ?? home(hook.start.parent);
    return parent === hook.start.parent ? hook : { ...hook, start: { ...hook.start, parent } };
  });
  const inFramework = withinFramework(profile.hookSpans, stands);
  const isPlaced = (parent: string | null) => inFramework(parent) || functions.all.has(parent ?? '');
  return {
    ...profile,
    calls: profile.calls.map((call) => joinedCall({ ...call, start: { ...call.start, parent: home(call.start.parent) } }, joined.get(call) ?? null, isPlaced)),
    hookSpans: [...hooks, ...spans].sort((a, b) => a.start.t - b.start.t),
    traceSpans: [],
    warnings: unseen.length === 0 ? profile.warnings : [...profile.warnings, unseenWarning(unseen)],
  };
}

/** One node for each span, however often it was exported, with the parents that were exported too. */
function nodesOf(lines: readonly TraceSpanLine[]): Node[] {
  const byId = new Map<string, Node>();
  for (const line of lines) {
    const key = keyOf(line.traceId, line.spanId);
    if (!byId.has(key)) byId.set(key, { line, start: line.t, end: line.end, parent: null, fate: 'own', twin: null, run: null });
  }
  const nodes = [...byId.values()];
  for (const node of nodes) {
    const { traceId, parentSpanId } = node.line;
    const parent = parentSpanId === null ? undefined : byId.get(keyOf(traceId, parentSpanId));
    // Ids are anybody's: a circle of parents is cut where it would close.
    if (parent !== undefined && !chain(parent).includes(node)) node.parent = parent;
  }
  return nodes.sort((a, b) => a.start - b.start);
}

function keyOf(traceId: string, spanId: string): string {
  return `${traceId}:${spanId}`;
}

/** A node and those above it, innermost first. */
function chain(node: Node | null): Node[] {
  const found: Node[] = [];
  for (let at = node; at !== null; at = at.parent) found.push(at);
  return found;
}

/** For each call, the node that tells of it or, where none does, the node that it was sent under: by answer's id and by context. */
function joinCalls(nodes: readonly Node[], calls: readonly Call[]): Map<Call, Node> {
  const joined = new Map<Call, Node>();
  const byId = new Map(nodes.map((node) => [keyOf(node.line.traceId, node.line.spanId), node]));
  const byAnswer = groupBy(calls.filter((call) => (call.end?.responseId ?? '') !== ''), (call) => call.end?.responseId ?? '');
  for (const node of nodes) {
    const same = byAnswer.get(node.line.llm?.responseId ?? '') ?? [];
    // The innermost of several that tell of one answer is the nearest to the call.
    if (same.length === 1 && same[0] !== undefined) joined.set(same[0], innermost(joined.get(same[0]), node));
  }
  for (const call of calls) {
    const { trace } = call.start;
    const sentUnder = trace === null ? undefined : byId.get(keyOf(trace.traceId, trace.spanId));
    if (sentUnder === undefined) continue;
    // What it was sent under is part of it as far as it is the way to the server.
    for (let at: Node | null = sentUnder; at !== null && (at.line.http || at.line.kind === 'llm'); at = at.parent) at.fate = 'part';
    if (!joined.has(call)) joined.set(call, sentUnder);
  }
  return joined;
}

function innermost(one: Node | undefined, other: Node): Node {
  return one === undefined || chain(other).includes(one) ? other : one;
}

/**
 * A call lies within the span that tells of it. Where another machine's clock says otherwise of the surely joined, all spans of
 * that exporter are moved by the least that makes it so.
 */
function settleClocks(nodes: readonly Node[], joined: ReadonlyMap<Call, Node>): void {
  const bounds = new Map<string, { least: Milliseconds; most: Milliseconds }>();
  for (const [call, node] of joined) {
    if (call.end === null || !chain(node).some(({ line }) => line.kind === 'llm')) continue;
    const told = chain(node).find(({ line }) => line.kind === 'llm') ?? node;
    const { least, most } = bounds.get(told.line.resource) ?? { least: -Infinity, most: Infinity };
    bounds.set(told.line.resource, { least: Math.max(least, call.end.t - told.end), most: Math.min(most, call.start.t - told.start) });
  }
  for (const node of nodes) {
    const bound = bounds.get(node.line.resource);
    if (bound === undefined) continue;
    const { least, most } = bound;
    // A span that ends when its stream was handed out, before the answer was complete, says nothing of the clock.
    if (least > most) continue;
    const shift = most < -CLOCK_ERROR ? most : least > CLOCK_ERROR ? least : 0;
    node.start += shift;
    node.end += shift;
  }
}

/** What has neither an answer's id nor a context is joined where time, model and tokens leave one choice on both sides. */
function joinByLikeness(nodes: readonly Node[], calls: readonly Call[], joined: Map<Call, Node>): void {
  const taken = new Set(joined.values());
  // Of several instrumentations of one call the innermost is the nearest to it.
  const around = new Set(nodes.flatMap((node) => (node.line.kind === 'llm' ? chain(node.parent) : [])));
  const telling = nodes.filter((node) => node.line.kind === 'llm' && node.fate === 'own' && !taken.has(node) && !around.has(node));
  const free = calls.filter((call) => !joined.has(call));
  const fitting = telling.map((node) => ({ node, calls: free.filter((call) => fits(node, call)) }));
  for (const { node, calls: found } of fitting) {
    const [call] = found;
    if (found.length !== 1 || call === undefined) continue;
    if (fitting.filter((other) => other.calls.includes(call)).length === 1) joined.set(call, node);
  }
}

function fits(node: Node, call: Call): boolean {
  const { llm } = node.line;
  if (llm === null || call.end === null) return false;
  const slack = slackOf(node);
  if (call.start.t < node.start - slack || call.end.t > node.end + slack) return false;
  const models = [call.start.model, call.end.model].filter((model) => model !== null);
  const sameModel = llm.model !== null && models.some((model) => model === llm.model || model.endsWith(`/${llm.model}`) || (llm.model ?? '').endsWith(`/${model}`));
  if (!sameModel && llm.model !== null && models.length > 0) return false;
  const { usage } = call.end;
  const pairs = [
    [llm.usage.promptTokens, usage?.promptTokens ?? null],
    [llm.usage.completionTokens, usage?.completionTokens ?? null],
  ].filter(([told, seen]) => told !== null && seen !== null);
  // Of a stream some instrumentations know no tokens.
  return (pairs.length > 0 || sameModel) && pairs.every(([told, seen]) => told === seen);
}

/** Joined spans, and spans of the same call around and inside of them, are no spans of their own. */
function absorb(nodes: readonly Node[], joined: ReadonlyMap<Call, Node>): void {
  const telling = new Set<Node>();
  for (const node of joined.values()) {
    if (node.line.kind === 'llm') node.fate = 'part';
    // Two instrumentations of one call lie within each other.
    for (const each of chain(node)) if (each.line.kind === 'llm') telling.add(each);
  }
  for (const node of telling) node.fate = 'part';
  for (const node of nodes) {
    const inCall = chain(node.parent).some((outer) => telling.has(outer));
    if (inCall && (node.line.http || node.line.kind === 'llm')) node.fate = 'part';
  }
}

/** A hook measured the same: its span stays, and stands for the trace's. */
function findTwins(nodes: readonly Node[], hooks: readonly HookSpan[]): void {
  const taken = new Set<HookSpan>();
  const candidates = hooks.filter(({ start }) => start.source !== 'sampled' && start.source !== 'wait' && start.source !== 'function').sort((a, b) => a.start.t - b.start.t);
  const byToolCall = new Map(candidates.flatMap((hook) => (hook.start.callId === null ? [] : [[hook.start.callId, hook] as const])));
  for (const node of nodes) {
    if (node.fate !== 'own' || node.line.kind === 'llm') continue;
    let best: { hook: HookSpan; distance: Milliseconds } | null = null;
    const slack = 2 * slackOf(node);
    const asked = byToolCall.get(node.line.callId ?? '');
    for (const hook of [...(asked === undefined ? [] : [asked]), ...between(candidates, node.start - slack, node.start + slack)]) {
      const distance = taken.has(hook) ? null : distanceOf(node, hook);
      if (distance !== null && (best === null || distance < best.distance)) best = { hook, distance };
    }
    if (best === null) continue;
    taken.add(best.hook);
    node.fate = 'twin';
    node.twin = best.hook;
  }
}

/** Tools whose tracing names no line, but whose function was seen by its name on the stack while they ran. */
function findRuns(nodes: readonly Node[], hooks: readonly HookSpan[]): void {
  const seen = hooks.filter(({ start }) => start.source === 'function' || start.source === 'sampled');
  const taken = new Set<HookSpan>();
  for (const node of nodes) {
    const { line } = node;
    if (node.fate !== 'own' || line.kind !== 'tool' || line.site !== null || line.http) continue;
    const slack = slackOf(node);
    const shared = ({ start, end }: HookSpan) => Math.min(node.end, end?.t ?? Infinity) - Math.max(node.start, start.t);
    const found = seen.filter((hook) => {
      const { start, end } = hook;
      if (taken.has(hook) || (line.pid !== null && line.pid !== start.pid) || shared(hook) <= 0) return false;
      if (start.source === 'sampled') return start.frames.some((frame) => frame.function === line.name);
      return start.name === line.name && start.t >= node.start - slack && (end === null || end.t <= node.end + slack);
    });
    // Measured goes before sampled, and of either the longest.
    found.sort((a, b) => Number(b.start.source === 'function') - Number(a.start.source === 'function') || shared(b) - shared(a));
    node.run = found[0] ?? null;
    if (node.run?.start.source === 'function') taken.add(node.run);
  }
}

/** Those of a list in order of time that start in [from, to]. */
function between(hooks: readonly HookSpan[], from: Milliseconds, to: Milliseconds): HookSpan[] {
  let low = 0;
  let high = hooks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((hooks[middle]?.start.t ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  const found: HookSpan[] = [];
  for (let at = low; at < hooks.length; at++) {
    const hook = hooks[at];
    if (hook === undefined || hook.start.t > to) break;
    found.push(hook);
  }
  return found;
}

/** How far apart the edges of a span and of a hook's lie, or null where they are not of the same thing. */
function distanceOf(node: Node, { start, end }: HookSpan): Milliseconds | null {
  const { line } = node;
  if (line.pid !== null && start.pid !== null && line.pid !== start.pid) return null;
  const structure = (kind: string) => kind === 'agent' || kind === 'step';
  const sameCall = line.kind === 'tool' && line.callId !== null && line.callId === start.callId;
  const alike = line.http ? start.source === 'http' : line.kind === 'tool' ? start.kind === 'tool' && isNamed(line.name, start.name) : structure(line.kind) && structure(start.kind);
  if (!alike && !sameCall) return null;
  const distance = Math.abs(node.start - start.t) + (end === null ? 0 : Math.abs(node.end - end.t));
  return sameCall || distance <= 2 * slackOf(node) ? distance : null;
}

function slackOf({ start, end }: Node): Milliseconds {
  return CLOCK_ERROR + (end - start) * LENGTH_ERROR;
}

/** One instrumentation may put a server's or a class's name in front of a tool's. */
function isNamed(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  return long === short || (long.endsWith(short) && !/[\p{L}\p{N}_]/u.test(long.charAt(long.length - short.length - 1)));
}

function idOf({ line }: Node): string {
  return `trace:${keyOf(line.traceId, line.spanId)}`;
}

/** Id of the hook's span, or of the trace's own, that is nearest around what stands under this node; null at the top. */
function parentFrom(node: Node | null): string | null {
  for (const each of chain(node)) {
    if (each.fate === 'own') return idOf(each);
    if (each.twin !== null) return each.twin.start.id;
  }
  return null;
}

/** @param agents what hooks saw of agents: a trace's outermost spans may lie in one of them */
function hookSpanOf(node: Node, hasCalls: boolean, agents: readonly HookSpan[]): HookSpan {
  const { line, start, end } = node;
  const parent = parentFrom(node.parent) ?? smallestAround(node, agents)?.start.id ?? null;
  // The outermost chain that leads to a model is what the user calls the agent.
  const kind = line.kind === 'llm' ? 'other' : line.http ? 'tool' : line.kind === 'step' && parent === null && hasCalls ? 'agent' : line.kind;
  const id = idOf(node);
  const frames = framesOf(node);
  return {
    start: {
      type: 'span',
      t: start,
      id,
      kind,
      name: line.http && line.detail !== null ? line.detail : line.name,
      parent,
      pid: line.pid ?? node.run?.start.pid ?? null,
      thread: node.run?.start.thread ?? line.thread ?? 'main',
      frames,
      unattributed: frames.length === 0 ? l10n.t`Its tracing (${line.scope}) names no line.` : null,
      evidence: 'measured',
      source: 'otlp',
      framework: line.scope,
      argumentBytes: line.argumentBytes,
      activity: null,
      detail: line.detail,
      callId: line.callId,
    },
    end: { type: 'spanEnd', t: end, id, status: line.status, error: line.error, resultBytes: line.resultBytes },
  };
}

/** Innermost first: the line that the span names, or the function's that was seen on the stack, with what led there. */
function framesOf({ line, run }: Node): Site[] {
  if (line.site !== null) return [line.site];
  const frames = run?.start.frames ?? [];
  const own = run?.start.source === 'sampled' ? frames.findIndex((frame) => frame.function === line.name) : 0;
  return frames.slice(Math.max(0, own));
}

function smallestAround(node: Node, agents: readonly HookSpan[]): HookSpan | null {
  const slack = slackOf(node);
  const around = agents.filter(({ start, end }) => (node.line.pid === null || start.pid === node.line.pid) && start.t <= node.start + slack && (end === null || end.t >= node.end - slack));
  const lengthOf = ({ start, end }: HookSpan) => (end?.t ?? Infinity) - start.t;
  return around.sort((a, b) => lengthOf(a) - lengthOf(b))[0] ?? null;
}

/**
 * The program's own functions that led to calls of one span of the trace alone, and ran within it: they are inside of it, with all
 * that they did besides. `outermost`: of such a chain the outermost, with the span's id.
 */
function functionsWithin(joined: ReadonlyMap<Call, Node>, hooks: readonly HookSpan[]): { all: ReadonlySet<string>; outermost: ReadonlyMap<string, string> } {
  const measured = new Map(hooks.flatMap((hook) => (hook.start.source === 'function' ? [[hook.start.id, hook] as const] : [])));
  const chains = new Map<Call, HookSpan[]>();
  const spansOf = new Map<HookSpan, Set<Node | null>>();
  for (const [call, node] of joined) {
    const around: HookSpan[] = [];
    for (let at = measured.get(call.start.parent ?? ''); at !== undefined && !around.includes(at); at = measured.get(at.start.parent ?? '')) around.push(at);
    chains.set(call, around);
    const span = chain(node).find((each) => each.fate === 'own' || each.twin !== null) ?? null;
    for (const each of around) spansOf.set(each, (spansOf.get(each) ?? new Set()).add(span));
  }
  const all = new Set<string>();
  const outermost = new Map<string, string>();
  for (const around of chains.values()) {
    for (const [index, hook] of around.entries()) {
      const span = spanAround(hook, spansOf);
      if (span === null) break;
      all.add(hook.start.id);
      const next = around[index + 1];
      if (next === undefined || spanAround(next, spansOf) === null) outermost.set(hook.start.id, idOf(span));
    }
  }
  return { all, outermost };
}

function spanAround(hook: HookSpan, spansOf: ReadonlyMap<HookSpan, ReadonlySet<Node | null>>): Node | null {
  const [span = null, other] = spansOf.get(hook) ?? [];
  if (span === null || other !== undefined || span.fate !== 'own') return null;
  const slack = slackOf(span);
  return hook.start.t >= span.start - slack && hook.end !== null && hook.end.t <= span.end + slack ? span : null;
}

/** Whether an agent, a step or a tool is around what has this parent: more than functions that led there. */
function withinFramework(hooks: readonly HookSpan[], stands: ReadonlyMap<string, string>): (parent: string | null) => boolean {
  const byId = new Map(hooks.map(({ start }) => [start.id, start]));
  const standing = new Set(stands.values());
  return (parent) => {
    const seen = new Set<string>();
    for (let at = parent; at !== null && !seen.has(at); at = byId.get(at)?.parent ?? null) {
      seen.add(at);
      if (standing.has(at) || (byId.get(at)?.kind ?? 'other') !== 'other') return true;
    }
    return false;
  };
}

/** What a hook said of a call goes before what a trace says. */
function joinedCall(call: Call, node: Node | null, isPlaced: (parent: string | null) => boolean): Call {
  if (node === null) return call;
  const site = call.start.frames.length > 0 ? null : (chain(node).find(({ line }) => line.site !== null)?.line.site ?? null);
  return {
    ...call,
    start: { ...call.start, parent: isPlaced(call.start.parent) ? call.start.parent : (parentFrom(node) ?? call.start.parent), ...(site === null ? {} : { frames: [site], unattributed: null }) },
  };
}

function unseenWarning(unseen: readonly Node[]): WarningLine {
  const scopes = [...new Set(unseen.map(({ line }) => line.scope))].sort().slice(0, 3).join(', ');
  const calls = formatCount(unseen.length, 'model call');
  return {
    type: 'warning',
    t: Math.max(0, unseen[0]?.start ?? 0),
    code: 'tracedCallsUnseen',
    message:
      unseen.length === 1
        ? l10n.t`${calls} that the program’s own tracing tells of (${scopes}) did not pass through the profiler: tokens, GPU time and energy of it are not counted. Let the program send them to OPENAI_BASE_URL.`
        : l10n.t`${calls} that the program’s own tracing tells of (${scopes}) did not pass through the profiler: tokens, GPU time and energy of these are not counted. Let the program send them to OPENAI_BASE_URL.`,
  };
}

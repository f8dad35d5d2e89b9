/** Spans in the making: the report's span, with what it was made from and its place on the clock. */
import * as l10n from '@vscode/l10n';
import type { Call, HookSpan, Profile } from '../profile/model.ts';
import type { CallLine } from '../profile/recordingFormat.ts';
import type { ReportSpan } from '../profile/report.ts';
import type { Milliseconds } from '../profile/units.ts';
import { callPhases, tokensPerArrival, type CallPhases } from './phases.ts';

export interface Clock {
  wallMs: Milliseconds;
  /** Still being recorded: what has no end runs on. */
  live: boolean;
}

export interface Draft {
  span: ReportSpan;
  /** Within [0, wallMs]; `end` is the run's end for what has none. */
  start: Milliseconds;
  end: Milliseconds;
  call: Call | null;
  phases: CallPhases | null;
  hook: HookSpan | null;
  /** Tools: the LLM call that asked for it, where known. */
  issuer: Draft | null;
  /** Tools: measured work that may be part of a tool seen on the wire, and is not to be counted as one more. */
  partOfWireTool: boolean;
}

/** Hands out ids that no other span has; ids in recordings are anybody's. */
export class SpanIds {
  readonly #taken = new Set<string>();

  take(wanted: string): string {
    let id = wanted;
    for (let n = 2; this.#taken.has(id); n++) id = `${wanted}~${n}`;
    this.#taken.add(id);
    return id;
  }
}

/** The run's length: to its end line, or to the last thing known of it. */
export function wallTime(profile: Profile, nowMs: Milliseconds | null): Milliseconds {
  let wall = Math.max(0, profile.end?.t ?? profile.lastT, nowMs ?? 0);
  for (const call of profile.calls) wall = Math.max(wall, call.start.t, call.end?.t ?? 0);
  for (const span of profile.hookSpans) wall = Math.max(wall, span.start.t, span.end?.t ?? 0);
  return wall;
}

/** What is posted to a model's server without making a model work. */
const NO_GENERATION = /\/(files|uploads|batches|fine_tuning|fine-tunes|vector_stores|assistants|threads|containers|conversations|tokenize|detokenize|count_tokens|token-count)(\/|$)/;

/** Requests that make a model work. Listings, other GETs and DELETEs are not. */
export function isLlmCall(call: CallLine): boolean {
  if (call.endpoint !== 'opaque') return call.endpoint !== 'models';
  return call.method.toUpperCase() === 'POST' && !NO_GENERATION.test(call.path);
}

export function callDrafts(profile: Profile, clock: Clock, ids: SpanIds): Draft[] {
  return profile.calls.map((call) => {
    const { start, end } = call;
    const llm = isLlmCall(start);
    const phases = llm ? callPhases(call) : null;
    const [startMs, endMs] = within(clock, start.t, end?.t ?? null);
    const usage = end?.usage ?? null;
    const span: ReportSpan = {
      id: ids.take(start.id),
      parent: null,
      kind: llm ? 'llm' : 'other',
      name: llm ? (start.model ?? end?.model ?? `${start.method} ${start.path}`) : `${start.method} ${start.path}`,
      startMs,
      endMs: end === null && clock.live ? null : endMs,
      status: end?.status ?? 'incomplete',
      error: end === null || end.status === 'ok' ? null : { message: end.error ?? (end.httpStatus === null ? `The call was ${end.status === 'cancelled' ? 'cancelled' : 'broken off'}.` : `HTTP ${end.httpStatus}`) },
      evidence: profile.backend.simulated ? 'simulated' : 'measured',
      thread: start.thread,
      pid: start.pid,
      site: start.frames[0] ?? null,
      unattributed: start.frames.length > 0 ? null : (start.unattributed ?? l10n.t('The call was seen on the wire only.')),
      frames: start.frames,
      source: null,
      framework: null,
      activity: null,
      llm:
        phases === null
          ? null
          : {
              model: end?.model ?? start.model,
              endpoint: start.endpoint,
              path: start.path,
              stream: start.stream,
              ...phases,
              promptTokens: usage?.promptTokens ?? null,
              cachedTokens: usage?.cachedTokens ?? null,
              completionTokens: usage?.completionTokens ?? null,
              reasoningTokens: usage?.reasoningTokens ?? null,
              audioSeconds: usage?.audioSeconds,
              tokensPerArrival: tokensPerArrival(call) ?? undefined,
              tokenEvidence: usage === null ? null : (end?.usageEvidence ?? null),
              finishReason: end?.finishReason ?? null,
              roles: null,
              rolesEvidence: null,
              energyWh: { active: null, grade: null, band: null },
              costUsd: null,
              httpStatus: end?.httpStatus ?? null,
              attempt: start.attempt,
              retryOf: null,
              promptText: start.request.messages.at(-1)?.text ?? null,
              answerText: end?.text ?? null,
              toolCalls: end === null || end.toolCalls.length === 0 ? undefined : end.toolCalls.map(({ name, arguments: given }) => ({ name, arguments: given })),
            },
      tool: null,
    };
    return { span, start: startMs, end: endMs, call, phases, hook: null, issuer: null, partOfWireTool: false };
  });
}

export function hookDrafts(profile: Profile, clock: Clock, ids: SpanIds): Draft[] {
  return profile.hookSpans.map((hook) => {
    const { start, end } = hook;
    const [startMs, endMs] = within(clock, start.t, end?.t ?? null);
    const span: ReportSpan = {
      id: ids.take(start.id),
      parent: null,
      kind: start.kind,
      name: start.name,
      startMs,
      endMs: end === null && clock.live ? null : endMs,
      status: end?.status ?? 'incomplete',
      error: end === null || end.status === 'ok' ? null : { message: end.error ?? (end.status === 'cancelled' ? l10n.t('It was cancelled.') : l10n.t('It failed.')) },
      evidence: start.evidence,
      thread: start.thread,
      pid: start.pid,
      site: start.frames[0] ?? null,
      unattributed: start.frames.length > 0 ? null : (start.unattributed ?? l10n.t('The hook saw no frame of your code.')),
      frames: start.frames,
      source: start.source,
      framework: start.framework,
      activity: start.activity,
      llm: null,
      tool:
        start.kind === 'tool'
          ? { name: start.name, callId: start.callId, detail: start.detail, argumentBytes: start.argumentBytes, resultBytes: end?.resultBytes ?? null, idleBlameMs: null, idleEnergyWh: null }
          : null,
    };
    return { span, start: startMs, end: endMs, call: null, phases: null, hook, issuer: null, partOfWireTool: false };
  });
}

/** A span that nothing measured: a request, a step, a tool seen on the wire. */
export function inferredDraft(fields: Pick<ReportSpan, 'id' | 'parent' | 'kind' | 'name' | 'unattributed' | 'tool'>, start: Milliseconds, end: Milliseconds): Draft {
  const span: ReportSpan = {
    ...fields,
    startMs: start,
    endMs: end,
    status: 'ok',
    error: null,
    evidence: 'inferred',
    thread: null,
    pid: null,
    site: null,
    frames: [],
    source: null,
    framework: null,
    activity: null,
    llm: null,
  };
  return { span, start, end, call: null, phases: null, hook: null, issuer: null, partOfWireTool: false };
}

/**
 * Sets the parents that the hooks saw. A parent that is not there, or that would close a circle, is none.
 */
export function linkHookParents(calls: readonly Draft[], hooks: readonly Draft[]): void {
  const byHookId = new Map<string, Draft>();
  for (const draft of hooks) byHookId.set(draft.hook?.start.id ?? '', draft);
  const parents = new Map<Draft, Draft>();
  for (const draft of hooks) {
    const parent = parentAmong(byHookId, draft.hook?.start.parent ?? null);
    if (parent === undefined) continue;
    draft.span.parent = parent.span.id;
    parents.set(draft, parent);
  }
  for (const draft of calls) draft.span.parent = parentAmong(byHookId, draft.call?.start.parent ?? null)?.span.id ?? draft.span.parent;
  /** In which walk upwards each was come by: the present one's are a circle. */
  const walks = new Map<Draft, number>();
  hooks.forEach((draft, walk) => {
    let at: Draft | undefined = draft;
    while (at !== undefined && !walks.has(at)) {
      walks.set(at, walk);
      const parent = parents.get(at);
      if (parent !== undefined && walks.get(parent) === walk) {
        at.span.parent = null;
        parents.delete(at);
      }
      at = parents.get(at);
    }
  });
}

function parentAmong(byHookId: ReadonlyMap<string, Draft>, wanted: string | null): Draft | undefined {
  return wanted === null ? undefined : byHookId.get(wanted);
}

function byIdOf(drafts: readonly Draft[]): Map<string, Draft> {
  const byId = new Map<string, Draft>();
  for (const draft of drafts) byId.set(draft.span.id, draft);
  return byId;
}

/** Finds what is around a draft, innermost first. Most runs have nothing of what some ask this for: nothing is looked up by id before the first asks. */
export function ancestors(drafts: readonly Draft[]): (draft: Draft) => Draft[] {
  let known: Map<string, Draft> | null = null;
  return (draft) => {
    const found: Draft[] = [];
    if (draft.span.parent === null) return found;
    const byId = (known ??= byIdOf(drafts));
    for (let at = byId.get(draft.span.parent ?? ''); at !== undefined; at = byId.get(at.span.parent ?? '')) found.push(at);
    return found;
  };
}

/** Ids of what was recorded as running around a call or a hook's span, innermost first: also of what is no parent in the report. */
export type RecordedAround = (draft: Draft) => ReadonlySet<string>;

/** `hooks`: all that hooks saw, functions that carry the agent included. */
export function recordedAround(hooks: readonly Draft[]): RecordedAround {
  let known: Map<string, string | null> | null = null;
  const parentsOf = (): Map<string, string | null> => {
    const parents = new Map<string, string | null>();
    for (const { hook } of hooks) if (hook !== null) parents.set(hook.start.id, hook.start.parent);
    return parents;
  };
  return ({ call, hook }) => {
    const ids = new Set<string>();
    const parents = (known ??= parentsOf());
    for (let at = call?.start.parent ?? hook?.start.parent ?? null; at !== null && !ids.has(at); at = parents.get(at) ?? null) ids.add(at);
    return ids;
  };
}

/** The nearest tool above each draft, by span id; those without one are not in it. */
export function toolAncestors(drafts: readonly Draft[]): Map<string, Draft> {
  const tools = new Set<string>();
  for (const { span } of drafts) if (span.kind === 'tool') tools.add(span.id);
  // In most runs no tool has anything inside of it.
  if (tools.size === 0 || !drafts.some(({ span }) => span.parent !== null && tools.has(span.parent))) return new Map();
  const byId = byIdOf(drafts);
  const nearest = new Map<string, Draft | null>();
  const find = (draft: Draft): Draft | null => {
    const path: Draft[] = [];
    let at: Draft = draft;
    let found: Draft | null | undefined;
    for (;;) {
      found = nearest.get(at.span.id);
      if (found !== undefined) break;
      path.push(at);
      const parent = at.span.parent === null ? undefined : byId.get(at.span.parent);
      found = parent === undefined ? null : parent.span.kind === 'tool' ? parent : undefined;
      if (found !== undefined || parent === undefined) break;
      at = parent;
    }
    for (const each of path) nearest.set(each.span.id, found ?? null);
    return found ?? null;
  };
  const ancestors = new Map<string, Draft>();
  for (const draft of drafts) {
    const tool = find(draft);
    if (tool !== null) ancestors.set(draft.span.id, tool);
  }
  return ancestors;
}

/** The tool that a tool is a part of, at the top; itself where it is part of none. */
export function outermostTool(tool: Draft, above: ReadonlyMap<string, Draft>): Draft {
  let outermost = tool;
  for (let outer = above.get(tool.span.id); outer !== undefined; outer = above.get(outer.span.id)) outermost = outer;
  return outermost;
}

function within(clock: Clock, start: number, end: number | null): [Milliseconds, Milliseconds] {
  const from = Math.min(Math.max(start, 0), clock.wallMs);
  return [from, Math.min(Math.max(end ?? clock.wallMs, from), clock.wallMs)];
}

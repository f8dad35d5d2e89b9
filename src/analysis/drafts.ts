/** Spans in the making: the report's span, with what it was made from and its place on the clock. */
import * as l10n from '@vscode/l10n';
import type { Call, HookSpan, Profile } from '../profile/model.ts';
import type { CallLine } from '../profile/recordingFormat.ts';
import type { ReportSpan } from '../profile/report.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { Drafts } from './draftTree.ts';
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
  /** Its place among all drafts of its analysis. */
  index: number;
  /** What the recording names as its parent, wherever the analysis puts it; null where it names none, or none that is there. */
  recorded: Draft | null;
  /** Place of the hook span that it was made from, whose copies have it too; -1 for none. */
  hookIndex: number;
  /** Its parent when it was last asked for: `Drafts.outerOf` has it now. */
  outer: Draft | null;
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

export function callDrafts(profile: Profile, clock: Clock, drafts: Drafts): Draft[] {
  return profile.calls.map((call) => {
    const { start, end } = call;
    const llm = isLlmCall(start);
    const phases = llm ? callPhases(call) : null;
    const [startMs, endMs] = within(clock, start.t, end?.t ?? null);
    const usage = end?.usage ?? null;
    const span: ReportSpan = {
      id: start.id,
      parent: null,
      kind: llm ? 'llm' : 'other',
      name: llm ? (start.model ?? end?.model ?? `${start.method} ${start.path}`) : `${start.method} ${start.path}`,
      startMs,
      endMs: end === null && clock.live ? null : endMs,
      status: end?.status ?? 'incomplete',
      error: end === null || end.status === 'ok' ? null : { message: end.error ?? (end.httpStatus !== null && end.httpStatus >= 400 ? `HTTP ${end.httpStatus}` : `The call was ${end.status === 'cancelled' ? 'cancelled' : 'broken off'}.`) },
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
    return drafts.add({ span, start: startMs, end: endMs, call, phases, hook: null, issuer: null, partOfWireTool: false, index: -1, recorded: null, hookIndex: -1, outer: null });
  });
}

export function hookDrafts(profile: Profile, clock: Clock, drafts: Drafts): Draft[] {
  return profile.hookSpans.map((hook) => {
    const { start, end } = hook;
    const [startMs, endMs] = within(clock, start.t, end?.t ?? null);
    const span: ReportSpan = {
      id: start.id,
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
    const draft = drafts.add({ span, start: startMs, end: endMs, call: null, phases: null, hook, issuer: null, partOfWireTool: false, index: -1, recorded: null, hookIndex: -1, outer: null });
    draft.hookIndex = draft.index;
    return draft;
  });
}

/** A span that nothing measured: a request, a step, a tool seen on the wire. */
export function inferredDraft(drafts: Drafts, fields: Pick<ReportSpan, 'id' | 'parent' | 'kind' | 'name' | 'unattributed' | 'tool'>, start: Milliseconds, end: Milliseconds): Draft {
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
  return drafts.add({ span, start, end, call: null, phases: null, hook: null, issuer: null, partOfWireTool: false, index: -1, recorded: null, hookIndex: -1, outer: null });
}

function within(clock: Clock, start: number, end: number | null): [Milliseconds, Milliseconds] {
  const from = Math.min(Math.max(start, 0), clock.wallMs);
  return [from, Math.min(Math.max(end ?? clock.wallMs, from), clock.wallMs)];
}

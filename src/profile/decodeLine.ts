/**
 * The lines that make up most of a recording, checked by plain code: ten times as fast as by their schemas, which say what is
 * right. What this does not find in order is for the schemas to judge. Pure.
 */
import { HeldStacks } from './heldStacks.ts';
import {
  activitySchema, callEndLineSchema, endpointSchema, evidenceSchema, spanLineSchema, spanSourceSchema,
  type CallEndLine, type CallLine, type MessageDigest, type RecordingLine, type SpanEndLine, type SpanLine, type ToolCall, type Usage,
} from './recordingFormat.ts';

/** Names of models, tools, threads: those that are told apart are held once each. */
const MOST_NAMES = 16_384;

const ENDPOINTS = new Set<unknown>(endpointSchema.options);
export const STATUSES = new Set<unknown>(callEndLineSchema.shape.status.options);
export const EVIDENCE = new Set<unknown>(evidenceSchema.options);
export const KINDS = new Set<unknown>(spanLineSchema.shape.kind.options);
export const SOURCES = new Set<unknown>(spanSourceSchema.options);
export const ACTIVITIES = new Set<unknown>([null, ...activitySchema.options]);

type Raw = Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === 'string';
const isTextOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string';
const isId = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isNumber = (value: unknown): value is number => Number.isFinite(value);
const isNumberOrNull = (value: unknown): value is number | null => value === null || Number.isFinite(value);
const isInt = (value: unknown): value is number => Number.isSafeInteger(value);
const isIntOrNull = (value: unknown): value is number | null => value === null || Number.isSafeInteger(value);
const isObject = (value: unknown): value is Raw => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The items of a list, each made by `one`; null where it is none, or one of them is not in order. */
function listOf<Item>(value: unknown, one: (item: unknown) => Item | null): Item[] | null {
  if (!Array.isArray(value)) return null;
  const items: unknown[] = value;
  const list = new Array<Item>(items.length);
  for (let k = 0; k < items.length; k++) {
    const item = one(items[k]);
    if (item === null) return null;
    list[k] = item;
  }
  return list;
}

const textOf = (value: unknown): string | null => (isText(value) ? value : null);
const numberOf = (value: unknown): number | null => (isNumber(value) ? value : null);

function messageOf(value: unknown): MessageDigest | null {
  if (!isObject(value)) return null;
  const { role, hash, chars, text } = value;
  return isText(role) && isTextOrNull(hash) && isInt(chars) && isTextOrNull(text) ? { role, hash, chars, text } : null;
}

function toolResultOf(value: unknown): { callId: string; bytes: number } | null {
  if (!isObject(value)) return null;
  const { callId, bytes } = value;
  return isText(callId) && isInt(bytes) ? { callId, bytes } : null;
}

function toolCallOf(value: unknown): ToolCall | null {
  if (!isObject(value)) return null;
  const { callId, name, argumentBytes, arguments: given } = value;
  return isText(callId) && isText(name) && isInt(argumentBytes) && isTextOrNull(given) ? { callId, name, argumentBytes, arguments: given } : null;
}

function requestOf(value: unknown): CallLine['request'] | null {
  if (!isObject(value)) return null;
  const { bytes, toolsChars, maxTokens } = value;
  const messages = listOf(value['messages'], messageOf);
  const tools = listOf(value['tools'], textOf);
  const toolResults = listOf(value['toolResults'], toolResultOf);
  if (messages === null || tools === null || toolResults === null || !isIntOrNull(bytes) || !isInt(toolsChars) || !isIntOrNull(maxTokens)) return null;
  return { bytes, messages, tools, toolsChars, toolResults, maxTokens };
}

/** `undefined`: not in order. */
function usageOf(value: unknown): Usage | null | undefined {
  if (value === null) return null;
  if (!isObject(value)) return undefined;
  const { promptTokens, cachedTokens, completionTokens, reasoningTokens, audioSeconds } = value;
  if (!isIntOrNull(promptTokens) || !isIntOrNull(cachedTokens) || !isIntOrNull(completionTokens) || !isIntOrNull(reasoningTokens)) return undefined;
  const usage: Usage = { promptTokens, cachedTokens, completionTokens, reasoningTokens };
  if (audioSeconds === undefined) return usage;
  return isNumber(audioSeconds) && audioSeconds >= 0 ? { ...usage, audioSeconds } : undefined;
}

function serverOf(value: unknown): CallEndLine['server'] | undefined {
  if (value === null) return null;
  if (!isObject(value)) return undefined;
  const { queueMs, prefillMs, decodeMs, inferenceMs, evidence } = value;
  if (!isNumberOrNull(queueMs) || !isNumberOrNull(prefillMs) || !isNumberOrNull(decodeMs) || !EVIDENCE.has(evidence)) return undefined;
  if (inferenceMs !== undefined && (inferenceMs === null || !isNumberOrNull(inferenceMs))) return undefined;
  return { queueMs, prefillMs, decodeMs, ...(inferenceMs === undefined ? {} : { inferenceMs }), evidence: evidence as NonNullable<CallEndLine['server']>['evidence'] };
}

function traceOf(value: unknown): CallLine['trace'] | undefined {
  if (value === null) return null;
  if (!isObject(value)) return undefined;
  const { traceId, spanId } = value;
  return isText(traceId) && isText(spanId) ? { traceId, spanId } : undefined;
}

function spanEndOf({ t, id, status, error, resultBytes }: Raw): SpanEndLine | null {
  if (!isNumber(t) || !isId(id) || !STATUSES.has(status) || !isTextOrNull(error) || !isIntOrNull(resultBytes)) return null;
  return { type: 'spanEnd', t, id, status: status as SpanEndLine['status'], error, resultBytes };
}

export class LineDecoder {
  readonly #stacks: HeldStacks;
  readonly #names = new Map<string, string>();

  constructor(stacks = new HeldStacks()) {
    this.#stacks = stacks;
  }

  /**
   * Calls, spans and their ends as their schemas would give them; null for other lines, and for what is not as those have it.
   * Frames and names that lines have alike are one object.
   */
  decode(raw: unknown): Exclude<RecordingLine, { type: 'header' }> | null {
    if (!isObject(raw)) return null;
    switch (raw['type']) {
      case 'span':
        return this.#spanOf(raw);
      case 'spanEnd':
        return spanEndOf(raw);
      case 'call':
        return this.#callOf(raw);
      case 'callEnd':
        return this.#callEndOf(raw);
      case 'firstToken': {
        const { t, id } = raw;
        return isNumber(t) && isId(id) ? { type: 'firstToken', t, id } : null;
      }
      default:
        return null;
    }
  }

  #spanOf(raw: Raw): SpanLine | null {
    const { t, id, kind, name, parent, pid, thread, unattributed, evidence, source, framework, argumentBytes, activity, detail, callId, after } = raw;
    if (!isNumber(t) || !isId(id) || !KINDS.has(kind) || !isText(name) || !isTextOrNull(parent) || !isInt(pid) || !isText(thread) || !isTextOrNull(unattributed)) return null;
    if (!EVIDENCE.has(evidence) || !SOURCES.has(source) || !isTextOrNull(framework) || !isIntOrNull(argumentBytes) || !ACTIVITIES.has(activity) || !isTextOrNull(detail) || !isTextOrNull(callId) || !(after === undefined || isText(after))) return null;
    const frames = this.#stacks.hold(raw['frames']);
    if (frames === null) return null;
    const line: SpanLine = {
      type: 'span', t, id, kind: kind as SpanLine['kind'], name: this.#name(name), parent, pid, thread: this.#name(thread), frames, unattributed: this.#nameOrNull(unattributed),
      evidence: evidence as SpanLine['evidence'], source: source as SpanLine['source'], framework: this.#nameOrNull(framework), argumentBytes, activity: activity as SpanLine['activity'], detail, callId,
    };
    if (after !== undefined) line.after = after;
    return line;
  }

  #callOf(raw: Raw): CallLine | null {
    const { t, id, endpoint, method, path, server, model, stream, attempt, pid, thread, unattributed, parent, tag } = raw;
    if (!isNumber(t) || !isId(id) || !ENDPOINTS.has(endpoint) || !isText(method) || !isText(path) || !(server === undefined || isText(server)) || !isTextOrNull(model) || typeof stream !== 'boolean') return null;
    if (!isInt(attempt) || attempt < 1 || !isIntOrNull(pid) || !isTextOrNull(thread) || !isTextOrNull(unattributed) || !isTextOrNull(parent) || !(tag === undefined || isText(tag))) return null;
    const frames = this.#stacks.hold(raw['frames']);
    const trace = traceOf(raw['trace']);
    const request = requestOf(raw['request']);
    if (frames === null || trace === undefined || request === null) return null;
    const line: CallLine = {
      type: 'call', t, id, endpoint: endpoint as CallLine['endpoint'], method: this.#name(method), path: this.#name(path), model: this.#nameOrNull(model), stream, attempt, pid,
      thread: this.#nameOrNull(thread), frames, unattributed: this.#nameOrNull(unattributed), parent, trace, request,
    };
    if (server !== undefined) line.server = this.#name(server);
    if (tag !== undefined) line.tag = tag;
    return line;
  }

  #callEndOf(raw: Raw): CallEndLine | null {
    const { t, id, status, httpStatus, error, headersAt, firstTokenAt, usageEvidence, finishReason, model, responseId, responseBytes, text } = raw;
    if (!isNumber(t) || !isId(id) || !STATUSES.has(status) || !isIntOrNull(httpStatus) || !isTextOrNull(error) || !isNumberOrNull(headersAt) || !isNumberOrNull(firstTokenAt)) return null;
    if (!EVIDENCE.has(usageEvidence) || !isTextOrNull(finishReason) || !isTextOrNull(model) || !(responseId === undefined || isTextOrNull(responseId)) || !isIntOrNull(responseBytes) || !isTextOrNull(text)) return null;
    const chunkGaps = listOf(raw['chunkGaps'], numberOf);
    const usage = usageOf(raw['usage']);
    const toolCalls = listOf(raw['toolCalls'], toolCallOf);
    const server = serverOf(raw['server']);
    if (chunkGaps === null || usage === undefined || toolCalls === null || server === undefined) return null;
    const line: CallEndLine = {
      type: 'callEnd', t, id, status: status as CallEndLine['status'], httpStatus, error, headersAt, firstTokenAt, chunkGaps, usage, usageEvidence: usageEvidence as CallEndLine['usageEvidence'],
      finishReason: this.#nameOrNull(finishReason), toolCalls, server, model: this.#nameOrNull(model), responseBytes, text,
    };
    if (responseId !== undefined) line.responseId = responseId;
    return line;
  }

  /** The same text as it was held before. */
  #name(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    if (this.#names.size < MOST_NAMES) this.#names.set(text, text);
    return text;
  }

  #nameOrNull(text: string | null): string | null {
    return text === null ? null : this.#name(text);
  }
}

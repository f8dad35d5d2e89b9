/**
 * What a span of somebody's instrumentation means to us. Read are the names of OpenTelemetry's GenAI conventions, new and
 * old, and those of OpenInference (Arize), Traceloop (OpenLLMetry), Logfire, the Vercel AI SDK and MCP. Of contents only sizes
 * are taken.
 */
import { spanKindSchema, type SpanKind, type TraceSpanLine, type Usage } from '../../profile/recordingFormat.ts';
import { isId, type Attributes, type AttributeValue, type OtlpSpan } from './otlpModel.ts';

/** A line but for its place in time. */
export type TraceSpanMeaning = Omit<TraceSpanLine, 'type' | 't' | 'end'>;

const NS_PER_MS = 1_000_000;
const MS_PER_S = 1000;
const LONGEST_NAME = 200;
const LONGEST_ERROR = 500;

/** Of `gen_ai.operation.name`. */
const OPERATIONS: Readonly<Record<string, SpanKind>> = {
  chat: 'llm',
  generate_content: 'llm',
  text_completion: 'llm',
  embeddings: 'llm',
  execute_tool: 'tool',
  retrieval: 'tool',
  invoke_agent: 'agent',
  create_agent: 'other',
  invoke_workflow: 'agent',
  plan: 'step',
  agent_step: 'step',
};
/** Of `openinference.span.kind`. */
const OPENINFERENCE: Readonly<Record<string, SpanKind>> = { LLM: 'llm', EMBEDDING: 'llm', TOOL: 'tool', RETRIEVER: 'tool', RERANKER: 'tool', AGENT: 'agent', CHAIN: 'step', GUARDRAIL: 'step', EVALUATOR: 'other' };
/** Of `traceloop.span.kind`. */
const TRACELOOP: Readonly<Record<string, SpanKind>> = { workflow: 'agent', agent: 'agent', task: 'step', tool: 'tool' };
/** Of the AI SDK's `ai.operationId`. The calls themselves end in `.do…`. */
const AI_SDK: Readonly<Record<string, SpanKind>> = { 'ai.generateText': 'agent', 'ai.streamText': 'agent', 'ai.generateObject': 'agent', 'ai.streamObject': 'agent', 'ai.toolCall': 'tool' };

const TOOL_NAMES = ['gen_ai.tool.name', 'tool.name', 'tool_call.function.name', 'ai.toolCall.name', 'mcp.tool.name'];
const AGENT_NAMES = ['gen_ai.agent.name', 'gen_ai.workflow.name', 'agent.name', 'ai.telemetry.functionId'];
const ARGUMENTS = ['gen_ai.tool.call.arguments', 'tool_arguments', 'tool.parameters', 'ai.toolCall.args', 'ai.toolCall.input', 'input.value', 'traceloop.entity.input'];
const RESULTS = ['gen_ai.tool.call.result', 'tool_response', 'ai.toolCall.result', 'ai.toolCall.output', 'output.value', 'traceloop.entity.output'];
const CALL_IDS = ['gen_ai.tool.call.id', 'tool_call.id', 'ai.toolCall.id'];
const MODELS = ['gen_ai.response.model', 'gen_ai.request.model', 'llm.model_name', 'embedding.model_name', 'ai.response.model', 'ai.model.id', 'llm.request.model'];
const RESPONSE_IDS = ['gen_ai.response.id', 'ai.response.id', 'llm.response.id'];

const TOKENS: Readonly<Record<Exclude<keyof Usage, 'audioSeconds'>, readonly string[]>> = {
  promptTokens: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.token_count.prompt', 'llm.usage.prompt_tokens', 'ai.usage.promptTokens', 'ai.usage.inputTokens', 'ai.usage.tokens'],
  cachedTokens: ['gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_read_input_tokens', 'llm.token_count.prompt_details.cache_read', 'ai.usage.cachedInputTokens'],
  completionTokens: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'llm.token_count.completion', 'llm.usage.completion_tokens', 'ai.usage.completionTokens', 'ai.usage.outputTokens'],
  reasoningTokens: ['gen_ai.usage.reasoning.output_tokens', 'gen_ai.usage.reasoning_tokens', 'llm.token_count.completion_details.reasoning', 'ai.usage.reasoningTokens'],
};

/** @param toFile makes a file's path absolute, as the program would; null for one that is not of its own code */
export function meaningOf(span: OtlpSpan, toFile: (path: string) => string | null): TraceSpanMeaning | null {
  const { attributes, resource, scope } = span;
  if (!isId(span.traceId, 16) || !isId(span.spanId, 8) || span.endNs < span.startNs || span.startNs === 0n) return null;
  const kind = kindOf(span);
  const http = isHttp(span);
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId !== null && isId(span.parentSpanId, 8) ? span.parentSpanId : null,
    kind,
    name: nameOf(span, kind).slice(0, LONGEST_NAME),
    status: span.statusCode === 2 ? 'error' : 'ok',
    error: span.statusCode === 2 ? errorOf(span) : null,
    pid: integer(resource, ['process.pid']),
    thread: text(attributes, ['thread.name']),
    resource: [text(resource, ['host.name', 'host.id', 'container.id']), integer(resource, ['process.pid']), text(resource, ['service.instance.id', 'service.name'])].map((part) => part ?? '').join('/'),
    scope: [scope.name, scope.version].filter((part) => part !== '').join(' ') || 'unnamed',
    site: siteOf(attributes, toFile),
    http,
    detail: http ? httpDetail(attributes) : null,
    argumentBytes: kind === 'tool' ? sizeOf(attributes, ARGUMENTS) : null,
    resultBytes: kind === 'tool' ? sizeOf(attributes, RESULTS) : null,
    callId: kind === 'tool' ? text(attributes, CALL_IDS) : null,
    llm:
      kind === 'llm'
        ? {
            model: text(attributes, MODELS),
            responseId: text(attributes, RESPONSE_IDS),
            usage: { promptTokens: integer(attributes, TOKENS.promptTokens), cachedTokens: integer(attributes, TOKENS.cachedTokens), completionTokens: integer(attributes, TOKENS.completionTokens), reasoningTokens: integer(attributes, TOKENS.reasoningTokens) },
            stream: boolean(attributes, ['gen_ai.request.stream', 'llm.is_streaming']),
          }
        : null,
    server: serverTimes(attributes, scope.name),
  };
}

/**
 * vLLM's span of a request (`llm_request`), in seconds: V1 (as captured) tells of the phases; V0 only when the first token came
 * and the last, counted from the request's arrival (vllm/engine/llm_engine.py, `create_trace_span`).
 */
function serverTimes(attributes: Attributes, scope: string): TraceSpanMeaning['server'] {
  const ms = (name: string) => {
    const seconds = attributes[`gen_ai.latency.${name}`];
    return typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0 ? seconds * MS_PER_S : null;
  };
  const [queueMs, first, all] = [ms('time_in_queue'), ms('time_to_first_token'), ms('e2e')];
  // What it traces of its own start (`vllm.v1.engine.core`, …) is no request, and no more the program's.
  if (queueMs === null && first === null && all === null && !scope.startsWith('vllm.')) return null;
  const between = (from: number | null, to: number | null) => (from === null || to === null || to < from ? null : to - from);
  return { requestId: text(attributes, ['gen_ai.request.id']), queueMs, prefillMs: ms('time_in_model_prefill') ?? between(queueMs, first), decodeMs: ms('time_in_model_decode') ?? between(first, all) };
}

/** Milliseconds between two moments given in ns since 1970 and in ms. */
export function sinceEpochMs(ns: bigint, epochMs: number): number {
  const whole = ns / BigInt(NS_PER_MS);
  return Number(whole - BigInt(Math.floor(epochMs))) + Number(ns % BigInt(NS_PER_MS)) / NS_PER_MS - (epochMs - Math.floor(epochMs));
}

function kindOf({ attributes, kind, name }: OtlpSpan): SpanKind {
  // A run of ours that was exported says what it had it for.
  const own = spanKindSchema.safeParse(attributes['agent_cost.span.kind']);
  if (own.success) return own.data;
  const operation = text(attributes, ['gen_ai.operation.name']);
  const byOperation = operation === null ? undefined : OPERATIONS[operation];
  if (byOperation !== undefined) return byOperation;
  const openInference = OPENINFERENCE[text(attributes, ['openinference.span.kind']) ?? ''];
  if (openInference !== undefined) return openInference;
  const traceloop = TRACELOOP[text(attributes, ['traceloop.span.kind']) ?? ''];
  if (traceloop !== undefined) return traceloop;
  const aiSdk = text(attributes, ['ai.operationId']);
  if (aiSdk !== null) return AI_SDK[aiSdk] ?? (/\.do[A-Z]/.test(aiSdk) ? 'llm' : 'other');
  // An older convention: no operation, but a kind of request, or a model and what it used.
  if (text(attributes, ['llm.request.type']) !== null) return 'llm';
  if (text(attributes, ['gen_ai.system', 'gen_ai.provider.name']) !== null && text(attributes, ['gen_ai.request.model']) !== null && integer(attributes, TOKENS.completionTokens) !== null) return 'llm';
  // The client's side of a tool's run: what it waits for. The server's own is inside of it.
  const CLIENT = 3;
  const method = text(attributes, ['mcp.method.name']) ?? (/^tools\/call\b/.test(name) ? 'tools/call' : null);
  return method === 'tools/call' && kind === CLIENT ? 'tool' : 'other';
}

function nameOf(span: OtlpSpan, kind: SpanKind): string {
  const { attributes, name } = span;
  const bare = name.replace(/^(?:execute_tool|invoke_agent|invoke_workflow|running tools?:?|agent run|tools\/call)\s+/i, '') || 'unnamed';
  if (kind === 'tool') return text(attributes, TOOL_NAMES) ?? text(attributes, ['traceloop.entity.name']) ?? bare;
  if (kind === 'agent') return text(attributes, AGENT_NAMES) ?? text(attributes, ['traceloop.entity.name']) ?? bare;
  if (kind === 'step') return text(attributes, ['traceloop.entity.name']) ?? bare;
  return name || 'unnamed';
}

function isHttp({ attributes, kind }: OtlpSpan): boolean {
  const CLIENT = 3;
  return kind === CLIENT && text(attributes, ['http.request.method', 'http.method']) !== null;
}

/** `GET en.wikipedia.org/w/api.php`: never a query's values, which may hold keys. */
function httpDetail(attributes: Attributes): string | null {
  const method = text(attributes, ['http.request.method', 'http.method']) ?? '';
  const address = text(attributes, ['url.full', 'http.url']);
  try {
    if (address !== null) {
      const { host, pathname } = new URL(address);
      return `${method} ${host}${pathname}`.slice(0, LONGEST_NAME);
    }
  } catch {
    // No URL: the host alone says where it went.
  }
  const host = text(attributes, ['server.address', 'net.peer.name']);
  return host === null ? null : `${method} ${host}`.slice(0, LONGEST_NAME);
}

function errorOf({ statusMessage, events, attributes }: OtlpSpan): string {
  const thrown = events.find(({ name }) => name === 'exception')?.attributes ?? {};
  const message = statusMessage || text(thrown, ['exception.message']) || text(thrown, ['exception.type']) || text(attributes, ['error.type']) || 'It failed.';
  return message.slice(0, LONGEST_ERROR);
}

function siteOf(attributes: Attributes, toFile: (path: string) => string | null): TraceSpanLine['site'] {
  const path = text(attributes, ['code.file.path', 'code.filepath']);
  const line = integer(attributes, ['code.line.number', 'code.lineno']);
  const file = path === null ? null : toFile(path);
  if (file === null || line === null || line < 1) return null;
  const column = integer(attributes, ['code.column.number', 'code.column']);
  return { file, line, column: column !== null && column >= 1 ? column : null, function: text(attributes, ['code.function.name', 'code.function']) };
}

function text(attributes: Attributes, names: readonly string[]): string | null {
  for (const name of names) {
    const value = attributes[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}

function integer(attributes: Attributes, names: readonly string[]): number | null {
  for (const name of names) {
    const value = attributes[name];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  }
  return null;
}

function boolean(attributes: Attributes, names: readonly string[]): boolean | null {
  for (const name of names) {
    const value = attributes[name];
    if (typeof value === 'boolean') return value;
  }
  return null;
}

/** Bytes of the first of these attributes, as text or as JSON. */
function sizeOf(attributes: Attributes, names: readonly string[]): number | null {
  for (const name of names) {
    const value: AttributeValue | undefined = attributes[name];
    if (value !== undefined && value !== null) return Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value));
  }
  return null;
}

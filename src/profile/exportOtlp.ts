/**
 * A run's spans as OTLP JSON (an `ExportTraceServiceRequest`, https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding),
 * named by OpenTelemetry's GenAI conventions (https://opentelemetry.io/docs/specs/semconv/gen-ai/), with what these have no name
 * for under `agent_cost.`. Prompts and answers are not in it.
 */
import { exportedSpans, type ExportedSpan } from './exportedSpans.ts';
import type { Endpoint } from './recordingFormat.ts';
import type { Report, ReportSpan } from './report.ts';
import { sha256 } from './sha256.ts';
import type { Milliseconds } from './units.ts';
import { LONE_SURROGATE } from './visibleText.ts';

type AnyValue = { stringValue: string } | { intValue: string } | { doubleValue: number } | { boolValue: boolean } | { arrayValue: { values: AnyValue[] } };
interface KeyValue {
  key: string;
  value: AnyValue;
}
type Attributes = Readonly<Record<string, AnyValue | null>>;

const NS_PER_MS = 1_000_000;
/** OTLP's `SpanKind` and `StatusCode`. */
const INTERNAL = 1;
const CLIENT = 3;
const UNSET = 0;
const ERROR = 2;
const OPERATIONS: Readonly<Record<Endpoint, string>> = {
  chat: 'chat',
  responses: 'chat',
  messages: 'chat',
  ollama: 'chat',
  completions: 'text_completion',
  llamacpp: 'text_completion',
  embeddings: 'embeddings',
  // Conventions have no word for these.
  models: 'models',
  opaque: 'opaque',
};

/**
 * The JSON text. A trace is a request, with all that is inside of its agent; what belongs to none is in one trace of its own.
 * @throws RangeError where the run's start is no time
 */
export function toOtlpJson(document: { report: Report }, exporter: { name: string; version: string }): string {
  const { report } = document;
  const startMs = Date.parse(report.run.startedAt);
  if (!Number.isFinite(startMs)) throw new RangeError(`The run's start, "${report.run.startedAt}", is no time: spans of OTLP need one.`);
  const startNs = BigInt(startMs) * BigInt(NS_PER_MS);
  const spans = exportedSpans(report);
  const spanIds = new Map(spans.map((each) => [each, idOf(`${report.run.id}/${each.span.id}`, 8)]));
  const byProcess = new Map<number | null, object[]>();
  for (const each of spans) {
    const of = byProcess.get(each.span.pid);
    const span = {
      traceId: idOf(`${report.run.id}/${requestOf(each)?.span.id ?? ''}`, 16),
      spanId: spanIds.get(each),
      ...(each.parent === null ? {} : { parentSpanId: spanIds.get(each.parent) }),
      name: nameOf(each.span),
      kind: each.span.kind === 'llm' ? CLIENT : INTERNAL,
      startTimeUnixNano: at(startNs, each.startMs),
      endTimeUnixNano: at(startNs, each.endMs),
      attributes: keyValues(spanAttributes(each.span, report)),
      status: each.span.status === 'error' ? { code: ERROR, ...(each.span.error === null ? {} : { message: wellFormed(each.span.error.message) }) } : { code: UNSET },
    };
    if (of === undefined) byProcess.set(each.span.pid, [span]);
    else of.push(span);
  }
  const resourceSpans = [...byProcess].map(([pid, inProcess]) => ({
    resource: { attributes: keyValues(resourceAttributes(report, pid)) },
    scopeSpans: [{ scope: exporter, spans: inProcess }],
  }));
  return `${JSON.stringify({ resourceSpans })}\n`;
}

/** Ids are the bytes of a hash of ours, so that the same recording gives the same ids, and several recordings others. */
function idOf(text: string, bytes: 8 | 16): string {
  return Array.from(sha256(new TextEncoder().encode(text)).subarray(0, bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function requestOf(each: ExportedSpan): ExportedSpan | null {
  let found: ExportedSpan | null = null;
  for (let outer: ExportedSpan | null = each; outer !== null; outer = outer.parent) if (outer.span.kind === 'agent') found = outer;
  return found;
}

function at(startNs: bigint, ms: Milliseconds): string {
  return String(startNs + BigInt(Math.round(ms * NS_PER_MS)));
}

function nameOf({ kind, name, llm, tool }: ReportSpan): string {
  if (llm !== null) return wellFormed(`${OPERATIONS[llm.endpoint]} ${llm.model ?? ''}`.trim());
  if (kind === 'tool') return wellFormed(`execute_tool ${tool?.name ?? name}`);
  return wellFormed(kind === 'agent' ? `invoke_agent ${name}` : name);
}

function resourceAttributes({ run, backend }: Report, pid: number | null): Attributes {
  return {
    'service.name': text(run.name || 'agent'),
    'process.pid': whole(pid),
    'process.working_directory': text(run.cwd),
    'agent_cost.run.id': text(run.id),
    'agent_cost.backend.kind': text(backend.kind),
    'agent_cost.backend.simulated': truth(backend.simulated),
  };
}

function spanAttributes(span: ReportSpan, { backend }: Report): Attributes {
  const { llm, tool, site } = span;
  return {
    'gen_ai.operation.name': text(llm !== null ? OPERATIONS[llm.endpoint] : span.kind === 'tool' ? 'execute_tool' : span.kind === 'agent' ? 'invoke_agent' : null),
    'gen_ai.provider.name': text(llm === null ? null : backend.kind),
    'gen_ai.agent.name': text(span.kind === 'agent' ? span.name : null),
    'code.file.path': text(site?.file),
    'code.line.number': whole(site?.line),
    'code.column.number': whole(site?.column),
    'code.function.name': text(site?.function),
    'thread.name': text(span.thread),
    'error.type': text(span.status !== 'error' ? null : (llm?.httpStatus ?? 0) >= 400 ? String(llm?.httpStatus) : '_OTHER'),
    'agent_cost.span.id': text(span.id),
    'agent_cost.span.kind': text(span.kind),
    'agent_cost.span.status': text(span.status),
    'agent_cost.span.evidence': text(span.evidence),
    'agent_cost.unattributed': text(span.unattributed),
    'agent_cost.framework': text(span.framework),
    'agent_cost.activity': text(span.activity),
    ...(llm === null ? {} : callAttributes(llm)),
    ...(tool === null ? {} : toolAttributes(tool)),
  };
}

function callAttributes(llm: NonNullable<ReportSpan['llm']>): Attributes {
  return {
    'gen_ai.request.model': text(llm.model),
    'gen_ai.response.model': text(llm.model),
    'gen_ai.request.stream': truth(llm.stream),
    'gen_ai.response.finish_reasons': llm.finishReason === null ? null : { arrayValue: { values: [{ stringValue: wellFormed(llm.finishReason) }] } },
    // In seconds, as the conventions have it.
    'gen_ai.response.time_to_first_chunk': real(llm.ttftMs === null ? null : llm.ttftMs / 1000),
    'gen_ai.usage.input_tokens': whole(llm.promptTokens),
    'gen_ai.usage.cache_read.input_tokens': whole(llm.cachedTokens),
    'gen_ai.usage.output_tokens': whole(llm.completionTokens),
    'gen_ai.usage.reasoning.output_tokens': whole(llm.reasoningTokens),
    'http.response.status_code': whole(llm.httpStatus),
    'agent_cost.llm.endpoint': text(llm.endpoint),
    'agent_cost.llm.path': text(llm.path),
    'agent_cost.llm.token_evidence': text(llm.tokenEvidence),
    'agent_cost.llm.queue_ms': real(llm.queueMs),
    'agent_cost.llm.prefill_ms': real(llm.prefillMs),
    'agent_cost.llm.decode_ms': real(llm.decodeMs),
    'agent_cost.llm.inference_ms': real(llm.inferenceMs ?? null),
    'agent_cost.llm.phase_evidence': text(llm.phaseEvidence),
    'agent_cost.llm.energy_wh': real(llm.energyWh.active),
    'agent_cost.llm.energy_grade': text(llm.energyWh.grade),
    'agent_cost.llm.cost_usd': real(llm.costUsd),
  };
}

function toolAttributes(tool: NonNullable<ReportSpan['tool']>): Attributes {
  return {
    'gen_ai.tool.name': text(tool.name),
    'gen_ai.tool.call.id': text(tool.callId),
    'agent_cost.tool.detail': text(tool.detail),
    'agent_cost.tool.argument_bytes': whole(tool.argumentBytes),
    'agent_cost.tool.result_bytes': whole(tool.resultBytes),
    'agent_cost.tool.gpu_idle_ms': real(tool.idleBlameMs),
    'agent_cost.tool.gpu_idle_wh': real(tool.idleEnergyWh),
  };
}

type Unknown = null | undefined;
const text = (value: string | Unknown): AnyValue | null => (value === null || value === undefined ? null : { stringValue: wellFormed(value) });
const truth = (value: boolean): AnyValue => ({ boolValue: value });
const real = (value: number | Unknown): AnyValue | null => (value === null || value === undefined ? null : { doubleValue: value });
const whole = (value: number | Unknown): AnyValue | null => (value === null || value === undefined ? null : { intValue: String(Math.round(value)) });

/** What is not known is left out. */
function keyValues(attributes: Attributes): KeyValue[] {
  return Object.entries(attributes).flatMap(([key, value]) => (value === null ? [] : [{ key, value }]));
}

/** Protobuf's strings are UTF-8, which has no lone surrogates. */
function wellFormed(value: string): string {
  return value.replace(LONE_SURROGATE, '\ufffd');
}

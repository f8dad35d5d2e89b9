/**
 * A recording of another tool's trace: its spans as the program's own tracing, and for each model call in it a call of that time.
 * What such a trace does not tell, the GPU's work, the energy, chunks, prompts, stays unknown.
 */
import type { z } from 'zod';
import { backendSchema, endpointSchema, evidenceSchema, RECORDING_FORMAT, RECORDING_VERSION, type Backend, type CallEndLine, type RecordingLine, type TraceSpanLine } from '../../profile/recordingFormat.ts';
import type { Milliseconds } from '../../profile/units.ts';
import { meaningOf, sinceEpochMs } from '../otlp/meaning.ts';
import type { Attributes, OtlpSpan } from '../otlp/otlpModel.ts';
import { ImportError } from './foreignSpan.ts';
import { spanKey, type ReadTrace } from './readTraceFile.ts';

export interface ImportOptions {
  /** Of the run. */
  name: string;
  /** Random. */
  id: string;
  /** What was imported, for the warning that says so. */
  file: string;
  /** Where the program is taken to have run if the trace does not say it. */
  cwd: string;
  producer: { name: string; version: string };
  toFile: (path: string) => string | null;
}

export interface Imported {
  lines: RecordingLine[];
  calls: number;
  spans: number;
  /** Spans without valid ids or times. */
  leftOut: number;
}

/** @throws ImportError where no span in it is valid */
export function importedRecording({ format, spans, unended, undated }: ReadTrace, options: ImportOptions): Imported {
  const read = spans.flatMap((span) => {
    const meaning = meaningOf(span, options.toFile);
    return meaning === null ? [] : [{ span, meaning }];
  });
  const [first] = read;
  if (first === undefined) throw new ImportError('no span in it has valid ids and times');
  const startNs = read.reduce((least, { span }) => (span.startNs < least ? span.startNs : least), first.span.startNs);
  // The header's time has no more digits.
  const startedAtMs = Number(startNs / 1_000_000n);
  const at = (ns: bigint): Milliseconds => Math.round(sinceEpochMs(ns, startedAtMs) * 1000) / 1000;
  const placed = read.map(({ span, meaning }): { span: OtlpSpan; line: TraceSpanLine } => ({ span, line: { type: 'traceSpan', t: at(span.startNs), end: at(span.endNs), ...meaning } }));
  // Of two instrumentations of one call, the outer one is no call of its own.
  const around = new Set(placed.filter(({ line }) => line.kind === 'llm').map(({ line }) => `${line.traceId}:${line.parentSpanId}`));
  const calling = placed.filter(({ line }) => line.kind === 'llm' && !around.has(spanKey(line)));
  const resource = first.span.resource;
  const models = new Set(calling.map(({ line }) => line.llm?.model ?? null));
  const lastT = placed.reduce((last, { line }) => Math.max(last, line.end), 0);
  const backend: Backend = { kind: known(backendSchema.shape.kind, resource['agent_cost.backend.kind']) ?? 'unknown', url: null, version: null, model: models.size === 1 ? ([...models][0] ?? null) : null, gpu: null, simulated: resource['agent_cost.backend.simulated'] === true };
  const said = [
    `Imported from ${options.file} (${format}): what that does not tell, such as the GPU’s work and its energy, is not known.`,
    ...(undated ? ['It does not say when it was recorded: the file’s own date stands for it.'] : []),
    ...(unended.size > 0 ? [`Of ${unended.size} spans the end is not in it: they are shown until the last one’s.`] : []),
  ].join(' ');
  return {
    lines: [
      { type: 'header', format: RECORDING_FORMAT, version: RECORDING_VERSION, id: options.id, name: options.name, startedAt: new Date(startedAtMs).toISOString(), command: [], cwd: text(resource, 'process.working_directory') ?? options.cwd, capture: 'none', backend, gpuProfile: null, modelProfile: null, priceProfile: null, gpuCount: 1, producer: options.producer },
      { type: 'warning', t: 0, code: 'imported', message: said },
      ...placed.map(({ line }) => line),
      ...calling.flatMap(({ span, line }) => callOf(span, line, unended.has(spanKey(line)))),
      { type: 'end', t: lastT, exitCode: null, signal: null },
    ],
    calls: calling.length,
    spans: placed.length,
    leftOut: spans.length - read.length,
  };
}

function callOf({ attributes }: OtlpSpan, line: TraceSpanLine, open: boolean): RecordingLine[] {
  const id = `call-${line.traceId}-${line.spanId}`;
  const seconds = number(attributes, 'gen_ai.response.time_to_first_chunk');
  const stream = line.llm?.stream ?? seconds !== null;
  const model = line.llm?.model ?? null;
  const start: RecordingLine = {
    type: 'call',
    t: line.t,
    id,
    endpoint: endpointOf(attributes),
    method: 'POST',
    path: text(attributes, 'agent_cost.llm.path') ?? '',
    model,
    stream,
    attempt: 1,
    pid: line.pid,
    thread: line.thread,
    frames: line.site === null ? [] : [line.site],
    unattributed: line.site === null ? (text(attributes, 'agent_cost.unattributed') ?? `Its tracing (${line.scope}) names no line.`) : null,
    parent: null,
    // By this it is joined with its span, and so gets its place.
    trace: { traceId: line.traceId, spanId: line.spanId },
    request: { bytes: null, messages: [], tools: [], toolsChars: 0, toolResults: [], maxTokens: null },
  };
  if (open) return [start];
  const usage = line.llm?.usage ?? null;
  const end: CallEndLine = {
    type: 'callEnd',
    t: line.end,
    id,
    status: text(attributes, 'agent_cost.span.status') === 'cancelled' ? 'cancelled' : line.status,
    httpStatus: number(attributes, 'http.response.status_code'),
    error: line.error,
    headersAt: null,
    firstTokenAt: stream && seconds !== null ? Math.min(line.end, line.t + seconds * 1000) : null,
    chunkGaps: [],
    usage: usage !== null && Object.values(usage).some((count) => count !== null) ? usage : null,
    usageEvidence: known(evidenceSchema, attributes['agent_cost.llm.token_evidence']) ?? 'measured',
    finishReason: finishOf(attributes),
    toolCalls: [],
    server: serverOf(attributes),
    model,
    responseId: line.llm?.responseId ?? null,
    responseBytes: null,
    text: null,
  };
  return [start, end];
}

/** Phases are in what we exported ourselves; those that were inferred from a stream would be again. */
function serverOf(attributes: Attributes): CallEndLine['server'] {
  const evidence = known(evidenceSchema, attributes['agent_cost.llm.phase_evidence']);
  if (evidence !== 'measured' && evidence !== 'simulated') return null;
  const inferenceMs = number(attributes, 'agent_cost.llm.inference_ms');
  const times = { queueMs: number(attributes, 'agent_cost.llm.queue_ms'), prefillMs: number(attributes, 'agent_cost.llm.prefill_ms'), decodeMs: number(attributes, 'agent_cost.llm.decode_ms') };
  return { ...times, ...(inferenceMs === null ? {} : { inferenceMs }), evidence };
}

function endpointOf(attributes: Attributes): z.infer<typeof endpointSchema> {
  const operation = attributes['gen_ai.operation.name'];
  return known(endpointSchema, attributes['agent_cost.llm.endpoint']) ?? (operation === 'embeddings' || attributes['openinference.span.kind'] === 'EMBEDDING' ? 'embeddings' : operation === 'text_completion' ? 'completions' : 'chat');
}

function finishOf(attributes: Attributes): string | null {
  const reasons = attributes['gen_ai.response.finish_reasons'];
  const first: unknown = Array.isArray(reasons) ? reasons[0] : reasons;
  return typeof first === 'string' ? first : null;
}

function known<Value>(schema: z.ZodType<Value>, value: unknown): Value | null {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

function text(attributes: Attributes, name: string): string | null {
  const value = attributes[name];
  return typeof value === 'string' ? value : null;
}

function number(attributes: Attributes, name: string): number | null {
  const value = attributes[name];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

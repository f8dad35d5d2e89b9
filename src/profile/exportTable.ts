/** A run's spans as a tidy table: a row for each, a column for each figure with its unit in the name. `docs/exports.md` says the same. */
import { csvRecord } from './csvText.ts';
import { exportedSpans, type ExportedSpan } from './exportedSpans.ts';
import type { Report, ReportSpan } from './report.ts';

export type SpanColumnKind = 'text' | 'integer' | 'number' | 'truth' | 'time';
/** Null where it is not known, or does not apply. */
export type SpanCell = string | number | boolean | null;

export interface SpanColumn {
  name: string;
  kind: SpanColumnKind;
  description: string;
  valueOf: (each: ExportedSpan, report: Report) => SpanCell;
}

const ofSpan = (name: string, kind: SpanColumnKind, description: string, value: (span: ReportSpan) => SpanCell | undefined): SpanColumn => ({ name, kind, description, valueOf: ({ span }) => value(span) ?? null });

export const SPAN_COLUMNS: readonly SpanColumn[] = [
  { name: 'run', kind: 'text', description: 'the run’s id: tells runs apart in a table of several', valueOf: (_, { run }) => run.id },
  { name: 'run_name', kind: 'text', description: 'its name', valueOf: (_, { run }) => run.name },
  { name: 'simulated', kind: 'truth', description: 'the embedded server answered', valueOf: (_, { backend }) => backend.simulated },
  ofSpan('span', 'text', 'id of the span, within the run', ({ id }) => id),
  ofSpan('parent', 'text', 'the span around it', ({ parent }) => parent),
  { name: 'request', kind: 'text', description: 'the outermost agent around it: the request that it belongs to', valueOf: requestOf },
  ofSpan('kind', 'text', '`agent`, `step`, `llm`, `tool` or `other`', ({ kind }) => kind),
  ofSpan('name', 'text', 'what it is called', ({ name }) => name),
  ofSpan('status', 'text', '`ok`, `error`, `cancelled` or `incomplete`', ({ status }) => status),
  ofSpan('error', 'text', 'why it failed', ({ error }) => error?.message),
  ofSpan('evidence', 'text', 'how its times are known: `measured`, `sampled`, `inferred`, `estimated` or `simulated`', ({ evidence }) => evidence),
  { name: 'started_at', kind: 'time', description: 'when it began, by the wall clock at the run’s start', valueOf: ({ startMs }, { run }) => timeAt(run.startedAt, startMs) },
  { name: 'start_ms', kind: 'number', description: 'the same from the run’s start', valueOf: ({ startMs }) => startMs },
  { name: 'duration_ms', kind: 'number', description: 'until its end, or the run’s where that was not seen', valueOf: ({ startMs, endMs }) => endMs - startMs },
  ofSpan('file', 'text', 'the line of your code: its file', ({ site }) => site?.file),
  ofSpan('line', 'integer', 'its number, from 1', ({ site }) => site?.line),
  ofSpan('function', 'text', 'the function that it is in', ({ site }) => site?.function),
  ofSpan('unattributed', 'text', 'why there is no line', ({ unattributed }) => unattributed),
  ofSpan('pid', 'integer', 'the process', ({ pid }) => pid),
  ofSpan('thread', 'text', 'the thread', ({ thread }) => thread),
  ofSpan('source', 'text', 'how it was seen inside the program', ({ source }) => source),
  ofSpan('framework', 'text', 'the framework that it is a part of', ({ framework }) => framework),
  ofSpan('activity', 'text', 'what most of its time went into', ({ activity }) => activity),
  ofSpan('model', 'text', 'model call: the model', ({ llm }) => llm?.model),
  ofSpan('endpoint', 'text', 'model call: what was asked for', ({ llm }) => llm?.endpoint),
  ofSpan('stream', 'truth', 'model call: whether the answer came as a stream', ({ llm }) => llm?.stream),
  ofSpan('queue_ms', 'number', 'model call: waiting at the server', ({ llm }) => llm?.queueMs),
  ofSpan('prefill_ms', 'number', 'model call: its prompt being read', ({ llm }) => llm?.prefillMs),
  ofSpan('decode_ms', 'number', 'model call: its answer being written', ({ llm }) => llm?.decodeMs),
  ofSpan('inference_ms', 'number', 'model call: prompt and answer together, of a server that does not tell them apart', ({ llm }) => llm?.inferenceMs),
  ofSpan('phase_evidence', 'text', 'how these are known', ({ llm }) => llm?.phaseEvidence),
  ofSpan('phase_source', 'text', 'and from where: `answer`, `trace`, `counters` or `stream`', ({ llm }) => llm?.phaseSource),
  ofSpan('ttft_ms', 'number', 'model call: until the first token', ({ llm }) => llm?.ttftMs),
  ofSpan('tokens_per_arrival', 'number', 'model call: how many tokens of the stream came at once, where it was more than one', ({ llm }) => llm?.tokensPerArrival),
  ofSpan('prompt_tokens', 'integer', 'read by the model, cached ones included', ({ llm }) => llm?.promptTokens),
  ofSpan('cached_tokens', 'integer', "those that the server's cache spared", ({ llm }) => llm?.cachedTokens),
  ofSpan('completion_tokens', 'integer', 'written by the model', ({ llm }) => llm?.completionTokens),
  ofSpan('reasoning_tokens', 'integer', 'those of them that were reasoning', ({ llm }) => llm?.reasoningTokens),
  ofSpan('audio_seconds', 'number', 'model call: length of the audio that it is charged for, of a server that counts no tokens there', ({ llm }) => llm?.audioSeconds),
  ofSpan('token_evidence', 'text', 'how tokens are known', ({ llm }) => llm?.tokenEvidence),
  ofSpan('instruction_tokens', 'number', 'of the prompt: instructions and tools (estimated, as are the next four)', ({ llm }) => llm?.roles?.instruction),
  ofSpan('few_shot_tokens', 'number', 'of the prompt: worked examples', ({ llm }) => llm?.roles?.fewShot),
  ofSpan('user_tokens', 'number', 'of the prompt: the user', ({ llm }) => llm?.roles?.user),
  ofSpan('llm_history_tokens', 'number', 'of the prompt: earlier answers', ({ llm }) => llm?.roles?.llmHistory),
  ofSpan('tool_history_tokens', 'number', 'of the prompt: results of tools', ({ llm }) => llm?.roles?.toolHistory),
  ofSpan('finish_reason', 'text', 'model call: why the answer ended', ({ llm }) => llm?.finishReason),
  ofSpan('http_status', 'integer', 'model call: status of the answer', ({ llm }) => llm?.httpStatus),
  ofSpan('retry_of', 'text', 'model call: the failed call that it tried again', ({ llm }) => llm?.retryOf),
  ofSpan('active_energy_wh', 'number', 'model call: its part of the GPU’s energy', ({ llm }) => llm?.energyWh.active),
  ofSpan('energy_low_wh', 'number', 'the least that it may be', ({ llm }) => llm?.energyWh.band?.[0]),
  ofSpan('energy_high_wh', 'number', 'the most', ({ llm }) => llm?.energyWh.band?.[1]),
  ofSpan('energy_grade', 'text', 'how energy is known: `counter`, `integrated`, `model` or `simulated`', ({ llm }) => llm?.energyWh.grade),
  ofSpan('cost_usd', 'number', 'model call: money', ({ llm }) => llm?.costUsd),
  ofSpan('tool_call', 'text', 'tool: id of the model’s call that it answers', ({ tool }) => tool?.callId),
  ofSpan('detail', 'text', 'tool: what it did, for people', ({ tool }) => tool?.detail),
  ofSpan('argument_bytes', 'integer', 'tool: size of its arguments', ({ tool }) => tool?.argumentBytes),
  ofSpan('result_bytes', 'integer', 'tool: size of its result', ({ tool }) => tool?.resultBytes),
  ofSpan('gpu_idle_ms', 'number', 'tool: how long the GPU idled while the agent waited for it', ({ tool }) => tool?.idleBlameMs),
  ofSpan('gpu_idle_wh', 'number', 'tool: energy of that', ({ tool }) => tool?.idleEnergyWh),
];

function requestOf(each: ExportedSpan): string | null {
  let found: ExportedSpan | null = null;
  for (let at: ExportedSpan | null = each; at !== null; at = at.parent) if (at.span.kind === 'agent') found = at;
  return found?.span.id ?? null;
}

/** ISO 8601 to the millisecond; null where the run's start is no time. */
function timeAt(startedAt: string, ms: number): string | null {
  const at = Date.parse(startedAt) + ms;
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : null;
}

/** The cells, in the order of `SPAN_COLUMNS`; rows in order of start. */
export function spanRows(report: Report): SpanCell[][] {
  return exportedSpans(report).map((each) => SPAN_COLUMNS.map(({ valueOf }) => valueOf(each, report)));
}

export function toSpanCsv(document: { report: Report }): string {
  return [SPAN_COLUMNS.map(({ name }) => name), ...spanRows(document.report)].map(csvRecord).join('');
}

const KIND_NAMES: Readonly<Record<SpanColumnKind, string>> = { text: 'text', integer: 'whole number', number: 'number', truth: 'true or false', time: 'time (UTC)' };

/** The columns as a table in Markdown. */
export function spanColumnsMarkdown(): string {
  return ['| column | | |', '|---|---|---|', ...SPAN_COLUMNS.map(({ name, kind, description }) => `| \`${name}\` | ${KIND_NAMES[kind]} | ${description} |`)].join('\n');
}

/**
 * Spans as they cross to the timeline: columns of numbers in typed arrays, which are moved and not parsed, and tables of
 * what many spans have alike (their form: name, place, thread), each entry sent once. Spans are known by numbers, given in
 * order of start; a number never changes while a document is shown.
 */
import type { ReportSpan } from '../profile/report.ts';

type Llm = NonNullable<ReportSpan['llm']>;
type Tool = NonNullable<ReportSpan['tool']>;

/** What spans of the same call in the source have alike. `tool`: the tool's name, null where it is no tool. */
export type SpanForm = Omit<ReportSpan, 'id' | 'parent' | 'startMs' | 'endMs' | 'error' | 'llm' | 'tool'> & { tool: Tool['name'] | null };

/** What model calls have alike. */
export type LlmForm = Pick<Llm, 'model' | 'endpoint' | 'path' | 'stream' | 'phaseEvidence' | 'phaseSource' | 'tokenEvidence' | 'finishReason' | 'rolesEvidence'> & {
  /** Whether there are roles at all; their numbers are in the row. */
  roles: boolean;
  grade: Llm['energyWh']['grade'];
};

/** What few spans have. */
export type SpanExtra = Pick<ReportSpan, 'error'>;

/** Texts one after the other; `ends[i]` is where text `i` ends, `~end` where it is null. */
export interface TextColumn {
  text: string;
  ends: Int32Array;
}

/** Numbers of some rows, by column: null where none has one there. NaN is null. */
export type NumberColumns = (Float64Array | null)[];

/** Places of the phases' lengths in a model call's row of numbers. */
export const QUEUE_MS = 0;
export const PREFILL_MS = 1;
export const DECODE_MS = 2;
/** Place of its active energy. */
export const LLM_ENERGY = 18;
/** Place of a tool's idle energy in its row. */
export const TOOL_IDLE_ENERGY = 3;
/** How many numbers a model call's row and a tool's have. */
export const LLM_NUMBERS = 27;
export const TOOL_NUMBERS = 4;
/** How many texts a model call's row has. */
export const LLM_TEXTS = 5;

/** Some spans. All columns but those of `llm` and `tool` have one entry for each. */
export interface SpanSlice {
  /** Which spans they replace; null where they follow on those known so far. */
  numbers: Int32Array | null;
  ids: TextColumn;
  start: Float64Array;
  /** NaN while the span runs. */
  end: Float64Array;
  /** Number of the parent; -1 where it is none, or not in the document. */
  parent: Int32Array;
  /** Place in the table of forms. */
  form: Int32Array;
  /** Places in this slice of the model calls, in order, and a row of numbers and a form for each. */
  llm: Int32Array;
  llmNumbers: NumberColumns;
  llmForm: Int32Array;
  /** `LLM_TEXTS` for each. */
  llmTexts: TextColumn;
  /** As for model calls; `toolTexts` has the id of the call and the detail, two for each. */
  tool: Int32Array;
  toolNumbers: NumberColumns;
  toolTexts: TextColumn;
  /** By place in this slice. */
  extras: [place: number, extra: SpanExtra][];
  /** Entries that the tables have from here on. */
  newForms: SpanForm[];
  newLlmForms: LlmForm[];
}

/** The numbers' memory, so that it can be handed over and not copied. */
export function spanBuffers({ numbers, start, end, parent, form, ids, llm, llmForm, llmNumbers, llmTexts: texts, tool, toolNumbers, toolTexts }: SpanSlice): ArrayBuffer[] {
  return [numbers, start, end, parent, form, ids.ends, llm, llmForm, texts.ends, tool, toolTexts.ends, ...llmNumbers, ...toolNumbers].flatMap((column) => (column === null ? [] : [column.buffer as ArrayBuffer]));
}

/** A type of which a literal must name every field, those that may be absent too: a field added to the report is not forgotten here. */
export type Complete<T> = { [Key in keyof Required<T>]: T[Key] };

const known = (number: number): number | null => (Number.isNaN(number) ? null : number);

/** The numbers of a model call, in the order of its row. */
export function llmNumbers({ itlMs, roles, energyWh, ...llm }: Llm): readonly (number | null | undefined)[] {
  return [
    llm.queueMs, llm.prefillMs, llm.decodeMs, llm.ttftMs, itlMs.p50, itlMs.p95, itlMs.p99, itlMs.max,
    llm.promptTokens, llm.cachedTokens, llm.completionTokens, llm.reasoningTokens,
    roles?.instruction, roles?.fewShot, roles?.user, roles?.llmHistory, roles?.toolHistory, roles?.output,
    energyWh.active, energyWh.band?.[0], energyWh.band?.[1], llm.costUsd, llm.httpStatus, llm.attempt, llm.inferenceMs, llm.audioSeconds, llm.tokensPerArrival,
  ];
}

/** What is left of a model call without its numbers: of its form, and its own. */
export function llmFormOf(llm: Llm): LlmForm {
  const { model, endpoint, path, stream, phaseEvidence, phaseSource, tokenEvidence, finishReason, rolesEvidence } = llm;
  return { model, endpoint, path, stream, phaseEvidence, phaseSource, tokenEvidence, finishReason, rolesEvidence, roles: llm.roles !== null, grade: llm.energyWh.grade };
}

/** The texts of a model call, in the order of its row. */
export function llmTexts({ retryOf, continues, promptText, answerText, toolCalls }: Llm): readonly (string | null)[] {
  return [retryOf, continues ?? null, promptText, answerText, toolCalls === undefined ? null : JSON.stringify(toolCalls)];
}

/** The model call of a form, with `at` for the number in each place of its row, and `textAt` for the text. */
export function readLlm(at: (place: number) => number, form: LlmForm, textAt: (place: number) => string | null): Llm {
  const value = (place: number): number | null => known(at(place));
  const { roles, grade, ...alike } = form;
  const low = value(19);
  const toolCalls = textAt(4);
  const llm: Complete<Llm> = {
    ...(alike as Complete<typeof alike>),
    queueMs: value(QUEUE_MS), prefillMs: value(PREFILL_MS), decodeMs: value(DECODE_MS), ttftMs: value(3), inferenceMs: value(24) ?? undefined,
    itlMs: { p50: value(4), p95: value(5), p99: value(6), max: value(7) },
    promptTokens: value(8), cachedTokens: value(9), completionTokens: value(10), reasoningTokens: value(11),
    roles: roles ? { instruction: value(12), fewShot: value(13), user: value(14), llmHistory: value(15), toolHistory: value(16), output: value(17) } : null,
    energyWh: { active: value(LLM_ENERGY), grade, band: low === null ? null : [low, value(20) ?? low] },
    costUsd: value(21), httpStatus: value(22), attempt: value(23) ?? 1, audioSeconds: value(25) ?? undefined, tokensPerArrival: value(26) ?? undefined,
    retryOf: textAt(0), continues: textAt(1) ?? undefined, promptText: textAt(2), answerText: textAt(3), toolCalls: toolCalls === null ? undefined : (JSON.parse(toolCalls) as Llm['toolCalls']),
  };
  return llm;
}

/** The numbers of a tool, in the order of its row. */
export function toolNumbers(tool: Tool): readonly (number | null | undefined)[] {
  return [tool.resultBytes, tool.argumentBytes, tool.idleBlameMs, tool.idleEnergyWh];
}

/** A tool, with `at` for the number in each place of its row. */
export function readTool(at: (place: number) => number, name: string, callId: string | null, detail: string | null): Tool {
  const tool: Complete<Tool> = { name, callId, detail, resultBytes: known(at(0)), argumentBytes: known(at(1)), idleBlameMs: known(at(2)), idleEnergyWh: known(at(TOOL_IDLE_ENERGY)) };
  return tool;
}

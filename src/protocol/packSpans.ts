/** From a document's spans to columns, a slice at a time, and from one document to the next. */
import { saneTime } from '../profile/saneTime.ts';
import { LLM_NUMBERS, llmFormOf, llmNumbers, llmTexts, TOOL_NUMBERS, toolNumbers, type Complete, type LlmForm, type NumberColumns, type SpanExtra, type SpanForm, type SpanSlice, type TextColumn } from './spanColumns.ts';
import type { ReportSpan } from '../profile/report.ts';
import type { Site } from '../profile/recordingFormat.ts';

/** Spans in a slice: a few milliseconds of work, on either side. */
export const SLICE_SPANS = 4096;
/** Numbers are given faster. */
const NUMBERED_AT_ONCE = 16_384;

/** By start; of two that start together the longer one first, as it may be the other's parent. */
function byStart(a: ReportSpan, b: ReportSpan): number {
  return saneTime(a.startMs) - saneTime(b.startMs) || saneTime(b.endMs ?? Infinity) - saneTime(a.endMs ?? Infinity);
}

function inOrderOfStart(spans: readonly ReportSpan[]): readonly ReportSpan[] {
  for (let i = 1; i < spans.length; i++) {
    if (byStart(spans[i - 1] as ReportSpan, spans[i] as ReportSpan) > 0) return [...spans].sort(byStart);
  }
  return spans;
}

/** Every field of a form that its key must tell apart; the type holds it to all of them. */
type KeyOf<Form> = { [Key in keyof Required<Form>]: string | number | boolean | null | undefined };

/** Packs the spans of one document, and what changes of them, for one reader, who has to be given all of its slices in their order. */
export class SpanPacker {
  private readonly numbers = new Map<string, number>();
  private readonly texts = new Map<string, number>();
  private readonly stacks = new Map<string, number>();
  private readonly forms = new Map<string, number>();
  private readonly llmForms = new Map<string, number>();
  /** Spans whose parent was in no document so far, by its id. */
  private readonly orphans = new Map<string, Set<string>>();
  private next = 0;

  /** Number of a span that was packed; -1 for others. */
  numberOf(id: string): number {
    return this.numbers.get(id) ?? -1;
  }

  /**
   * Packs spans that are new to the reader, a slice whenever one is asked for; null where there is none yet, as all must be
   * numbered first. Ids that are there already are left out.
   */
  *add(spans: readonly ReportSpan[]): Generator<SpanSlice | null, void> {
    const ordered = inOrderOfStart(spans);
    const added: ReportSpan[] = [];
    for (let k = 0; k < ordered.length; k++) {
      const span = ordered[k] as ReportSpan;
      if (this.number(span.id)) added.push(span);
      if (k % NUMBERED_AT_ONCE === NUMBERED_AT_ONCE - 1) yield null;
    }
    for (let from = 0; from < added.length; from += SLICE_SPANS) yield this.pack(added.slice(from, from + SLICE_SPANS), null);
  }

  /**
   * Packs what has changed: `changed` replaces or adds spans by id. What is replaced comes first: what ended makes room for what began.
   * @param find a span by its id, for those whose parent has come only now
   */
  update(changed: readonly ReportSpan[], find: (id: string) => ReportSpan | undefined): SpanSlice[] {
    const old = new Map<string, ReportSpan>();
    const added: ReportSpan[] = [];
    for (const span of inOrderOfStart(changed)) {
      if (this.number(span.id)) added.push(span);
      else old.set(span.id, span);
    }
    const fresh = new Set(added.map(({ id }) => id));
    for (const id of fresh) {
      for (const child of this.orphans.get(id) ?? []) {
        const span = fresh.has(child) || old.has(child) ? undefined : find(child);
        if (span !== undefined) old.set(child, span);
      }
      this.orphans.delete(id);
    }
    const replaced = [...old.values()];
    const slices: SpanSlice[] = [];
    for (let from = 0; from < replaced.length; from += SLICE_SPANS) {
      const some = replaced.slice(from, from + SLICE_SPANS);
      slices.push(this.pack(some, Int32Array.from(some, ({ id }) => this.numberOf(id))));
    }
    for (let from = 0; from < added.length; from += SLICE_SPANS) slices.push(this.pack(added.slice(from, from + SLICE_SPANS), null));
    return slices;
  }

  /** Gives a span its number; false where it has one. */
  private number(id: string): boolean {
    if (this.numbers.has(id)) return false;
    this.numbers.set(id, this.next++);
    return true;
  }

  /** Numbers of removed spans, which are given to none again. */
  remove(ids: readonly string[]): number[] {
    return ids.flatMap((id) => {
      const number = this.numbers.get(id);
      this.numbers.delete(id);
      return number ?? [];
    });
  }

  private pack(spans: readonly ReportSpan[], numbers: Int32Array | null): SpanSlice {
    const length = spans.length;
    const start = new Float64Array(length);
    const end = new Float64Array(length);
    const parent = new Int32Array(length);
    const form = new Int32Array(length);
    const newForms: SpanForm[] = [];
    const newLlmForms: LlmForm[] = [];
    const llm: number[] = [];
    const llmForm: number[] = [];
    const llmRows: (readonly (number | null | undefined)[])[] = [];
    const texts: (string | null)[] = [];
    const tool: number[] = [];
    const toolRows: (readonly (number | null | undefined)[])[] = [];
    const toolTexts: (string | null)[] = [];
    const extras: [number, SpanExtra][] = [];
    spans.forEach((span, place) => {
      start[place] = span.startMs;
      end[place] = span.endMs ?? NaN;
      parent[place] = this.parentOf(span);
      form[place] = this.formOf(span, newForms);
      if (span.llm !== null) {
        llm.push(place);
        llmForm.push(this.llmFormOf(llmFormOf(span.llm), newLlmForms));
        llmRows.push(llmNumbers(span.llm));
        texts.push(...llmTexts(span.llm));
      }
      if (span.tool !== null) {
        tool.push(place);
        toolRows.push(toolNumbers(span.tool));
        toolTexts.push(span.tool.callId, span.tool.detail);
      }
      if (span.error !== null) extras.push([place, { error: span.error }]);
    });
    return {
      numbers,
      ids: textColumn(numbers === null ? spans.map(({ id }) => id) : []),
      start,
      end,
      parent,
      form,
      llm: Int32Array.from(llm),
      llmNumbers: columnsOf(llmRows, LLM_NUMBERS),
      llmForm: Int32Array.from(llmForm),
      llmTexts: textColumn(texts),
      tool: Int32Array.from(tool),
      toolNumbers: columnsOf(toolRows, TOOL_NUMBERS),
      toolTexts: textColumn(toolTexts),
      extras,
      newForms,
      newLlmForms,
    };
  }

  private parentOf({ id, parent }: ReportSpan): number {
    if (parent === null) return -1;
    const number = this.numberOf(parent);
    if (number < 0) {
      const waiting = this.orphans.get(parent);
      if (waiting === undefined) this.orphans.set(parent, new Set([id]));
      else waiting.add(id);
    }
    return number;
  }

  private formOf(span: ReportSpan, added: SpanForm[]): number {
    const { kind, name, status, evidence, thread, pid, site, unattributed, frames, source, framework, activity } = span;
    const tool = span.tool?.name ?? null;
    const key: KeyOf<SpanForm> = {
      kind,
      name: this.text(name),
      status,
      evidence,
      thread: this.text(thread),
      pid,
      site: site === null ? -1 : this.stack([site]),
      unattributed: this.text(unattributed),
      frames: this.stack(frames),
      source,
      framework: this.text(framework),
      activity,
      tool: this.text(tool),
    };
    return placeIn(this.forms, Object.values(key).join(), added, (): Complete<SpanForm> => ({ kind, name, status, evidence, thread, pid, site, unattributed, frames, source, framework, activity, tool }));
  }

  private llmFormOf(form: LlmForm, added: LlmForm[]): number {
    const key: KeyOf<LlmForm> = { ...form, model: this.text(form.model), path: this.text(form.path), finishReason: this.text(form.finishReason), phaseSource: form.phaseSource };
    return placeIn(this.llmForms, Object.values(key).join(), added, () => form);
  }

  /** A number that stands for a text in keys, so that no text can look like two. */
  private text(text: string | null): number {
    if (text === null) return -1;
    let number = this.texts.get(text);
    if (number === undefined) this.texts.set(text, (number = this.texts.size));
    return number;
  }

  private stack(frames: readonly Site[]): number {
    let key = '';
    for (const { file, line, column, function: name } of frames) key += `${this.text(file)}:${line}:${column}:${this.text(name)};`;
    let number = this.stacks.get(key);
    if (number === undefined) this.stacks.set(key, (number = this.stacks.size));
    return number;
  }
}

/** The place that a table has for a key; an entry is made for one that is new. */
function placeIn<Entry>(table: Map<string, number>, key: string, added: Entry[], make: () => Entry): number {
  let place = table.get(key);
  if (place === undefined) {
    table.set(key, (place = table.size));
    added.push(make());
  }
  return place;
}

function columnsOf(rows: readonly (readonly (number | null | undefined)[])[], width: number): NumberColumns {
  const columns = new Array<Float64Array | null>(width).fill(null);
  rows.forEach((numbers, row) => {
    for (let k = 0; k < width; k++) {
      const value = numbers[k];
      if (value !== null && value !== undefined) (columns[k] ??= new Float64Array(rows.length).fill(NaN))[row] = value;
    }
  });
  return columns;
}

function textColumn(texts: readonly (string | null)[]): TextColumn {
  let at = 0;
  const ends = Int32Array.from(texts, (text) => {
    at += text?.length ?? 0;
    return text === null ? ~at : at;
  });
  return { text: texts.join(''), ends };
}

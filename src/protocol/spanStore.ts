/** The spans of a document in columns; a span as an object is made when it is asked for. */
import { withRoom } from './growing.ts';
import { IdIndex } from './idIndex.ts';
import { NumberRows } from './numberRows.ts';
import { Texts } from './texts.ts';
import { LLM_NUMBERS, LLM_TEXTS, readLlm, readTool, TOOL_NUMBERS, type LlmForm, type SpanExtra, type SpanForm, type SpanSlice } from './spanColumns.ts';
import type { ReportSpan } from '../profile/report.ts';

/** Objects made are kept up to this many, so that who asks twice for a span on screen gets the same one. */
const MOST_KEPT = 2048;
/** In `form`, of a span that was removed. */
const REMOVED = -1;

export class SpanStore {
  length = 0;
  start = new Float64Array(0);
  /** NaN while the span runs. */
  end = new Float64Array(0);
  parent = new Int32Array(0);
  /** A model call's row in `llm`, or -1. */
  llmRow = new Int32Array(0);
  readonly llm = new NumberRows(LLM_NUMBERS);
  private form = new Int32Array(0);
  private toolRow = new Int32Array(0);
  private llmForm = new Int32Array(0);
  private readonly tools = new NumberRows(TOOL_NUMBERS);
  private removedCount = 0;
  private readonly forms: SpanForm[] = [];
  private readonly llmForms: LlmForm[] = [];
  private readonly ids = new Texts();
  /** `LLM_TEXTS` for each row of `llm`. */
  private readonly llmTexts = new Texts();
  /** Of calls that were replaced, by their rows. */
  private readonly newLlmTexts = new Map<number, readonly (string | null)[]>();
  /** Two for each row of `tools`. */
  private readonly toolTexts = new Texts();
  /** Of tools that were replaced, by their rows. */
  private readonly newToolTexts = new Map<number, { callId: string | null; detail: string | null }>();
  private readonly extras = new Map<number, SpanExtra>();
  private readonly index = new IdIndex((number) => this.ids.at(number) ?? '');
  private readonly made = new Map<number, ReportSpan>();

  get count(): number {
    return this.length - this.removedCount;
  }

  clear(): void {
    this.length = 0;
    this.removedCount = 0;
    for (const name of ['start', 'end'] as const) this[name] = new Float64Array(0);
    for (const name of ['parent', 'form', 'llmRow', 'toolRow', 'llmForm'] as const) this[name] = new Int32Array(0);
    this.forms.length = 0;
    this.llmForms.length = 0;
    for (const part of [this.llm, this.tools, this.ids, this.llmTexts, this.newLlmTexts, this.toolTexts, this.newToolTexts, this.extras, this.index, this.made]) part.clear();
  }

  /** Makes room for so many spans at once. */
  reserve(count: number): void {
    for (const name of ['start', 'end'] as const) this[name] = withRoom(this[name], count);
    for (const name of ['parent', 'form', 'llmRow', 'toolRow'] as const) this[name] = withRoom(this[name], count);
    this.index.reserve(count);
  }

  /** Takes a slice in. Returns the number of the first span where they are new ones; else they are in `slice.numbers`. */
  take(slice: SpanSlice): number {
    for (const form of slice.newForms) this.forms.push(form);
    for (const form of slice.newLlmForms) this.llmForms.push(form);
    const first = this.length;
    if (slice.numbers === null) this.append(slice);
    else this.replace(slice, slice.numbers);
    return first;
  }

  private append(slice: SpanSlice): void {
    const first = this.length;
    const { length } = slice.start;
    this.reserve(first + length);
    this.start.set(slice.start, first);
    this.end.set(slice.end, first);
    this.parent.set(slice.parent, first);
    this.form.set(slice.form, first);
    this.llmRow.fill(-1, first, first + length);
    this.toolRow.fill(-1, first, first + length);
    this.ids.append(slice.ids);
    this.length += length;
    const llm = this.llm.length;
    this.llm.append(slice.llmNumbers, slice.llm.length);
    this.llmForm = withRoom(this.llmForm, this.llm.length);
    this.llmForm.set(slice.llmForm, llm);
    this.llmTexts.append(slice.llmTexts);
    for (let row = 0; row < slice.llm.length; row++) this.llmRow[first + (slice.llm[row] as number)] = llm + row;
    const tool = this.tools.length;
    this.tools.append(slice.toolNumbers, slice.tool.length);
    for (let row = 0; row < slice.tool.length; row++) this.toolRow[first + (slice.tool[row] as number)] = tool + row;
    this.toolTexts.append(slice.toolTexts);
    for (const [place, extra] of slice.extras) this.extras.set(first + place, extra);
    for (let number = first; number < this.length; number++) this.index.add(number);
  }

  private replace(slice: SpanSlice, numbers: Int32Array): void {
    const numberOf = (place: number): number => numbers[place] as number;
    numbers.forEach((number, place) => {
      this.start[number] = slice.start[place] as number;
      this.end[number] = slice.end[place] as number;
      this.parent[number] = slice.parent[place] as number;
      this.form[number] = slice.form[place] as number;
      this.extras.delete(number);
      this.made.delete(number);
      if (this.formOf(number).kind !== 'llm') this.llmRow[number] = -1;
    });
    for (const [place, extra] of slice.extras) this.extras.set(numberOf(place), extra);
    this.replaceLlm(slice, numberOf);
    this.replaceTools(slice, numberOf);
  }

  /** Rows that are there are written over: a call that runs for long changes often. */
  private replaceLlm(slice: SpanSlice, numberOf: (place: number) => number): void {
    const texts = new Texts();
    texts.append(slice.llmTexts);
    slice.llm.forEach((place, row) => {
      const number = numberOf(place);
      if ((this.llmRow[number] as number) < 0) {
        this.llmRow[number] = this.llm.length;
        this.llm.append([], 1);
        this.llmTexts.append({ text: '', ends: new Int32Array(LLM_TEXTS).fill(~0) });
        this.llmForm = withRoom(this.llmForm, this.llm.length);
      }
      const at = this.llmRow[number] as number;
      this.llm.set(at, slice.llmNumbers, row);
      this.llmForm[at] = slice.llmForm[row] as number;
      const fields = Array.from({ length: LLM_TEXTS }, (_, place) => texts.at(row * LLM_TEXTS + place));
      if (fields.every((text, place) => text === this.llmTexts.at(at * LLM_TEXTS + place))) this.newLlmTexts.delete(at);
      else this.newLlmTexts.set(at, fields);
    });
  }

  private replaceTools(slice: SpanSlice, numberOf: (place: number) => number): void {
    const texts = new Texts();
    texts.append(slice.toolTexts);
    slice.tool.forEach((place, row) => {
      const number = numberOf(place);
      const fields = { callId: texts.at(row * 2), detail: texts.at(row * 2 + 1) };
      if ((this.toolRow[number] as number) < 0) {
        this.toolRow[number] = this.tools.length;
        this.tools.append([], 1);
        this.toolTexts.append({ text: '', ends: Int32Array.of(~0, ~0) });
      }
      const at = this.toolRow[number] as number;
      this.tools.set(at, slice.toolNumbers, row);
      // Most are as they were when the tool began: a long run would hold all of them twice.
      if (fields.callId === this.toolTexts.at(at * 2) && fields.detail === this.toolTexts.at(at * 2 + 1)) this.newToolTexts.delete(at);
      else this.newToolTexts.set(at, fields);
    });
  }

  /** Gives back what was reserved for more. */
  trim(): void {
    this.llm.trim();
    this.tools.trim();
    this.llmForm = this.llmForm.slice(0, this.llm.length);
  }

  remove(number: number): void {
    if (!this.has(number)) return;
    this.form[number] = REMOVED;
    this.extras.delete(number);
    // Its children, too, are others now.
    this.made.clear();
    this.removedCount++;
  }

  has(number: number): boolean {
    return number >= 0 && number < this.length && this.form[number] !== REMOVED;
  }

  /** The form of a span that there is. */
  formOf(number: number): SpanForm {
    return this.forms[this.form[number] as number] as SpanForm;
  }

  /** What a model call has alike with others; null for what is none. */
  llmFormOf(number: number): LlmForm | null {
    const row = this.llmRow[number] as number;
    return row < 0 ? null : (this.llmForms[this.llmForm[row] as number] as LlmForm);
  }

  /** A number of a tool, by its place in the row; NaN where it has none. */
  toolNumber(place: number, number: number): number {
    return this.formOf(number).tool === null ? NaN : this.tools.at(place, this.toolRow[number] as number);
  }

  idOf(number: number): string {
    return this.ids.at(number) ?? '';
  }

  numberOf(id: string): number {
    const number = this.index.get(id);
    return this.has(number) ? number : -1;
  }

  at(number: number): ReportSpan | null {
    if (!this.has(number)) return null;
    const kept = this.made.get(number);
    if (kept !== undefined) return kept;
    if (this.made.size >= MOST_KEPT) this.made.clear();
    const span = this.make(number);
    this.made.set(number, span);
    return span;
  }

  each(visit: (span: ReportSpan, number: number) => void): void {
    for (let number = 0; number < this.length; number++) if (this.form[number] !== REMOVED) visit(this.made.get(number) ?? this.make(number), number);
  }

  private make(number: number): ReportSpan {
    const { tool, ...alike } = this.formOf(number);
    const extra = this.extras.get(number);
    const end = this.end[number] as number;
    const parent = this.parent[number] as number;
    const llm = this.llmRow[number] as number;
    return {
      ...alike,
      id: this.idOf(number),
      parent: this.has(parent) ? this.idOf(parent) : null,
      startMs: this.start[number] as number,
      endMs: Number.isNaN(end) ? null : end,
      error: extra?.error ?? null,
      llm: llm < 0 ? null : this.llmAt(llm),
      tool: tool === null ? null : this.toolAt(this.toolRow[number] as number, tool),
    };
  }

  private llmAt(row: number): ReportSpan['llm'] {
    const texts = this.newLlmTexts.get(row);
    return readLlm((place) => this.llm.at(place, row), this.llmForms[this.llmForm[row] as number] as LlmForm, (place) => (texts === undefined ? this.llmTexts.at(row * LLM_TEXTS + place) : (texts[place] ?? null)));
  }

  private toolAt(row: number, name: string): ReportSpan['tool'] {
    const texts = this.newToolTexts.get(row) ?? { callId: this.toolTexts.at(row * 2), detail: this.toolTexts.at(row * 2 + 1) };
    return readTool((place) => this.tools.at(place, row), name, texts.callId, texts.detail);
  }

  /** Bytes held by the columns. */
  get bytes(): number {
    const columns = [this.start, this.end, this.parent, this.form, this.llmRow, this.toolRow, this.llmForm];
    return columns.reduce((sum, column) => sum + column.byteLength, 0) + this.llm.bytes + this.tools.bytes + this.ids.bytes + this.llmTexts.bytes + this.toolTexts.bytes + this.index.bytes;
  }
}

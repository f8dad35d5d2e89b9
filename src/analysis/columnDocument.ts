/**
 * A document whose spans and GPU track stay the columns that they crossed in, which a timeline takes as they are. What is asked
 * for as objects is made then, and `spanTable.ts` looks spans up without that. Pure.
 */
import { gpuSegments, plainSegment, type GpuSlice } from '../protocol/gpuColumns.ts';
import type { SpansOfRows } from '../protocol/analysisThread.ts';
import { SpanStore } from '../protocol/spanStore.ts';
import type { DocumentPart, TimelineDocument } from '../protocol/webview.ts';
import type { GpuPart, GpuSegment, Report, ReportFunction, ReportLine } from '../profile/report.ts';
import { compareSpans } from './spanOrder.ts';
import { ColumnTable, setSpanTable } from './spanTable.ts';

type Begin = Extract<DocumentPart, { type: 'begin' }>;

export class ColumnDocument implements TimelineDocument {
  readonly report: Report;
  readonly gpu!: GpuSegment[];
  readonly parts?: GpuPart[];
  readonly #messages: readonly DocumentPart[];
  readonly #numbers = new WeakMap<object, Int32Array>();
  readonly #store = new SpanStore();
  /** Messages whose spans are in `#store`. */
  #taken = 0;

  /** @param messages that bring the document to a timeline, all of them */
  constructor(messages: readonly DocumentPart[], rows: SpansOfRows) {
    const [begin] = messages;
    if (begin?.type !== 'begin') throw new Error('a document begins with its head');
    this.#messages = messages;
    this.report = this.#reportOf(begin, rows);
    lazily(this, 'gpu', () => this.#segmentsOf(undefined));
    if (begin.parts.length > 0) this.parts = begin.parts.map((head, part) => lazily<GpuPart, 'gpu'>({ ...head, gpu: [] }, 'gpu', () => this.#segmentsOf(part)));
  }

  /** What brings it to a timeline. */
  get messages(): readonly DocumentPart[] {
    return this.#messages;
  }

  #reportOf({ head }: Begin, rows: SpansOfRows): Report {
    const withSpans = <Row extends ReportLine | ReportFunction>(row: Row, numbers: Int32Array = new Int32Array(0)): Row => {
      this.#numbers.set(row, numbers);
      return lazily(row, 'spans', () => Array.from(numbers, (number) => this.#spans.idOf(number)));
    };
    const lines = head.lines.map((line, k) => withSpans<ReportLine>({ ...line, spans: [] }, rows.lines[k]));
    const functions = head.functions.map((each, k) => withSpans<ReportFunction>({ ...each, spans: [] }, rows.functions[k]));
    const report = lazily<Report, 'spans'>({ ...head, lines, functions, spans: [] }, 'spans', () => {
      const spans: Report['spans'] = [];
      this.#spans.each((span) => spans.push(span));
      return spans.sort(compareSpans);
    });
    setSpanTable(report, new ColumnTable(() => this.#spans, this.#numbers));
    return report;
  }

  /** Makes the spans ready to be looked up, a slice at a time: a million of them take half a second. What is looked up earlier waits for all. */
  *prepare(): Generator<void> {
    while (this.#taken < this.#messages.length) {
      this.#takeNext();
      yield;
    }
  }

  get #spans(): SpanStore {
    while (this.#taken < this.#messages.length) this.#takeNext();
    return this.#store;
  }

  #takeNext(): void {
    const message = this.#messages[this.#taken++];
    if (message?.type === 'begin') this.#store.reserve(message.spans);
    else if (message?.type === 'slice' && message.spans !== null) this.#store.take(message.spans);
  }

  /** @param part of the track; undefined: the whole */
  #segmentsOf(part: number | undefined): GpuSegment[] {
    const slices: GpuSlice[] = this.#messages.flatMap((message) => (message.type === 'slice' && message.part === part ? (message.gpu ?? []) : []));
    return slices.flatMap((slice) => gpuSegments(slice, (number) => this.#spans.idOf(number)).map(plainSegment));
  }
}

/** Gives an object a property that is made when it is first asked for. */
function lazily<Owner extends object, Name extends keyof Owner>(owner: Owner, name: Name, make: () => Owner[Name]): Owner {
  const define = (attributes: PropertyDescriptor): void => void Object.defineProperty(owner, name, { enumerable: true, configurable: true, ...attributes });
  define({
    get: () => {
      const value = make();
      define({ value });
      return value;
    },
  });
  return owner;
}

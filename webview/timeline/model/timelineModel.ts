/**
 * Everything the timeline draws, kept up to date from documents and updates: spans by number, their lanes and rows,
 * and the GPU's track. Numbers of spans never change while a document is shown, so typed arrays can refer to them.
 */
import { GpuTrack } from './gpuTrack.ts';
import { SpanLane } from './spanLane.ts';
import { laneOf, partsOf, sameShape, saneTime, type SpanLaneName } from './spanParts.ts';
import type { Report, ReportSpan } from '../../../src/profile/report.ts';
import type { Milliseconds } from '../../../src/profile/units.ts';
import type { TimelineDocument, TimelineUpdate } from '../../../src/protocol/webview.ts';

export const spanLaneNames = ['request', 'agent', 'llm', 'tool'] as const;
/** Spans taken in between two looks at the clock. */
const SLICE = 500;

export type ReportHead = Omit<Report, 'spans'>;

/** Where a span is drawn. */
export interface Place {
  lane: SpanLaneName;
  row: number;
}

export class TimelineModel {
  head: ReportHead | null = null;
  readonly lanes: Record<SpanLaneName, SpanLane> = { request: new SpanLane(), agent: new SpanLane(), llm: new SpanLane(), tool: new SpanLane() };
  readonly gpu = new GpuTrack();
  /** By number; null once removed. */
  private readonly spans: (ReportSpan | null)[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly places: (Place | undefined)[] = [];
  private removedCount = 0;

  get spanCount(): number {
    return this.spans.length - this.removedCount;
  }

  /** End of what is shown: the run's, or the latest span's where the report is behind. */
  get wallMs(): Milliseconds {
    return Math.max(saneTime(this.head?.totals.wallMs ?? 0), this.gpu.wallMs, this.latest);
  }
  private latest: Milliseconds = 0;

  get live(): boolean {
    return this.head?.run.live === true;
  }

  span(id: string): ReportSpan | null {
    return this.spanAt(this.numberOf(id));
  }

  /** The span of a number; null for -1, and once it is removed. */
  spanAt(number: number): ReportSpan | null {
    return this.spans[number] ?? null;
  }

  /** Visits every span, in order of number. */
  eachSpan(visit: (span: ReportSpan, number: number) => void): void {
    for (let number = 0; number < this.spans.length; number++) {
      const span = this.spans[number];
      if (span !== null && span !== undefined) visit(span, number);
    }
  }

  numberOf(id: string): number {
    return this.numbers.get(id) ?? -1;
  }

  /** Whether there is a span of this number. */
  has(number: number): boolean {
    return (this.spans[number] ?? null) !== null;
  }

  placeOf(number: number): Place | null {
    return this.places[number] ?? null;
  }

  startOf(span: ReportSpan): Milliseconds {
    return saneTime(span.startMs);
  }

  /** When the span ends on screen: at the run's end for one that still runs. */
  endOf(span: ReportSpan): Milliseconds {
    const start = saneTime(span.startMs);
    return Math.max(start, span.endMs === null ? this.wallMs : saneTime(span.endMs));
  }

  /** Takes a document in slices: yields the share that is done, so that the caller can let the page breathe. */
  *load(document: TimelineDocument): Generator<number, void> {
    this.clear();
    const { spans, ...head } = document.report;
    this.head = head;
    const order = inOrderOfStart(spans);
    for (const span of order) {
      this.numbers.set(span.id, this.spans.push(span) - 1);
    }
    for (let number = 0; number < this.spans.length; number++) {
      this.place(number);
      if (number % SLICE === SLICE - 1) yield (number + 1) / (order.length + document.gpu.length);
    }
    for (let from = 0; from < document.gpu.length; from += SLICE * 4) {
      this.gpu.append(document.gpu.slice(from, from + SLICE * 4));
      yield (order.length + from) / (order.length + document.gpu.length);
    }
    this.rebuildStale();
  }

  private clear(): void {
    this.spans.length = 0;
    this.places.length = 0;
    this.numbers.clear();
    this.removedCount = 0;
    this.latest = 0;
    for (const name of spanLaneNames) this.lanes[name].clear();
    this.gpu.clear();
  }

  /** Brings the model up to date. Costs what changed, unless a span was changed after it had ended. */
  update(update: TimelineUpdate): void {
    this.head = update.report;
    for (const id of update.removed) this.remove(id);
    for (const span of inOrderOfStart(update.spans)) this.replace(span);
    this.gpu.truncate(update.gpuFrom);
    this.gpu.append(update.gpu);
    this.rebuildStale();
  }

  private remove(id: string): void {
    const number = this.numbers.get(id);
    if (number === undefined) return;
    const place = this.places[number];
    if (place !== undefined) this.lanes[place.lane].stale = true;
    this.spans[number] = null;
    this.places[number] = undefined;
    this.numbers.delete(id);
    this.removedCount++;
  }

  private replace(span: ReportSpan): void {
    const number = this.numbers.get(span.id);
    if (number === undefined) {
      this.numbers.set(span.id, this.spans.push(span) - 1);
      this.place(this.spans.length - 1);
      return;
    }
    const before = this.spans[number];
    this.spans[number] = span;
    const place = this.places[number];
    if (place === undefined || before === null || before === undefined || sameShape(before, span)) return;
    const lane = this.lanes[place.lane];
    const endsNow = before.endMs === null && span.endMs !== null && before.startMs === span.startMs && before.kind === span.kind && before.parent === span.parent;
    if (endsNow && lane.running.has(number)) {
      const end = this.endOf(span);
      this.latest = Math.max(this.latest, end);
      lane.finish(number, end, partsOf(span, place.lane, this.startOf(span), end));
    } else if (before.endMs !== null || span.endMs !== null || before.startMs !== span.startMs || before.parent !== span.parent || before.kind !== span.kind) {
      lane.stale = true;
      this.lanes[this.laneOf(span)].stale = true;
    }
  }

  private laneOf(span: ReportSpan): SpanLaneName {
    return laneOf(span, span.parent !== null && span.parent !== span.id && this.numbers.has(span.parent));
  }

  private place(number: number): void {
    const span = this.spans[number];
    if (span === null || span === undefined) return;
    const name = this.laneOf(span);
    const lane = this.lanes[name];
    const start = saneTime(span.startMs);
    const end = span.endMs === null ? null : Math.max(start, saneTime(span.endMs));
    this.latest = Math.max(this.latest, end ?? start);
    const row = lane.place(number, start, end, name === 'agent' ? this.depthBelowParent(span) : 0);
    this.places[number] = { lane: name, row: Math.max(row, 0) };
    if (row >= 0 && end !== null) lane.write(row, number, partsOf(span, name, start, end));
  }

  /** A nested span goes one row below its parent, if the parent is in the same lane. */
  private depthBelowParent(span: ReportSpan): number {
    const parent = span.parent === null ? undefined : this.numbers.get(span.parent);
    const place = parent === undefined ? undefined : this.places[parent];
    return place?.lane === 'agent' ? place.row + 1 : 0;
  }

  private rebuildStale(): void {
    const stale = spanLaneNames.filter((name) => this.lanes[name].stale);
    if (stale.length === 0) return;
    const numbers: number[] = [];
    for (let number = 0; number < this.spans.length; number++) {
      const span = this.spans[number];
      if (span !== null && span !== undefined && stale.includes(this.laneOf(span))) numbers.push(number);
    }
    numbers.sort((a, b) => byStart(this.spans[a] as ReportSpan, this.spans[b] as ReportSpan) || a - b);
    for (const name of stale) this.lanes[name].clear();
    for (const number of numbers) this.place(number);
  }

  /** Bytes held by the columns, for the memory gate. */
  get bytes(): number {
    return spanLaneNames.reduce((sum, name) => sum + this.lanes[name].rows.reduce((rows, row) => rows + row.bytes, 0), 0) + this.gpu.row.bytes;
  }
}

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

/**
 * Everything the timeline draws, kept up to date from slices and updates: spans by number, their lanes and rows, and the
 * GPU's track. Numbers of spans never change while a document is shown, so typed arrays can refer to them.
 */
import { GpuTrack } from './gpuTrack.ts';
import type { Owner } from './branches.ts';
import { Places, spanLaneNames, type Place } from './places.ts';
import { SpanLane } from './spanLane.ts';
import { laneOf, partsOf, sameShape, type Phases, type Shape, type SpanLaneName } from './spanParts.ts';
import { saneTime } from '../../../src/profile/saneTime.ts';
import { gpuSegments } from '../../../src/protocol/gpuColumns.ts';
import { packDocument } from '../../../src/protocol/packDocument.ts';
import { SpanPacker } from '../../../src/protocol/packSpans.ts';
import { SpanStore } from '../../../src/protocol/spanStore.ts';
import { DECODE_MS, PREFILL_MS, QUEUE_MS, type SpanSlice } from '../../../src/protocol/spanColumns.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';
import type { Milliseconds } from '../../../src/profile/units.ts';
import type { DocumentPart, GpuPartHead, PackedUpdate, ReportHead, TimelineDocument } from '../../../src/protocol/webview.ts';

export type { ReportHead } from '../../../src/protocol/webview.ts';
export { spanLaneNames, type Place } from './places.ts';

/** A part of the GPU's track, drawn as the whole is. */
export interface GpuPartTrack {
  head: GpuPartHead;
  track: GpuTrack;
}

/** Tools and calls around a span that are gone through for one that is in its lane: in recordings spans may be around each other in circles. */
const MOST_PASSED = 100;

export class TimelineModel {
  head: ReportHead | null = null;
  /** Whether parts of the document are still to come. */
  loading = false;
  /** No document is there yet, but what has been read so far of a recording: of the head only the run and the backend say something. */
  reading = false;
  readonly lanes: Record<SpanLaneName, SpanLane> = { request: new SpanLane(false), agent: new SpanLane(true), llm: new SpanLane(false), tool: new SpanLane(false) };
  readonly gpu = new GpuTrack();
  /** The same of each server and GPU, where there are several. */
  parts: GpuPartTrack[] = [];
  /** Length of the run beside this one; 0 without one. */
  besideMs: Milliseconds = 0;
  private readonly store = new SpanStore();
  private readonly places = new Places();
  private latest: Milliseconds = 0;
  /** Of those that others were placed through, what was around them then: numbers, -1 for nothing. */
  private readonly passedBy = new Map<number, number>();
  /** When the span starts that is being placed. */
  private placedAt: Milliseconds = 0;
  /** Used again for every span that is placed. */
  private readonly phases: Phases = { queueMs: null, prefillMs: null, decodeMs: null };

  /** Stretches of the GPU's track and its parts. */
  get segmentCount(): number {
    return this.parts.reduce((sum, { track }) => sum + track.segments.length, this.gpu.segments.length);
  }

  get spanCount(): number {
    return this.store.count;
  }

  /** End of what is shown: the run's, or the latest span's where the report is behind. */
  get wallMs(): Milliseconds {
    return Math.max(saneTime(this.head?.totals.wallMs ?? 0), this.gpu.wallMs, this.latest);
  }

  /** What the scale of time has to hold: the run, and one that stands beside it. */
  get scaleMs(): Milliseconds {
    return Math.max(this.wallMs, this.besideMs);
  }

  get live(): boolean {
    return this.head?.run.live === true;
  }

  /** Whether more is to come at the end. */
  get growing(): boolean {
    return this.live || this.reading;
  }

  span(id: string): ReportSpan | null {
    return this.spanAt(this.numberOf(id));
  }

  /** The span of a number; null for -1, and once it is removed. */
  spanAt(number: number): ReportSpan | null {
    return this.store.at(number);
  }

  /** Visits every span, in order of number. */
  eachSpan(visit: (span: ReportSpan, number: number) => void): void {
    this.store.each(visit);
  }

  numberOf(id: string): number {
    return this.store.numberOf(id);
  }

  /** Whether there is a span of this number. */
  has(number: number): boolean {
    return this.store.has(number);
  }

  placeOf(number: number): Place | null {
    const lane = this.places.laneOf(number);
    return lane === null ? null : { lane, row: this.places.rowOf(number) };
  }

  /** Number of the span around this one, or -1. */
  parentOf(number: number): number {
    const parent = this.store.parent[number] ?? -1;
    return this.has(number) && parent !== number && this.has(parent) ? parent : -1;
  }

  /** Numbers of the spans directly inside this one, in order of number. */
  childrenOf(number: number): number[] {
    const { parent, length } = this.store;
    const found: number[] = [];
    for (let child = 0; child < length; child++) if (parent[child] === number && child !== number && this.has(child)) found.push(child);
    return found;
  }

  startOf(span: ReportSpan): Milliseconds {
    return saneTime(span.startMs);
  }

  /** When the span ends on screen: at the run's end for one that still runs. */
  endOf(span: ReportSpan): Milliseconds {
    const start = saneTime(span.startMs);
    return Math.max(start, span.endMs === null ? this.wallMs : saneTime(span.endMs));
  }

  /** Takes a part of a document. What has come so far can be drawn after each. */
  take(part: DocumentPart): void {
    switch (part.type) {
      case 'begin':
        this.clear();
        this.head = part.head;
        this.loading = true;
        this.reading = part.reading === true;
        this.parts = part.parts.map((head) => ({ head, track: new GpuTrack() }));
        this.store.reserve(part.spans);
        this.places.reserve(part.spans);
        break;
      case 'slice':
        if (part.spans !== null) this.add(part.spans);
        if (part.gpu !== null) (part.part === undefined ? this.gpu : this.parts[part.part]?.track)?.append(gpuSegments(part.gpu, this.idOf));
        break;
      case 'end':
        this.loading = false;
        this.rebuildStale();
        this.store.trim();
        for (const name of spanLaneNames) for (const row of this.lanes[name].rows) row.trim();
    }
  }

  /** Takes a whole document, in slices: yields the share that is done, so that the caller can let the page breathe. */
  *load(document: TimelineDocument): Generator<number, void> {
    const all = document.report.spans.length + document.gpu.length + (document.parts ?? []).reduce((sum, part) => sum + part.gpu.length, 0);
    for (const part of packDocument(document, new SpanPacker())) {
      if (part !== null) this.take(part);
      yield all === 0 ? 1 : Math.min(1, (this.spanCount + this.segmentCount) / all);
    }
  }

  private readonly idOf = (number: number): string => this.store.idOf(number);

  private clear(): void {
    this.store.clear();
    this.places.clear();
    this.passedBy.clear();
    this.latest = 0;
    for (const name of spanLaneNames) this.lanes[name].clear();
    this.gpu.clear();
    this.parts = [];
  }

  private add(slice: SpanSlice): void {
    const first = this.store.take(slice);
    for (let number = first; number < this.store.length; number++) this.place(number);
  }

  /** Brings the model up to date. Costs what changed, unless a span was changed after it had ended. */
  update(update: PackedUpdate): void {
    this.head = update.head;
    for (const number of update.removed) this.remove(number);
    this.change(update.spans);
    this.gpu.truncate(update.gpuFrom);
    this.gpu.append(update.gpu);
    this.updateParts(update.parts ?? []);
    this.rebuildStale();
  }

  /** A server may be called for the first time at any moment, and a GPU's readings be too few until then. */
  private updateParts(parts: NonNullable<PackedUpdate['parts']>): void {
    this.parts = parts.map(({ gpuFrom, gpu, ...head }) => {
      const track = this.parts.find((known) => known.head.key === head.key)?.track ?? new GpuTrack();
      track.truncate(gpuFrom);
      track.append(gpu);
      return { head, track };
    });
  }

  /** Of several servers, the one that worked for a call; null where it is not known, or there is one. */
  serverOf(span: ReportSpan): string | null {
    for (const { head, track } of this.parts) {
      if (head.kind !== 'server') continue;
      const last = track.power.stepAt(this.endOf(span));
      for (let i = Math.max(0, track.power.stepAt(this.startOf(span))); i <= last; i++) if (track.segments[i]?.spans.includes(span.id)) return head.name;
    }
    return null;
  }

  /** Takes spans ahead of the update that will have them. */
  preview(slices: readonly SpanSlice[]): void {
    this.change(slices);
    this.rebuildStale();
  }

  private change(slices: readonly SpanSlice[]): void {
    const replaced: [number: number, before: ReportSpan | null][] = [];
    for (const { numbers } of slices) numbers?.forEach((number) => replaced.push([number, this.store.at(number)]));
    const known = this.store.length;
    // All of them first, as one may have another for its parent.
    for (const slice of slices) this.store.take(slice);
    for (const [number, before] of replaced) this.replaced(number, before);
    for (let number = known; number < this.store.length; number++) this.place(number);
  }

  private remove(number: number): void {
    const lane = this.places.laneOf(number);
    if (lane !== null) this.lanes[lane].stale = true;
    this.store.remove(number);
    this.places.delete(number);
  }

  private replaced(number: number, before: ReportSpan | null): void {
    const span = this.store.at(number);
    const name = this.places.laneOf(number);
    if (before === null || span === null || name === null) return;
    // Calls and tools are where they are whatever is around them, which a preview does not know.
    const isNested = name === 'agent' || name === 'request';
    // What is inside of them was placed by what is around them, though.
    const around = this.parentOf(number);
    if (around >= 0 && (this.passedBy.get(number) ?? around) !== around) this.lanes.agent.stale = true;
    if (sameShape(isNested ? before : { ...before, parent: span.parent }, span)) return;
    const lane = this.lanes[name];
    const moved = before.startMs !== span.startMs || before.kind !== span.kind || (isNested && before.parent !== span.parent);
    const endsNow = before.endMs === null && span.endMs !== null && !moved;
    if (endsNow && lane.running.has(number)) {
      const end = this.endOf(span);
      this.latest = Math.max(this.latest, end);
      lane.finish(number, end, partsOf(span, name, this.startOf(span), end));
    } else if (before.endMs !== null || span.endMs !== null || moved) {
      lane.stale = true;
      this.lanes[this.laneOf(number)].stale = true;
    }
  }

  private laneOf(number: number): SpanLaneName {
    const parent = this.store.parent[number] as number;
    return laneOf(this.store.formOf(number), parent !== number && this.store.has(parent));
  }

  private place(number: number): void {
    const { store } = this;
    if (!store.has(number)) return;
    const name = this.laneOf(number);
    const lane = this.lanes[name];
    const start = saneTime(store.start[number] as number);
    const endMs = store.end[number] as number;
    const end = Number.isNaN(endMs) ? null : Math.max(start, saneTime(endMs));
    this.latest = Math.max(this.latest, end ?? start);
    const row = name === 'agent' ? this.placeInBranch(lane, number, start, end) : lane.place(number, start, end);
    this.places.set(number, name, Math.max(row, 0));
    if (row >= 0 && end !== null) lane.write(row, number, partsOf(this.shapeOf(number), name, start, end));
  }

  private shapeOf(number: number): Shape {
    const { kind, status, evidence } = this.store.formOf(number);
    const row = this.store.llmRow[number] as number;
    if (row < 0) return { kind, status, evidence, llm: null };
    const { llm } = this.store;
    const { phases } = this;
    // NaN, which stands for null, is not above 0 either.
    phases.queueMs = llm.at(QUEUE_MS, row);
    phases.prefillMs = llm.at(PREFILL_MS, row);
    phases.decodeMs = llm.at(DECODE_MS, row);
    return { kind, status, evidence, llm: phases };
  }

  /** A nested span goes below the nearest of those around it that is in the same lane: a function that a tool calls below the function that called the tool. */
  private placeInBranch(lane: SpanLane, number: number, start: Milliseconds, end: Milliseconds | null): number {
    const { store, places } = this;
    const form = store.formOf(number);
    this.placedAt = start;
    let outer = this.parentOf(number);
    for (let steps = 0; outer >= 0 && places.laneOf(outer) !== 'agent' && places.laneOf(outer) !== 'request' && steps < MOST_PASSED; steps++) {
      const around = this.parentOf(outer);
      this.passedBy.set(outer, around);
      outer = around;
    }
    return lane.placeInBranch(number, start, end, places.laneOf(outer) === 'agent' ? places.rowOf(outer) : -1, outer >= 0 ? outer : (form.thread ?? ''), form, this.isOver);
  }

  private readonly isOver = (owner: Owner): boolean => typeof owner === 'string' || !this.store.has(owner) || (this.store.end[owner] as number) <= this.placedAt;

  private rebuildStale(): void {
    const stale = spanLaneNames.filter((name) => this.lanes[name].stale);
    if (stale.length === 0) return;
    const { store } = this;
    const numbers: number[] = [];
    for (let number = 0; number < store.length; number++) if (store.has(number) && stale.includes(this.laneOf(number))) numbers.push(number);
    const end = (number: number): number => (Number.isNaN(store.end[number]) ? saneTime(Infinity) : saneTime(store.end[number] as number));
    numbers.sort((a, b) => saneTime(store.start[a] as number) - saneTime(store.start[b] as number) || end(b) - end(a) || a - b);
    for (const name of stale) this.lanes[name].clear();
    if (stale.includes('agent')) this.passedBy.clear();
    for (const number of numbers) this.place(number);
  }

  /** Bytes held by the columns, for the memory gate. */
  get bytes(): number {
    const rows = spanLaneNames.reduce((sum, name) => sum + this.lanes[name].rows.reduce((bytes, row) => bytes + row.bytes, 0), 0);
    return this.store.bytes + this.places.bytes + rows + this.parts.reduce((sum, { track }) => sum + track.row.bytes, this.gpu.row.bytes);
  }
}

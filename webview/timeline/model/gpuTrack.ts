/** The GPU lane: states as one row of runs, and KV use and power as series over the same segments. */
import { categoryIndex } from './category.ts';
import { Row } from './row.ts';
import { StepSeries } from './stepSeries.ts';
import { saneTime } from '../../../src/profile/saneTime.ts';
import type { GpuSegment } from '../../../src/profile/report.ts';
import type { Milliseconds } from '../../../src/profile/units.ts';

/** Runs of one state that may still change: an update may cut the track near its end. */
const TAIL_RUNS = 256;

/** Neighbouring segments of one state. `first` is the number of the first of them. */
export interface GpuRun {
  start: Milliseconds;
  end: Milliseconds;
  category: number;
  first: number;
}

export class GpuTrack {
  readonly segments: GpuSegment[] = [];
  row = new Row();
  readonly power = new StepSeries();
  readonly kv = new StepSeries();
  /** Others' share of what it did beside the run's calls. */
  readonly others = new StepSeries();
  /** Runs not yet in `row`, in order; the last one may still grow. */
  tail: GpuRun[] = [];
  /** The same runs as a row, for drawing. */
  tailRow = new Row();

  get wallMs(): Milliseconds {
    const last = this.segments[this.segments.length - 1];
    return last === undefined ? 0 : saneTime(last.endMs);
  }

  clear(): void {
    this.segments.length = 0;
    this.row = new Row();
    this.tail = [];
    this.tailRow = new Row();
    this.power.truncate(0);
    this.kv.truncate(0);
    this.others.truncate(0);
  }

  append(segments: readonly GpuSegment[]): void {
    for (const segment of segments) {
      const number = this.segments.push(segment) - 1;
      const start = saneTime(segment.startMs);
      const end = Math.max(start, saneTime(segment.endMs));
      this.power.append(start, end, segment.watts);
      this.kv.append(start, end, segment.kvTokens);
      this.others.append(start, end, segment.others?.share ?? null);
      this.extend({ start, end, category: categoryIndex[segment.state], first: number });
    }
    if (this.tail.length > TAIL_RUNS * 2) this.seal(this.tail.length - TAIL_RUNS);
    this.tailChanged();
  }

  private tailChanged(): void {
    this.tailRow = new Row();
    for (const run of this.tail) this.tailRow.append(run.start, run.end, run.category, run.first, 0);
  }

  private extend(run: GpuRun): void {
    const last = this.tail[this.tail.length - 1];
    if (last !== undefined && last.category === run.category) last.end = Math.max(last.end, run.end);
    else this.tail.push(run);
  }

  private seal(count: number): void {
    for (const run of this.tail.splice(0, count)) this.row.append(run.start, run.end, run.category, run.first, 0);
  }

  /** Forgets every segment from number `length` on; what came before stays as it is drawn. */
  truncate(length: number): void {
    if (length >= this.segments.length) return;
    const firstInTail = this.tail[0]?.first ?? this.segments.length;
    if (length < firstInTail) {
      const kept = this.segments.slice(0, Math.max(0, length));
      this.clear();
      this.append(kept);
      return;
    }
    this.segments.length = length;
    this.power.truncate(length);
    this.kv.truncate(length);
    this.others.truncate(length);
    this.tail = this.tail.filter((run) => run.first < length);
    const last = this.tail[this.tail.length - 1];
    const lastSegment = this.segments[length - 1];
    if (last !== undefined && lastSegment !== undefined) last.end = Math.max(last.start, saneTime(lastSegment.endMs));
    this.tailChanged();
  }

  /** The segment that holds at `time`, or null. */
  segmentAt(time: Milliseconds): GpuSegment | null {
    const number = this.power.stepAt(time);
    const segment = this.segments[number];
    return segment !== undefined && time <= segment.endMs ? segment : null;
  }

  /** The run of one state around `time`: how long the GPU has been and will be in it. */
  runAt(time: Milliseconds): GpuRun | null {
    const item = this.row.itemAt(time, 0);
    const { start, end, category, index } = this.row.exact;
    if (item >= 0) return { start: start[item] ?? 0, end: end[item] ?? 0, category: category[item] ?? 0, first: index[item] ?? 0 };
    return this.tail.find((run) => run.start <= time && time <= run.end) ?? null;
  }
}

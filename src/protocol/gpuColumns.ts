/** Stretches of the GPU's track as they cross to the timeline: columns of numbers, with spans by their numbers. */
import type { GpuSegment } from '../profile/report.ts';

type Others = NonNullable<GpuSegment['others']>;

/** Some stretches that follow on one another. All columns but those of `spans` have one entry for each; NaN is null. */
export interface GpuSlice {
  start: Float64Array;
  end: Float64Array;
  /** Place in `STATES`. */
  state: Uint8Array;
  batch: Float64Array;
  kvTokens: Float64Array | null;
  kvCapacityTokens: Float64Array | null;
  watts: Float64Array | null;
  /** Numbers of the spans, those of one stretch after those of the other; `spanEnds` says where each one's end. */
  spans: Int32Array;
  spanEnds: Int32Array;
  /** How many more each has; null where none has any. */
  moreSpans: Int32Array | null;
  /** -1: none. */
  blamedOn: Int32Array;
  /** By place. */
  others: [place: number, others: Others][];
}

const NUMBERS = { idle: 0, prefill: 1, decode: 2, mixed: 3, foreign: 4 } as const satisfies Record<GpuSegment['state'], number>;
const STATES = Object.keys(NUMBERS) as GpuSegment['state'][];

/** @param numberOf the number of a span by its id; each span that a stretch names has one */
export function packGpu(segments: readonly GpuSegment[], numberOf: (id: string) => number): GpuSlice {
  const { length } = segments;
  const spans: number[] = [];
  const slice: GpuSlice = {
    start: new Float64Array(length), end: new Float64Array(length), state: new Uint8Array(length), batch: new Float64Array(length),
    kvTokens: known(segments, 'kvTokens'), kvCapacityTokens: known(segments, 'kvCapacityTokens'), watts: known(segments, 'watts'),
    spans: new Int32Array(0), spanEnds: new Int32Array(length), moreSpans: segments.some(({ moreSpans }) => moreSpans !== undefined) ? Int32Array.from(segments, ({ moreSpans }) => moreSpans ?? 0) : null, blamedOn: new Int32Array(length), others: [],
  };
  segments.forEach((segment, place) => {
    slice.start[place] = segment.startMs;
    slice.end[place] = segment.endMs;
    slice.state[place] = NUMBERS[segment.state];
    slice.batch[place] = segment.batch;
    for (const id of segment.spans) spans.push(numberOf(id));
    slice.spanEnds[place] = spans.length;
    slice.blamedOn[place] = segment.blamedOn === null ? -1 : numberOf(segment.blamedOn);
    if (segment.others !== undefined) slice.others.push([place, segment.others]);
  });
  slice.spans = Int32Array.from(spans);
  return slice;
}

/** A column of numbers of which some may be unknown; null where all are. */
function known(segments: readonly GpuSegment[], name: 'kvTokens' | 'kvCapacityTokens' | 'watts'): Float64Array | null {
  return segments.some((segment) => segment[name] !== null) ? Float64Array.from(segments, (segment) => segment[name] ?? NaN) : null;
}

/** The numbers' memory, so that it can be handed over and not copied. */
export function gpuBuffers({ start, end, state, batch, kvTokens, kvCapacityTokens, watts, spans, spanEnds, moreSpans, blamedOn }: GpuSlice): ArrayBuffer[] {
  return [start, end, state, batch, kvTokens, kvCapacityTokens, watts, spans, spanEnds, moreSpans, blamedOn].flatMap((column) => (column === null ? [] : [column.buffer as ArrayBuffer]));
}

/**
 * The stretches of a slice. Each looks its fields up when it is asked for them: most are never asked for their spans.
 * @param idOf the id of a span by its number
 */
export function gpuSegments(slice: GpuSlice, idOf: (number: number) => string): GpuSegment[] {
  const others = new Map(slice.others);
  return Array.from(slice.start, (_, place) => new Segment(slice, place, others.get(place), idOf));
}

class Segment implements GpuSegment {
  readonly #slice: GpuSlice;
  readonly #place: number;
  readonly #idOf: (number: number) => string;
  readonly others?: Others;

  constructor(slice: GpuSlice, place: number, others: Others | undefined, idOf: (number: number) => string) {
    this.#slice = slice;
    this.#place = place;
    this.#idOf = idOf;
    if (others !== undefined) this.others = others;
  }

  get startMs(): number {
    return this.#slice.start[this.#place] as number;
  }

  get endMs(): number {
    return this.#slice.end[this.#place] as number;
  }

  get state(): GpuSegment['state'] {
    return STATES[this.#slice.state[this.#place] as number] as GpuSegment['state'];
  }

  get batch(): number {
    return this.#slice.batch[this.#place] as number;
  }

  get kvTokens(): number | null {
    return this.#number(this.#slice.kvTokens);
  }

  get kvCapacityTokens(): number | null {
    return this.#number(this.#slice.kvCapacityTokens);
  }

  get watts(): number | null {
    return this.#number(this.#slice.watts);
  }

  get spans(): string[] {
    const { spans, spanEnds } = this.#slice;
    return Array.from(spans.subarray(this.#place === 0 ? 0 : spanEnds[this.#place - 1], spanEnds[this.#place]), this.#idOf);
  }

  get moreSpans(): number | undefined {
    return this.#slice.moreSpans?.[this.#place] || undefined;
  }

  get blamedOn(): string | null {
    const number = this.#slice.blamedOn[this.#place] as number;
    return number < 0 ? null : this.#idOf(number);
  }

  #number(column: Float64Array | null): number | null {
    const value = column?.[this.#place] ?? NaN;
    return Number.isNaN(value) ? null : value;
  }
}

/** A stretch with its fields as properties, as whoever goes through them wants it. */
export function plainSegment({ startMs, endMs, state, batch, kvTokens, kvCapacityTokens, watts, spans, moreSpans, blamedOn, others }: GpuSegment): GpuSegment {
  return { startMs, endMs, state, batch, kvTokens, kvCapacityTokens, watts, spans, ...(moreSpans === undefined ? {} : { moreSpans }), blamedOn, ...(others === undefined ? {} : { others }) };
}

/**
 * The spans of a report, to be looked up and gone through without making more of them than are wanted: a long recording's come
 * as columns (`ColumnDocument`), and a million objects take seconds and a gigabyte. Pure.
 */
import type { SpanStore } from '../protocol/spanStore.ts';
import { LLM_ENERGY, TOOL_IDLE_ENERGY } from '../protocol/spanColumns.ts';
import type { Report, ReportFunction, ReportLine, ReportSpan } from '../profile/report.ts';
import type { Milliseconds, WattHours } from '../profile/units.ts';

/** What sums and percentiles over spans are made of. */
export interface SpanFigures {
  kind: ReportSpan['kind'];
  /** Null while it runs. */
  ms: Milliseconds | null;
  /** A model call's active energy; a tool's idle energy. */
  energyWh: WattHours | null;
  /** A model call whose answer comes in pieces. */
  streams: boolean;
}

/** Spans by number, from 0, in order of start. */
export interface SpanTable {
  readonly length: number;
  /** -1 for an id that no span has. */
  numberOf(id: string): number;
  idOf(number: number): string;
  at(number: number): ReportSpan;
  /** What many spans have alike. */
  formOf(number: number): Pick<ReportSpan, 'kind' | 'frames'>;
  /** Number of the span around it; -1 where there is none. */
  parentOf(number: number): number;
  figuresOf(number: number): SpanFigures;
  /** The spans of a line or a function of this report, in order of start. */
  numbersOf(of: ReportLine | ReportFunction): ArrayLike<number>;
}

const tables = new WeakMap<Report, SpanTable>();

/** The spans of this report. */
export function spanTableOf(report: Report): SpanTable {
  let table = tables.get(report);
  if (table === undefined) tables.set(report, (table = new ObjectTable(report.spans)));
  return table;
}

/** Has a report's spans looked up here. */
export function setSpanTable(report: Report, table: SpanTable): void {
  tables.set(report, table);
}

/** The span of an id; undefined where there is none. */
export function spanOf(report: Report, id: string): ReportSpan | undefined {
  const table = spanTableOf(report);
  const number = table.numberOf(id);
  return number < 0 ? undefined : table.at(number);
}

class ObjectTable implements SpanTable {
  private readonly spans: readonly ReportSpan[];
  private readonly numbers: ReadonlyMap<string, number>;

  constructor(spans: readonly ReportSpan[]) {
    this.spans = spans;
    this.numbers = new Map(spans.map(({ id }, number) => [id, number]));
  }

  get length(): number {
    return this.spans.length;
  }

  numberOf(id: string): number {
    return this.numbers.get(id) ?? -1;
  }

  at(number: number): ReportSpan {
    return this.spans[number] as ReportSpan;
  }

  idOf(number: number): string {
    return this.at(number).id;
  }

  formOf(number: number): ReportSpan {
    return this.at(number);
  }

  parentOf(number: number): number {
    const { parent } = this.at(number);
    return parent === null ? -1 : this.numberOf(parent);
  }

  figuresOf(number: number): SpanFigures {
    const { kind, startMs, endMs, llm, tool } = this.at(number);
    return { kind, ms: endMs === null ? null : endMs - startMs, energyWh: (llm === null ? tool?.idleEnergyWh : llm.energyWh.active) ?? null, streams: llm?.stream === true };
  }

  numbersOf({ spans }: ReportLine | ReportFunction): number[] {
    return spans.map((id) => this.numberOf(id)).filter((number) => number >= 0);
  }
}

/** The spans of a document whose spans are in columns. */
export class ColumnTable implements SpanTable {
  private readonly storeOf: () => SpanStore;
  private readonly numbers: WeakMap<object, Int32Array>;

  /**
   * @param storeOf makes the columns ready to be looked up in, which takes a moment: asked for when something is looked up
   * @param numbers of the spans of each line and function
   */
  constructor(storeOf: () => SpanStore, numbers: WeakMap<object, Int32Array>) {
    this.storeOf = storeOf;
    this.numbers = numbers;
  }

  get length(): number {
    return this.storeOf().length;
  }

  numberOf(id: string): number {
    return this.storeOf().numberOf(id);
  }

  at(number: number): ReportSpan {
    const span = this.storeOf().at(number);
    if (span === null) throw new RangeError(`There is no span of number ${number}.`);
    return span;
  }

  idOf(number: number): string {
    return this.storeOf().idOf(number);
  }

  formOf(number: number): Pick<ReportSpan, 'kind' | 'frames'> {
    return this.storeOf().formOf(number);
  }

  parentOf(number: number): number {
    return this.storeOf().parent[number] ?? -1;
  }

  figuresOf(number: number): SpanFigures {
    const store = this.storeOf();
    const ms = (store.end[number] as number) - (store.start[number] as number);
    const row = store.llmRow[number] as number;
    const energyWh = row < 0 ? store.toolNumber(TOOL_IDLE_ENERGY, number) : store.llm.at(LLM_ENERGY, row);
    return { kind: store.formOf(number).kind, ms: Number.isNaN(ms) ? null : ms, energyWh: Number.isNaN(energyWh) ? null : energyWh, streams: store.llmFormOf(number)?.stream === true };
  }

  numbersOf(of: ReportLine | ReportFunction): Int32Array {
    return this.numbers.get(of) ?? Int32Array.from(of.spans, (id) => this.numberOf(id)).filter((number) => number >= 0);
  }
}

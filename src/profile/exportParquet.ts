/** The table of spans as Parquet, for DuckDB, pandas, Polars and the like: typed columns, null where a value is not known. */
import { parquetWriteBuffer, type BasicType } from 'hyparquet-writer';
import { SPAN_COLUMNS, spanRows, type SpanColumnKind } from './exportTable.ts';
import type { Report } from './report.ts';

const TYPES: Readonly<Record<SpanColumnKind, BasicType>> = { text: 'STRING', integer: 'INT64', number: 'DOUBLE', truth: 'BOOLEAN', time: 'TIMESTAMP' };

export function toSpanParquet(document: { report: Report }): Uint8Array {
  const rows = spanRows(document.report);
  const columnData = SPAN_COLUMNS.map(({ name, kind }, column) => ({
    name,
    type: TYPES[kind],
    nullable: true,
    data: rows.map((row) => {
      const value = row[column] ?? null;
      if (kind === 'time' && typeof value === 'string') return new Date(value);
      return kind === 'integer' && typeof value === 'number' ? BigInt(Math.trunc(value)) : value;
    }),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData, createdBy: 'agent-cost' }));
}

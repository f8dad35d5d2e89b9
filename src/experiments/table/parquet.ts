/** The table as Parquet, for DuckDB, pandas, Polars and the like: typed columns, null where a value is not known. */
import { parquetMetadata, parquetReadObjects, parquetSchema } from 'hyparquet';
import { parquetWriteBuffer, type BasicType } from 'hyparquet-writer';
import { checkColumns, checkRows, columnsOf, COLUMNS, TableError, type ColumnKind, type TaskRow } from './columns.ts';

const TYPES: Readonly<Record<ColumnKind, BasicType>> = { text: 'STRING', integer: 'INT32', number: 'DOUBLE', truth: 'BOOLEAN', time: 'TIMESTAMP' };

export function toParquet(rows: readonly TaskRow[]): Uint8Array {
  const columnData = columnsOf(rows).map(({ name, kind }) => ({
    name,
    type: TYPES[kind],
    nullable: true,
    data: rows.map((row) => {
      const value = row[name] ?? null;
      return kind === 'time' && typeof value === 'string' ? new Date(value) : value;
    }),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData, createdBy: 'agent-cost' }));
}

/** @throws TableError that names the file, and what is wrong with it */
export async function parseParquet(bytes: Uint8Array, file: string): Promise<TaskRow[]> {
  const { buffer } = new Uint8Array(bytes);
  let rows: Record<string, unknown>[];
  let names: string[];
  try {
    names = parquetSchema(parquetMetadata(buffer)).children.map(({ element }) => element.name);
    rows = await parquetReadObjects({ file: buffer });
  } catch (error) {
    throw new TableError(`${file} cannot be read as Parquet: ${error instanceof Error ? error.message : String(error)}`);
  }
  checkColumns(names, file);
  const times = new Set(COLUMNS.filter(({ kind }) => kind === 'time').map(({ name }) => name));
  const plain = (name: string, value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : times.has(name) && value instanceof Date ? value.toISOString() : (value ?? null));
  return checkRows(rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(name, value)]))), file);
}

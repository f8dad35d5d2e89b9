/** Tables of tasks on disk: CSV or Parquet, by the file's ending. */
import { readFileSync } from 'node:fs';
import { TableError, type TaskRow } from '../../experiments/table/columns.ts';
import { parseCsv, toCsv } from '../../experiments/table/csv.ts';
import { parseParquet, toParquet } from '../../experiments/table/parquet.ts';
import { UsageError } from '../usageError.ts';
import { writeWhole } from '../writeWhole.ts';

type Format = 'csv' | 'parquet';

/** @throws UsageError naming the option that the path was given with */
export function tableFormat(option: string, path: string): Format {
  const [, ending] = /\.(csv|parquet)$/i.exec(path) ?? [];
  if (ending === undefined) throw new UsageError(`${option} takes a file that ends in .csv or .parquet, not "${path}".`);
  return ending.toLowerCase() as Format;
}

/** Writes a table whole or not at all. Readable by the owner alone, as recordings are: it holds answers. @throws UsageError when it cannot be written */
export function writeTable(option: string, path: string, rows: readonly TaskRow[]): void {
  writeWhole(option, path, tableFormat(option, path) === 'csv' ? toCsv(rows) : toParquet(rows));
}

/** @throws UsageError when it cannot be read, or is no such table */
export async function readTable(path: string): Promise<TaskRow[]> {
  const format = tableFormat('A table', path);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
  try {
    return format === 'csv' ? parseCsv(bytes.toString('utf8'), path) : await parseParquet(bytes, path);
  } catch (error) {
    if (error instanceof TableError) throw new UsageError(error.message);
    throw error;
  }
}

/** Tables of tasks, read as tests want them. */
import { readFileSync } from 'node:fs';
import type { TaskRow } from '../../src/experiments/table/columns.ts';
import { parseCsv } from '../../src/experiments/table/csv.ts';

export function rowsOf(csv: string): TaskRow[] {
  return parseCsv(readFileSync(csv, 'utf8'), csv);
}

export function sumOf(rows: readonly TaskRow[], column: string): number {
  return rows.reduce((total, row) => total + Number(row[column] ?? 0), 0);
}

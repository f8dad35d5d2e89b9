/** The table as CSV (RFC 4180): lines end in CRLF, an empty cell is a value that is not known. */
import { csvRecord } from '../../profile/csvText.ts';
import { CsvError, csvRecords, type CsvCell } from './csvRecords.ts';
import { checkColumns, checkRows, columnsOf, COLUMNS, TableError, type ColumnKind, type TaskRow } from './columns.ts';

export function toCsv(rows: readonly TaskRow[]): string {
  const columns = columnsOf(rows);
  return [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ name }) => row[name]))].map(csvRecord).join('');
}

/** @throws TableError that names the file, and what is wrong with it */
export function parseCsv(csv: string, file: string): TaskRow[] {
  const [head = [], ...lines] = records(csv, file);
  const names = head.map(({ text }) => text);
  checkColumns(names, file);
  const kinds = new Map(COLUMNS.map(({ name, kind }) => [name, kind]));
  const rows = lines.map((cells, index) => {
    if (cells.length !== names.length) throw new TableError(`${file}, row ${index + 1} has ${cells.length} cells, and the table ${names.length} columns.`);
    return Object.fromEntries(cells.map((each, column) => [names[column]!, valueOf(each, kinds.get(names[column]!) ?? 'number')]));
  });
  return checkRows(rows, file);
}

function records(csv: string, file: string): CsvCell[][] {
  try {
    return csvRecords(csv);
  } catch (error) {
    if (error instanceof CsvError) throw new TableError(`${file}, ${error.message}`);
    throw error;
  }
}

function valueOf({ text, quoted }: CsvCell, kind: ColumnKind): string | number | boolean | null {
  if (text === '' && !quoted) return null;
  if (kind === 'truth') return text === 'true' ? true : text === 'false' ? false : text;
  if (kind !== 'number' && kind !== 'integer') return text;
  const value = Number(text);
  // Left as it is for the check, which tells where it stands.
  return Number.isFinite(value) && text.trim() !== '' ? value : text;
}

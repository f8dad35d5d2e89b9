/** The cells of a CSV text (RFC 4180). Pure. */

export interface CsvCell {
  text: string;
  quoted: boolean;
}

/** Where a text stops to be CSV, in words for its user. */
export class CsvError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CsvError';
  }
}

/** Records of cells, a byte order mark in front left out. @throws CsvError that names the line */
export function csvRecords(csv: string): CsvCell[][] {
  const text = csv.replace(/^\uFEFF/, '');
  const records: CsvCell[][] = [];
  let record: CsvCell[] = [];
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  while (cells.lastIndex < text.length) {
    const at = cells.lastIndex;
    const found = cells.exec(text);
    if (found === null) throw new CsvError(`line ${text.slice(0, at).split('\n').length}: a quote is not closed, or stands in a cell without quotes around it.`);
    const [, quoted, plain = '', end] = found;
    record.push(quoted === undefined ? { text: plain, quoted: false } : { text: quoted.replaceAll('""', '"'), quoted: true });
    if (end === ',') continue;
    records.push(record);
    record = [];
  }
  if (record.length > 0) records.push([...record, { text: '', quoted: false }]);
  return records;
}

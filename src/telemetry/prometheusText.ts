/** Reads single series out of Prometheus' text format, without taking the whole page apart: it is read several times a second. */

export interface SeriesRow {
  /** The labels as they stand between the braces; see `labelIn`. */
  labels: string;
  value: number;
}

/** Rows of the series with this exact name; a value that is no finite number is left out. */
export function seriesRows(text: string, name: string): SeriesRow[] {
  const found: SeriesRow[] = [];
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const after = text.charCodeAt(at + name.length);
    const startsLine = at === 0 || text.charCodeAt(at - 1) === 10;
    // `{` or a space: another letter makes it a longer name.
    if (!startsLine || (after !== 123 && after !== 32)) continue;
    const end = text.indexOf('\n', at);
    const line = text.slice(at + name.length, end < 0 ? text.length : end);
    const row = /^(?:\{(.*)\})?\s+([^\s}]+)(?:\s+-?\d+)?\s*$/.exec(line);
    const value = Number(row?.[2] ?? NaN);
    if (row !== null && Number.isFinite(value)) found.push({ labels: row[1] ?? '', value });
  }
  return found;
}

/** The value of a label, its escapes undone, or null. */
export function labelIn(labels: string, name: string): string | null {
  for (const [, key, value = ''] of labels.matchAll(/([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"/g))
    if (key === name) return value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  return null;
}

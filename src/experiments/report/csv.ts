/** Findings as one tidy table: a figure a line. */
import { errorOf } from '../rows.ts';
import type { Result } from './grouped.ts';

const COLUMNS = ['experiment', 'in', 'series', 'figure', 'unit', 'ours', 'margin_95', 'published', 'error', 'basis'] as const;

/** Lines end in CRLF, and cells are quoted where they must be (RFC 4180). What is not known is an empty cell. */
export function toCsv(results: readonly Result[]): string {
  const lines = results.flatMap(({ experiment: { id, where }, findings: { rows } }) =>
    rows.map((row) => [id, where, row.series, row.what, row.unit, row.ours?.mean ?? null, row.ours?.margin ?? null, row.published, errorOf(row), row.basis]),
  );
  return [COLUMNS, ...lines].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  const text = typeof value === 'number' ? String(Number(value.toPrecision(6))) : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lays rows of cells out in columns for a monospaced terminal. */

/** Styling codes take no room. */
const width = (cell: string) => [...cell.replace(/\u001b\[[0-9;]*m/g, '')].length;

/** @returns one line a row, two spaces and more between columns, nothing after the last cell */
export function alignColumns(rows: string[][], align: ('left' | 'right')[]): string[] {
  const widths = align.map((_, column) => Math.max(0, ...rows.map((row) => width(row[column] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell)));
        return align[column] === 'right' ? padding + cell : cell + padding;
      })
      .join('   ')
      .trimEnd(),
  );
}

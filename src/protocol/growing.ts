/** Columns that grow: typed arrays with room to spare. */
export type Column = Float64Array | Float32Array | Int32Array | Uint16Array | Uint8Array;

/** The column with room for `length` entries at least; new room is zero. */
export function withRoom<T extends Column>(column: T, length: number): T {
  if (length <= column.length) return column;
  const next = new (column.constructor as new (length: number) => T)(Math.max(16, length, Math.min(column.length * 2, column.length + (1 << 20))));
  next.set(column);
  return next;
}

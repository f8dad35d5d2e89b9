/** What survives hiding the panel or reloading the window: where the reader was. */
import type { ViewRange } from '../model/viewRange.ts';

export interface Kept {
  run: string | null;
  range: ViewRange | null;
  selected: string[];
  query: string;
  following: boolean;
}

/** Reads what was kept; anything odd counts as nothing. */
export function readKept(value: unknown): Kept {
  const nothing: Kept = { run: null, range: null, selected: [], query: '', following: true };
  if (typeof value !== 'object' || value === null) return nothing;
  const kept = value as Partial<Record<keyof Kept, unknown>>;
  const range = kept.range as Partial<ViewRange> | null | undefined;
  const start = range?.start;
  const end = range?.end;
  return {
    run: typeof kept.run === 'string' ? kept.run : null,
    range: typeof start === 'number' && typeof end === 'number' && end > start ? { start, end } : null,
    selected: Array.isArray(kept.selected) ? kept.selected.filter((id) => typeof id === 'string') : [],
    query: typeof kept.query === 'string' ? kept.query.slice(0, 500) : '',
    following: kept.following !== false,
  };
}

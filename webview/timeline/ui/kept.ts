/** What survives hiding the panel or reloading the window: where the reader was. */
import { viewNames, type ViewName } from './viewNames.ts';
import { readLaneChoice, usualLanes, type LaneChoice } from '../model/laneChoice.ts';
import type { Region } from '../model/region.ts';
import type { ViewRange } from '../model/viewRange.ts';

/** Pixels: of the details where they are below the lanes, and where they are beside them; null: as large as they are by themselves. */
export interface DetailsSize {
  height: number | null;
  width: number | null;
}

export interface Kept {
  run: string | null;
  range: ViewRange | null;
  /** The selected stretch of time. */
  region: Region | null;
  selected: string[];
  query: string;
  following: boolean;
  /** Of all runs, as is what follows. */
  details: DetailsSize;
  view: ViewName;
  /** How each view is set, in its own words, which it checks itself. */
  settings: Partial<Record<ViewName, unknown>>;
  lanes: LaneChoice;
}

/** Reads what was kept; anything odd counts as nothing. */
export function readKept(value: unknown): Kept {
  const nothing: Kept = { run: null, range: null, region: null, selected: [], query: '', following: true, details: { height: null, width: null }, view: 'timeline', settings: {}, lanes: usualLanes };
  if (typeof value !== 'object' || value === null) return nothing;
  const kept = value as Partial<Record<keyof Kept, unknown>>;
  const details = kept.details as Partial<Record<keyof DetailsSize, unknown>> | null | undefined;
  return {
    run: typeof kept.run === 'string' ? kept.run : null,
    range: stretch(kept.range),
    region: stretch(kept.region),
    selected: Array.isArray(kept.selected) ? kept.selected.filter((id) => typeof id === 'string') : [],
    query: typeof kept.query === 'string' ? kept.query.slice(0, 500) : '',
    following: kept.following !== false,
    details: { height: pixels(details?.height), width: pixels(details?.width) },
    view: viewNames.find((name) => name === kept.view) ?? 'timeline',
    settings: typeof kept.settings === 'object' && kept.settings !== null ? kept.settings : {},
    lanes: readLaneChoice(kept.lanes),
  };
}

function stretch(value: unknown): ViewRange | null {
  const { start, end } = (value ?? {}) as Partial<Record<keyof ViewRange, unknown>>;
  return typeof start === 'number' && typeof end === 'number' && end > start ? { start, end } : null;
}

function pixels(value: unknown): number | null {
  return typeof value === 'number' && value > 0 && value < 10_000 ? value : null;
}

/** Which lanes there are and where: pixels from the top of the drawing, below the axis. Pure. */
import { inOrder, laneLabels, usualLanes, type LaneChoice, type LaneName } from '../model/laneChoice.ts';

export interface LaneBox {
  name: LaneName;
  label: string;
  top: number;
  height: number;
  rows: number;
  rowHeight: number;
  /** From one row's top to the next one's. */
  pitch: number;
  /** One low line for all rows. */
  folded: boolean;
  /** Not scrolled with the others. */
  pinned: boolean;
}

export interface LayoutInput {
  rows: Record<'request' | 'agent' | 'llm' | 'tool', number>;
  gpu: boolean;
  kv: boolean;
  power: boolean;
  narrow: boolean;
  /** Height that there is; the power lane takes what the others leave. */
  available: number;
  /** What the reader chose; the narrow layout has its own. */
  choice?: LaneChoice;
}

export interface Layout {
  boxes: LaneBox[];
  height: number;
  /** Of the pinned lanes, which lie over the scrolled ones. */
  pinnedHeight: number;
}

const narrowOrder: readonly LaneName[] = ['gpu', 'llm', 'tool'];
const LEAST_POWER = 64;
const MOST_POWER = 220;
/** Where it is not the last lane, which takes what is left. */
const POWER_AMONG_OTHERS = 96;
const BOTTOM = 8;
const ROW_HEIGHTS = { wide: 20, narrow: 14, least: 8 };
/** Rows lower than this have no room for text. */
export const LABEL_ROW_HEIGHT = 13;
const GAP = 8;
const NARROW_GAP = 5;
const FOLDED_HEIGHT = 11;
const LEAST_ROW = 5;
/** Below the pinned lanes, where the others come out. */
const PINNED_GAP = 3;

function seriesHeight(name: 'gpu' | 'kv' | 'power', narrow: boolean, left: number): number {
  if (name === 'gpu') return narrow ? 14 : 24;
  return name === 'kv' ? 30 : Math.min(MOST_POWER, Math.max(LEAST_POWER, left));
}

/** Lowers the rows of crowded runs, so that the GPU and its power stay in sight as long as they can. */
function rowHeightFor(input: LayoutInput, shown: readonly LaneName[], folded: readonly LaneName[]): number {
  // The narrow layout scrolls its few lanes.
  if (input.narrow) return ROW_HEIGHTS.narrow;
  const has = (name: LaneName): boolean => shown.includes(name) && !folded.includes(name);
  const rows = (['request', 'agent', 'llm', 'tool'] as const).reduce((sum, name) => sum + (has(name) ? input.rows[name] : 0), 0);
  const others = 4 * GAP + folded.length * FOLDED_HEIGHT + (input.kv && has('kv') ? 30 + GAP : 0) + (input.power && has('power') ? LEAST_POWER + 14 : 0) + (input.gpu && has('gpu') ? 38 : 0) + BOTTOM;
  const fitting = Math.floor((input.available - others) / Math.max(1, rows)) - 2;
  return Math.min(ROW_HEIGHTS.wide, Math.max(ROW_HEIGHTS.least, fitting));
}

function gapAbove(name: LaneName, narrow: boolean): number {
  if (narrow) return NARROW_GAP;
  return name === 'agent' ? 4 : name === 'gpu' || name === 'power' ? 14 : GAP;
}

export function layoutLanes(input: LayoutInput): Layout {
  const { narrow } = input;
  const { hidden, folded, pinned, scale } = narrow || input.choice === undefined ? usualLanes : input.choice;
  const boxes: LaneBox[] = [];
  const shown = (narrow ? narrowOrder : inOrder(input.choice ?? usualLanes)).filter((name) => !hidden.includes(name));
  const usualHeight = rowHeightFor(input, shown, folded);
  let top = narrow ? 3 : 6;
  let pinnedHeight = 0;
  for (const name of shown) {
    const series = name === 'gpu' || name === 'kv' || name === 'power';
    const rows = series ? Number(input[name]) : input.rows[name];
    if (rows === 0) continue;
    if (boxes.length > 0) top += gapAbove(name, narrow);
    const isFolded = folded.includes(name);
    const factor = scale[name] ?? 1;
    const rowHeight = isFolded ? FOLDED_HEIGHT : Math.max(LEAST_ROW, Math.round(series ? seriesHeight(name, narrow, name === shown.at(-1) ? input.available - top - BOTTOM : POWER_AMONG_OTHERS) * factor : usualHeight * factor));
    const pitch = series || isFolded ? rowHeight : rowHeight + (rowHeight < LABEL_ROW_HEIGHT ? 1 : 2);
    const height = isFolded || series ? rowHeight : rows * pitch - (pitch - rowHeight);
    boxes.push({ name, label: laneLabels[name], top, height, rows: isFolded ? 1 : rows, rowHeight, pitch, folded: isFolded, pinned: pinned.includes(name) });
    top += height;
    if (pinned.includes(name)) pinnedHeight = top + PINNED_GAP;
  }
  return { boxes, height: top + BOTTOM, pinnedHeight };
}

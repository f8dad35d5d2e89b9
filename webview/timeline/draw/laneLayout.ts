/** Which lanes there are and where: pixels from the top of the drawing, below the axis. Pure. */
import { laneLabels, usualLanes, type LaneChoice, type LaneName } from '../model/laneChoice.ts';
import { placedLanes, type LaneGroup, type PlacedLane, type Series } from '../model/laneGroups.ts';

export interface LaneBox extends PlacedLane {
  top: number;
  height: number;
  rows: number;
  rowHeight: number;
  /** From one row's top to the next one's. */
  pitch: number;
  /** One low line for all rows. */
  folded: boolean;
}

export interface LayoutInput {
  rows: Record<'request' | 'agent' | 'llm' | 'tool', number>;
  gpu: boolean;
  kv: boolean;
  power: boolean;
  /** Of several servers and GPUs, where there are. */
  groups?: readonly LaneGroup[];
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

const narrowOrder = ['gpu', 'llm', 'tool'] as const;
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
/** Between the lanes of a group. */
const GROUPED_GAP = 4;
const FOLDED_HEIGHT = 11;
const LEAST_ROW = 5;
/** Below the pinned lanes, where the others come out. */
const PINNED_GAP = 3;

/** Of a group's lanes, which are many. */
const GROUPED_HEIGHTS = { gpu: 20, kv: 24, power: 40 };
const GROUP_HEAD = 16;

function seriesHeight(name: Series, narrow: boolean, left: number): number {
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

function gapAbove({ name, group, series }: PlacedLane, narrow: boolean): number {
  if (narrow) return NARROW_GAP;
  if (group !== null) return GROUPED_GAP;
  return name === 'agent' ? 4 : name === 'gpu' || name === 'power' || series === 'group' ? 14 : GAP;
}

function narrowLanes(): PlacedLane[] {
  return narrowOrder.map((name) => ({ name, label: laneLabels[name], series: name === 'gpu' ? name : null, part: -1, group: null, pinned: false }));
}

export function layoutLanes(input: LayoutInput): Layout {
  const { narrow } = input;
  const choice = narrow || input.choice === undefined ? usualLanes : input.choice;
  const { folded, scale } = choice;
  const boxes: LaneBox[] = [];
  const shown = narrow ? narrowLanes() : placedLanes(choice, input.groups ?? []);
  const usualHeight = rowHeightFor(input, shown.map(({ name }) => name), folded);
  let top = narrow ? 3 : 6;
  let pinnedHeight = 0;
  for (const lane of shown) {
    const { name, series } = lane;
    const rows = name === 'request' || name === 'agent' || name === 'llm' || name === 'tool' ? input.rows[name] : name === 'gpu' || name === 'kv' || name === 'power' ? Number(input[name]) : 1;
    if (rows === 0) continue;
    if (boxes.length > 0) top += gapAbove(lane, narrow);
    const isFolded = folded.includes(name);
    const factor = scale[name] ?? 1;
    const heightOf = (): number => {
      if (series === 'group') return GROUP_HEAD + (isFolded ? FOLDED_HEIGHT : 0);
      if (isFolded) return FOLDED_HEIGHT;
      if (series === null) return Math.max(LEAST_ROW, Math.round(usualHeight * factor));
      const usual = lane.part >= 0 ? GROUPED_HEIGHTS[series] : seriesHeight(series, narrow, lane === shown.at(-1) ? input.available - top - BOTTOM : POWER_AMONG_OTHERS);
      return Math.max(LEAST_ROW, Math.round(usual * factor));
    };
    const rowHeight = heightOf();
    const pitch = series !== null || isFolded ? rowHeight : rowHeight + (rowHeight < LABEL_ROW_HEIGHT ? 1 : 2);
    const height = isFolded || series !== null ? rowHeight : rows * pitch - (pitch - rowHeight);
    boxes.push({ ...lane, top, height, rows: isFolded ? 1 : rows, rowHeight, pitch, folded: isFolded });
    top += height;
    if (lane.pinned) pinnedHeight = top + PINNED_GAP;
  }
  return { boxes, height: top + BOTTOM, pinnedHeight };
}

/** Where a folded group's head shows what its lanes would. */
export function stripOf(box: LaneBox): LaneBox {
  return { ...box, top: box.top + GROUP_HEAD, height: box.height - GROUP_HEAD, rowHeight: FOLDED_HEIGHT };
}

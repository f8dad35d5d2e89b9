/** Which lanes there are and where: pixels from the top of the drawing, below the axis. Pure. */

export const laneNames = ['request', 'agent', 'llm', 'tool', 'gpu', 'kv', 'power'] as const;
export type LaneName = (typeof laneNames)[number];

export interface LaneBox {
  name: LaneName;
  label: string;
  top: number;
  height: number;
  rows: number;
  rowHeight: number;
  /** From one row's top to the next one's. */
  pitch: number;
}

export interface LayoutInput {
  rows: Record<'request' | 'agent' | 'llm' | 'tool', number>;
  gpu: boolean;
  kv: boolean;
  power: boolean;
  narrow: boolean;
  /** Height that there is; the power lane takes what the others leave. */
  available: number;
}

export interface Layout {
  boxes: LaneBox[];
  height: number;
}

const labels: Record<LaneName, string> = { request: 'request', agent: 'agent', llm: 'llm', tool: 'tools', gpu: 'gpu', kv: 'kv cache', power: 'power' };
const wideOrder: readonly LaneName[] = ['request', 'agent', 'llm', 'tool', 'gpu', 'kv', 'power'];
const narrowOrder: readonly LaneName[] = ['gpu', 'llm', 'tool'];
const LEAST_POWER = 64;
const MOST_POWER = 220;
const BOTTOM = 8;
const ROW_HEIGHTS = { wide: 20, narrow: 14, least: 8 };
/** Rows lower than this have no room for text. */
export const LABEL_ROW_HEIGHT = 13;
const GAP = 8;
const NARROW_GAP = 5;

function seriesHeight(name: 'gpu' | 'kv' | 'power', narrow: boolean, left: number): number {
  if (name === 'gpu') return narrow ? 14 : 24;
  return name === 'kv' ? 30 : Math.min(MOST_POWER, Math.max(LEAST_POWER, left));
}

/** Lowers the rows of crowded runs, so that the GPU and its power stay in sight as long as they can. */
function rowHeightFor(input: LayoutInput): number {
  // The narrow layout scrolls its few lanes.
  if (input.narrow) return ROW_HEIGHTS.narrow;
  const rows = input.rows.request + input.rows.agent + input.rows.llm + input.rows.tool;
  const others = 4 * GAP + (input.kv ? 30 + GAP : 0) + (input.power ? LEAST_POWER + 14 : 0) + (input.gpu ? 38 : 0) + BOTTOM;
  const fitting = Math.floor((input.available - others) / Math.max(1, rows)) - 2;
  return Math.min(ROW_HEIGHTS.wide, Math.max(ROW_HEIGHTS.least, fitting));
}

export function layoutLanes(input: LayoutInput): Layout {
  const boxes: LaneBox[] = [];
  const rowHeight = rowHeightFor(input);
  const pitch = rowHeight + (rowHeight < LABEL_ROW_HEIGHT ? 1 : 2);
  let top = input.narrow ? 3 : 6;
  for (const name of input.narrow ? narrowOrder : wideOrder) {
    const series = name === 'gpu' || name === 'kv' || name === 'power';
    const rows = series ? Number(input[name]) : input.rows[name];
    if (rows === 0) continue;
    if (boxes.length > 0) top += input.narrow ? NARROW_GAP : name === 'agent' ? 4 : name === 'gpu' || name === 'power' ? 14 : GAP;
    const height = series ? seriesHeight(name, input.narrow, input.available - top - BOTTOM) : rows * pitch - (pitch - rowHeight);
    boxes.push({ name, label: labels[name], top, height, rows, rowHeight: series ? height : rowHeight, pitch: series ? height : pitch });
    top += height;
  }
  return { boxes, height: top + BOTTOM };
}

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
const MOST_POWER = 150;
const BOTTOM = 8;

export function layoutLanes(input: LayoutInput): Layout {
  const boxes: LaneBox[] = [];
  const rowHeight = input.narrow ? 14 : 20;
  let top = input.narrow ? 3 : 6;
  for (const name of input.narrow ? narrowOrder : wideOrder) {
    const gap = input.narrow ? 5 : name === 'agent' ? 4 : name === 'gpu' ? 14 : 8;
    if (name === 'gpu' || name === 'kv' || name === 'power') {
      if (!input[name]) continue;
      const height = name === 'gpu' ? (input.narrow ? 14 : 24) : name === 'kv' ? 30 : Math.min(MOST_POWER, Math.max(LEAST_POWER, input.available - top - 14 - BOTTOM));
      if (boxes.length > 0) top += name === 'power' ? 14 : gap;
      boxes.push({ name, label: labels[name], top, height, rows: 1, rowHeight: height, pitch: height });
      top += height;
      continue;
    }
    const rows = input.rows[name];
    if (rows === 0) continue;
    if (boxes.length > 0) top += gap;
    const pitch = rowHeight + 2;
    boxes.push({ name, label: labels[name], top, height: rows * pitch - 2, rows, rowHeight, pitch });
    top += rows * pitch - 2;
  }
  return { boxes, height: top + BOTTOM };
}

/** Which lanes the reader wants to see, in which order and how high. Pure; the same for all runs. */

export const laneNames = ['request', 'agent', 'llm', 'tool', 'gpu', 'kv', 'power'] as const;
export type LaneName = (typeof laneNames)[number];

export const laneLabels: Record<LaneName, string> = { request: 'request', agent: 'agent', llm: 'llm', tool: 'tools', gpu: 'gpu', kv: 'kv cache', power: 'power' };

export interface LaneChoice {
  /** All lanes, from the top. */
  order: readonly LaneName[];
  hidden: readonly LaneName[];
  /** Drawn as one low line. */
  folded: readonly LaneName[];
  /** Above the others, and not scrolled with them. */
  pinned: readonly LaneName[];
  /** Height of a lane as a multiple of its own. */
  scale: Readonly<Partial<Record<LaneName, number>>>;
}

export const usualLanes: LaneChoice = { order: laneNames, hidden: [], folded: [], pinned: [], scale: {} };

export const LEAST_SCALE = 0.5;
export const MOST_SCALE = 5;

type LaneSet = 'hidden' | 'folded' | 'pinned';

export function toggled(choice: LaneChoice, set: LaneSet, name: LaneName): LaneChoice {
  const has = choice[set].includes(name);
  return { ...choice, [set]: has ? choice[set].filter((each) => each !== name) : [...choice[set], name] };
}

/** The lanes as they stand on screen: pinned ones first; hidden ones, too, are in it. */
export function inOrder({ order, pinned }: LaneChoice): LaneName[] {
  return [...order.filter((name) => pinned.includes(name)), ...order.filter((name) => !pinned.includes(name))];
}

/** Moves a lane past its neighbour of those in `shown`: up (-1) or down (1). */
export function moved(choice: LaneChoice, name: LaneName, by: 1 | -1, shown: readonly LaneName[]): LaneChoice {
  const row = shown.filter((each) => choice.pinned.includes(each) === choice.pinned.includes(name));
  const neighbour = row[row.indexOf(name) + by];
  return neighbour === undefined ? choice : movedTo(choice, name, neighbour, by === 1);
}

/** Moves a lane before another, or after it. */
export function movedTo(choice: LaneChoice, name: LaneName, other: LaneName, after: boolean): LaneChoice {
  if (name === other) return choice;
  const rest = choice.order.filter((each) => each !== name);
  rest.splice(rest.indexOf(other) + Number(after), 0, name);
  // Beside a pinned lane it is pinned as well, else it would not stand there.
  const pinned = choice.pinned.includes(other) === choice.pinned.includes(name) ? choice.pinned : toggled(choice, 'pinned', name).pinned;
  return { ...choice, order: rest, pinned };
}

export function scaled(choice: LaneChoice, name: LaneName, scale: number): LaneChoice {
  return { ...choice, scale: { ...choice.scale, [name]: Math.min(MOST_SCALE, Math.max(LEAST_SCALE, scale)) } };
}

/** Reads what was kept; anything odd counts as the usual. */
export function readLaneChoice(value: unknown): LaneChoice {
  if (typeof value !== 'object' || value === null) return usualLanes;
  const kept = value as Partial<Record<keyof LaneChoice, unknown>>;
  const names = (list: unknown): LaneName[] => (Array.isArray(list) ? laneNames.filter((name) => list.includes(name)) : []);
  const order = Array.isArray(kept.order) ? kept.order.filter((name, index, all): name is LaneName => laneNames.includes(name as LaneName) && all.indexOf(name) === index) : [];
  const scale: Partial<Record<LaneName, number>> = {};
  for (const name of laneNames) {
    const factor = ((kept.scale ?? {}) as Partial<Record<LaneName, unknown>>)[name];
    if (typeof factor === 'number' && factor >= LEAST_SCALE && factor <= MOST_SCALE) scale[name] = factor;
  }
  return { order: [...order, ...laneNames.filter((name) => !order.includes(name))], hidden: names(kept.hidden), folded: names(kept.folded), pinned: names(kept.pinned), scale };
}

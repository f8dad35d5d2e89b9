/** Which lanes the reader wants to see, in which order and how high. Pure; the same for all runs. */
import * as l10n from '@vscode/l10n';

export const laneNames = ['request', 'agent', 'llm', 'tool', 'gpu', 'kv', 'power'] as const;
export type BaseLane = (typeof laneNames)[number];
/** A lane of one of several servers or GPUs, or the head of such lanes, by the key of the server or GPU. */
export type PartLane = `${'group' | 'gpu' | 'kv' | 'power'}:${string}`;
export type LaneName = BaseLane | PartLane;

export const laneLabels: Record<BaseLane, string> = { request: l10n.t('request'), agent: l10n.t('agent'), llm: l10n.t('llm'), tool: l10n.t('tools'), gpu: l10n.t('gpu'), kv: l10n.t('kv cache'), power: l10n.t('power') };

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

/** Of lanes that only some runs have, as many are kept. */
const MOST_KEPT = 200;

function isLaneName(value: unknown): value is LaneName {
  return typeof value === 'string' && (laneNames.includes(value as BaseLane) || /^(group|gpu|kv|power):.{1,300}$/s.test(value));
}

/** Reads what was kept; anything odd counts as the usual. */
export function readLaneChoice(value: unknown): LaneChoice {
  if (typeof value !== 'object' || value === null) return usualLanes;
  const kept = value as Partial<Record<keyof LaneChoice, unknown>>;
  const names = (list: unknown): LaneName[] => (Array.isArray(list) ? [...new Set(list.filter(isLaneName))].slice(0, MOST_KEPT) : []);
  const order = names(kept.order);
  const scale: Partial<Record<LaneName, number>> = {};
  for (const [name, factor] of Object.entries(kept.scale ?? {}).slice(0, MOST_KEPT)) if (isLaneName(name) && typeof factor === 'number' && factor >= LEAST_SCALE && factor <= MOST_SCALE) scale[name] = factor;
  return { order: [...order, ...laneNames.filter((name) => !order.includes(name))], hidden: names(kept.hidden), folded: names(kept.folded), pinned: names(kept.pinned), scale };
}

/**
 * The run's own lanes beside those that every run has: a group for each of several servers, and one for several GPUs. A group's
 * head is a lane as well: folded, hidden, pinned and moved, it takes its lanes along. Pure.
 */
import { laneLabels, laneNames, movedTo, toggled, type LaneChoice, type LaneName, type PartLane } from './laneChoice.ts';
import { visibleText } from '../../../src/profile/visibleText.ts';
import type { GpuPartTrack } from './timelineModel.ts';

export type Series = 'gpu' | 'kv' | 'power';

export interface GroupLane {
  name: PartLane;
  label: string;
  series: Series;
  /** Its number among the model's parts. */
  part: number;
}

export interface LaneGroup {
  name: PartLane;
  label: string;
  /** Whose state its folded head shows; -1: the whole track's power. */
  part: number;
  lanes: GroupLane[];
}

/** A lane in its place; `group`: the one that it stands in. */
export interface PlacedLane {
  name: LaneName;
  label: string;
  /** Null for spans. */
  series: Series | 'group' | null;
  /** -1: the whole track. */
  part: number;
  group: PartLane | null;
  pinned: boolean;
}

const MOST_NAME = 60;

/** What of the parts is known enough to be drawn. */
export function groupsOf(parts: readonly GpuPartTrack[]): LaneGroup[] {
  const groups = new Map<string, LaneGroup>();
  parts.forEach(({ head, track }, part) => {
    const lanes: GroupLane[] = [];
    const name = visibleText(head.name, MOST_NAME);
    if (head.kind === 'server') lanes.push({ name: `gpu:${head.key}`, label: laneLabels.gpu, series: 'gpu', part });
    if ((track.kv.all()?.max ?? 0) > 0 && head.ownStates) lanes.push({ name: `kv:${head.key}`, label: laneLabels.kv, series: 'kv', part });
    if (track.power.all() !== null) lanes.push({ name: `power:${head.key}`, label: head.kind === 'gpu' ? name : laneLabels.power, series: 'power', part });
    if (lanes.length === 0) return;
    const known = groups.get(head.group.key);
    if (known === undefined) groups.set(head.group.key, { name: `group:${head.group.key}`, label: visibleText(head.group.name, MOST_NAME), part: head.kind === 'server' ? part : -1, lanes });
    else known.lanes.push(...lanes);
  });
  return [...groups.values()];
}

/** The choice with the run's own lanes in its order: what was not chosen of before stands below all that was. */
export function withGroups(choice: LaneChoice, groups: readonly LaneGroup[]): LaneChoice {
  const known = new Set<LaneName>(choice.order);
  const missing = groups.flatMap((group) => [group.name, ...group.lanes.map(({ name }) => name)]).filter((name) => !known.has(name));
  return missing.length === 0 ? choice : { ...choice, order: [...choice.order, ...missing] };
}

/** All lanes that are to be seen, from the top: pinned ones first, each group's behind its head. */
export function placedLanes(choice: LaneChoice, groups: readonly LaneGroup[]): PlacedLane[] {
  const { order, hidden, folded, pinned } = withGroups(choice, groups);
  const place = new Map(order.map((name, index) => [name, index]));
  const byName = new Map<LaneName, LaneGroup>(groups.map((group) => [group.name, group]));
  const alone = new Map<LaneName, GroupLane>();
  for (const group of groups) {
    if (pinned.includes(group.name) || hidden.includes(group.name)) continue;
    for (const lane of group.lanes) if (pinned.includes(lane.name)) alone.set(lane.name, lane);
  }
  const placed: PlacedLane[] = [];
  const put = (name: LaneName, isPinned: boolean): void => {
    if (hidden.includes(name)) return;
    const base = laneNames.find((each) => each === name);
    const group = byName.get(name);
    const lane = alone.get(name);
    if (base !== undefined) placed.push({ name, label: laneLabels[base], series: base === 'gpu' || base === 'kv' || base === 'power' ? base : null, part: -1, group: null, pinned: isPinned });
    else if (lane !== undefined) placed.push({ ...lane, label: aloneLabel(lane, groups), group: null, pinned: isPinned });
    else if (group !== undefined) {
      placed.push({ name: group.name, label: group.label, series: 'group', part: group.part, group: null, pinned: isPinned });
      if (folded.includes(group.name)) return;
      const lanes = group.lanes.filter((each) => !alone.has(each.name) && !hidden.includes(each.name)).sort((a, b) => (place.get(a.name) ?? 0) - (place.get(b.name) ?? 0));
      for (const each of lanes) placed.push({ ...each, group: group.name, pinned: isPinned });
    }
  };
  for (const name of order) if (pinned.includes(name) && (!isInGroup(name, groups) || alone.has(name))) put(name, true);
  for (const name of order) if (!pinned.includes(name) && !isInGroup(name, groups)) put(name, false);
  return placed;
}

function isInGroup(name: LaneName, groups: readonly LaneGroup[]): boolean {
  return groups.some((group) => group.lanes.some((lane) => lane.name === name));
}

/** Away from its head, a lane says whose it is. */
function aloneLabel({ name, label, series, part }: GroupLane, groups: readonly LaneGroup[]): string {
  const group = groups.find((each) => each.lanes.some((lane) => lane.name === name));
  return group === undefined || group.part !== part ? label : `${series === 'gpu' ? '' : `${label} `}${group.label}`;
}

/** Moves a lane past its neighbour on screen, within what it stands in. */
export function movedBy(choice: LaneChoice, name: LaneName, by: 1 | -1, shown: readonly PlacedLane[]): LaneChoice {
  const own = shown.find((lane) => lane.name === name);
  if (own === undefined) return choice;
  const row = shown.filter((lane) => lane.group === own.group && lane.pinned === own.pinned);
  const neighbour = row[row.indexOf(own) + by];
  return neighbour === undefined ? choice : movedTo(choice, name, neighbour.name, by === 1);
}

/** Moves a lane to where it was dropped: one of a group stays in it, any other one stands beside the whole group. */
export function droppedAt(choice: LaneChoice, name: LaneName, other: LaneName, after: boolean, shown: readonly PlacedLane[]): LaneChoice {
  const own = shown.find((lane) => lane.name === name);
  const target = shown.find((lane) => lane.name === other);
  if (own === undefined || target === undefined || own.name === target.group) return choice;
  if (own.group !== null) {
    if (target.name !== own.group) return target.group === own.group ? movedTo(choice, name, other, after) : choice;
    const first = shown.find((lane) => lane.group === own.group);
    return first === undefined ? choice : movedTo(choice, name, first.name, false);
  }
  if (target.group !== null) return movedTo(choice, name, target.group, true);
  // Behind the head of a group that is open its own lanes come.
  const opens = target.series === 'group' && shown.some((lane) => lane.group === target.name);
  return movedTo(choice, name, other, opens ? false : after);
}

/** Pins a lane or no longer; a lane of a pinned group stays with it. */
export function pinnedOrNot(choice: LaneChoice, lane: Pick<PlacedLane, 'name' | 'group' | 'pinned'>): LaneChoice {
  return lane.group !== null && lane.pinned ? toggled(choice, 'pinned', lane.group) : toggled(choice, 'pinned', lane.name);
}

/** Groups of lanes: folded, hidden, pinned and moved with what stands in them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutLanes } from '../../webview/timeline/draw/laneLayout.ts';
import { laneNames, readLaneChoice, toggled, usualLanes, type LaneChoice, type LaneName } from '../../webview/timeline/model/laneChoice.ts';
import { droppedAt, groupsOf, movedBy, pinnedOrNot, placedLanes, withGroups } from '../../webview/timeline/model/laneGroups.ts';
import { groupedRun } from '../fixtures/groupedRun.ts';
import { modelOf } from '../fixtures/timelineDocuments.ts';

const groups = groupsOf(modelOf(groupedRun()).parts);
const usual = withGroups(usualLanes, groups);
const A = 'group:server localhost:8000';
const B = 'group:server localhost:8001';
const own = [A, 'gpu:localhost:8000', B, 'gpu:localhost:8001', 'group:gpus', 'power:gpu 0', 'power:gpu 1', 'power:gpu 2', 'power:gpu 3'] as const;
const names = (choice: LaneChoice): LaneName[] => placedLanes(choice, groups).map((lane) => lane.name);

describe('groups of lanes', () => {
  it('stand below the run’s lanes, each with its own behind it', () => {
    expect(names(usualLanes)).toEqual([...laneNames, ...own]);
    expect(placedLanes(usualLanes, [])).toHaveLength(laneNames.length);
  });

  it('take their lanes along when folded, hidden, pinned or moved', () => {
    expect(names(toggled(usual, 'folded', 'group:gpus'))).toEqual([...laneNames, ...own.slice(0, 5)]);
    expect(names(toggled(usual, 'hidden', A))).toEqual([...laneNames, ...own.slice(2)]);
    const pinned = placedLanes(toggled(usual, 'pinned', B), groups);
    expect(pinned.filter((lane) => lane.pinned).map((lane) => lane.name)).toEqual([B, 'gpu:localhost:8001']);
    expect(pinned[0]?.name).toBe(B);
    expect(names(movedBy(usual, B, -1, placedLanes(usual, groups)))).toEqual([...laneNames, B, 'gpu:localhost:8001', A, 'gpu:localhost:8000', ...own.slice(4)]);
  });

  it('keep their lanes: one is moved within, dropped elsewhere it stays, and others are dropped beside the whole group', () => {
    const shown = placedLanes(usual, groups);
    expect(names(movedBy(usual, 'power:gpu 1', -1, shown)).slice(-4)).toEqual(['power:gpu 1', 'power:gpu 0', 'power:gpu 2', 'power:gpu 3']);
    expect(movedBy(usual, 'power:gpu 0', -1, shown)).toBe(usual);
    expect(names(droppedAt(usual, 'power:gpu 3', 'power:gpu 0', false, shown)).slice(-4)).toEqual(['power:gpu 3', 'power:gpu 0', 'power:gpu 1', 'power:gpu 2']);
    expect(droppedAt(usual, 'power:gpu 3', 'llm', false, shown)).toBe(usual);
    expect(names(droppedAt(usual, 'power:gpu 3', 'group:gpus', true, shown)).slice(-4)[0]).toBe('power:gpu 3');
    expect(names(droppedAt(usual, 'llm', 'gpu:localhost:8000', false, shown))).toEqual([...laneNames.filter((name) => name !== 'llm'), A, 'gpu:localhost:8000', 'llm', ...own.slice(2)]);
    expect(names(droppedAt(usual, 'group:gpus', 'request', false, shown)).slice(0, 6)).toEqual(['group:gpus', 'power:gpu 0', 'power:gpu 1', 'power:gpu 2', 'power:gpu 3', 'request']);
  });

  it('let a single lane be pinned, which then says whose it is', () => {
    const lane = placedLanes(usual, groups).find((each) => each.name === 'gpu:localhost:8001');
    if (lane === undefined) throw new Error('the lane is not shown');
    const pinned = pinnedOrNot(usual, lane);
    expect(placedLanes(pinned, groups)[0]).toMatchObject({ name: 'gpu:localhost:8001', label: 'localhost:8001', group: null, pinned: true });
    const whole = toggled(usual, 'pinned', B);
    const within = placedLanes(whole, groups).find((each) => each.name === 'gpu:localhost:8001');
    expect(within === undefined ? null : pinnedOrNot(whole, within).pinned).toEqual([]);
  });

  it('are drawn once and below each other, whatever is chosen, and chosen again when read', () => {
    const name = fc.constantFrom<LaneName>(...laneNames, ...own);
    const act = fc.oneof(
      fc.record({ kind: fc.constantFrom('hidden' as const, 'folded' as const, 'pinned' as const), name }),
      fc.record({ kind: fc.constant('drop' as const), name, other: name, after: fc.boolean() }),
      fc.record({ kind: fc.constant('by' as const), name, by: fc.constantFrom(1 as const, -1 as const) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 25 }), (acts) => {
        let choice = usual;
        for (const each of acts) {
          const shown = placedLanes(choice, groups);
          if (each.kind === 'drop') choice = droppedAt(choice, each.name, each.other, each.after, shown);
          else if (each.kind === 'by') choice = movedBy(choice, each.name, each.by, shown);
          else choice = toggled(choice, each.kind, each.name);
        }
        expect(names({ ...choice, hidden: [], folded: [] }).sort()).toEqual([...laneNames, ...own].sort());
        const again = readLaneChoice(JSON.parse(JSON.stringify(choice)));
        expect(names(again)).toEqual(names(choice));
        const { boxes, pinnedHeight } = layoutLanes({ rows: { request: 1, agent: 2, llm: 1, tool: 1 }, gpu: true, kv: true, power: true, groups, narrow: false, available: 500, choice });
        expect(boxes.map((box) => box.name)).toEqual(names(choice));
        boxes.slice(1).forEach((box, i) => expect(box.top).toBeGreaterThanOrEqual((boxes[i]?.top ?? 0) + (boxes[i]?.height ?? 0)));
        for (const box of boxes) expect(box.pinned).toBe(box.top < pinnedHeight);
        // Each lane of a group stands behind its head.
        boxes.forEach((box, i) => {
          if (box.group !== null) expect([boxes[i - 1]?.group, boxes[i - 1]?.name]).toContain(box.group);
        });
      }),
    );
  });

  it('read odd names as none', () => {
    expect(readLaneChoice({ order: ['gpu:a', 'evil:b', 'gpu:', 'gpu:a'], hidden: ['group:x', {}], scale: { 'power:gpu 1': 2, 'evil:b': 2, llm: 99 } })).toEqual({ ...usualLanes, order: ['gpu:a', ...laneNames], hidden: ['group:x'], scale: { 'power:gpu 1': 2 } });
  });
});

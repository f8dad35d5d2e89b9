/** What is shown where: ranges, ticks, layout, labels. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutLanes } from '../../webview/timeline/draw/laneLayout.ts';
import { laneNames, movedTo, readLaneChoice, scaled, toggled, usualLanes, type LaneChoice, type LaneName } from '../../webview/timeline/model/laneChoice.ts';
import { movedBy, placedLanes } from '../../webview/timeline/model/laneGroups.ts';
import { bandText, fitText, labelText, nameText, siteText, spanSentence, tokensText } from '../../webview/timeline/model/spanText.ts';
import { roundScale, ticksFor } from '../../webview/timeline/model/ticks.ts';
import { clampRange, fitRange, followRange, MIN_RANGE_MS, panRange, revealRange, zoomRange } from '../../webview/timeline/model/viewRange.ts';
import { readKept } from '../../webview/timeline/ui/kept.ts';
import { makeLlm, makeSpan } from '../fixtures/timelineDocuments.ts';

describe('view range', () => {
  const wall = 20_000;
  it('keeps the time under the pointer in place while zooming', () => {
    const range = zoomRange({ start: 1000, end: 5000 }, 0.5, 2000, wall);
    expect(range).toEqual({ start: 1500, end: 3500 });
  });

  it('stays inside the run whatever is asked', () => {
    const wild = fc.double({ noNaN: false });
    fc.assert(
      fc.property(wild, wild, fc.double({ min: 0, max: 1e9, noNaN: true }), (start, end, wallMs) => {
        const range = clampRange({ start, end }, wallMs);
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.end).toBeLessThanOrEqual(fitRange(wallMs).end * (1 + 1e-9));
        expect(range.end - range.start).toBeGreaterThan(MIN_RANGE_MS * 0.9);
      }),
    );
  });

  it('pans to the edge and no further', () => {
    expect(panRange({ start: 100, end: 1100 }, -5000, wall)).toEqual({ start: 0, end: 1000 });
    expect(panRange({ start: 100, end: 1100 }, 1e9, wall).end).toBeCloseTo(fitRange(wall).end);
  });

  it('leaves the range alone when the span is well in view, else brings it there', () => {
    const range = { start: 0, end: 10_000 };
    expect(revealRange(range, 2000, 4000, wall)).toBe(range);
    const away = revealRange(range, 15_000, 16_000, wall);
    expect(away.start).toBeLessThanOrEqual(15_000);
    expect(away.end).toBeGreaterThanOrEqual(16_000);
    const tiny = revealRange(range, 5000, 5001, wall);
    expect(tiny.end - tiny.start).toBeLessThan(20);
  });

  it('follows the end of a growing run with the same width, and a whole view stays whole', () => {
    expect(followRange(fitRange(1000), 1000, 4000)).toEqual(fitRange(4000));
    const range = followRange({ start: 500, end: 1010 }, 1000, 4000);
    expect(range.end).toBeCloseTo(fitRange(4000).end);
    expect(range.end - range.start).toBeCloseTo(510);
  });

  it('reads kept state and takes anything odd for nothing', () => {
    expect(readKept({ run: 'a', range: { start: 1, end: 2 }, region: { start: 0, end: 5 }, selected: ['x', 3], query: 'q', following: false, details: { height: 300, width: -5 }, lanes: { hidden: ['kv', 'no such lane'] }, view: 'table', settings: { table: 1 } })).toEqual({ run: 'a', range: { start: 1, end: 2 }, region: { start: 0, end: 5 }, selected: ['x'], query: 'q', following: false, details: { height: 300, width: null }, lanes: { ...usualLanes, hidden: ['kv'] }, view: 'table', settings: { table: 1 } });
    for (const odd of [null, 7, { range: { start: 5, end: 1 }, region: 7 }, { run: {}, selected: 'x', query: 1, details: 'wide', lanes: 5, view: '__proto__', settings: 4 }]) {
      expect(readKept(odd)).toEqual({ run: null, range: null, region: null, selected: [], query: '', following: true, details: { height: null, width: null }, lanes: usualLanes, view: 'timeline', settings: {} });
    }
  });
});

describe('ticks', () => {
  it('are round, far enough apart, and differ in their labels', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), fc.double({ min: 0.05, max: 1e8, noNaN: true }), (start, width) => {
        const ticks = ticksFor(start, start + width, 1000, 80);
        expect(ticks.length).toBeLessThanOrEqual(14);
        expect(new Set(ticks.map((tick) => tick.label)).size).toBe(ticks.length);
        for (const tick of ticks) expect(tick.at >= start - width * 1e-9 && tick.at <= start + width).toBe(true);
      }),
    );
  });

  it('are written as people say times', () => {
    const labels = (start: number, end: number): string[] => ticksFor(start, end, 1000, 100).map((tick) => tick.label);
    expect(labels(0, 7000).slice(0, 3)).toEqual(['0 s', '1 s', '2 s']);
    expect(labels(4000, 7000).slice(0, 3)).toEqual(['4.0 s', '4.5 s', '5.0 s']);
    expect(labels(0, 600_000).slice(0, 3)).toEqual(['0 s', '1 min', '2 min']);
    expect(labels(0, 14_400_000).slice(0, 4)).toEqual(['0 s', '30 min', '1 h 00', '1 h 30']);
    expect(labels(3_600_000, 3_700_000)[1]).toBe('1:00:10 h');
    expect(labels(120_000, 121_000)[1]).toBe('2:00.1 min');
    expect(ticksFor(0, 0, 1000, 80)).toEqual([]);
  });
});

describe('layout', () => {
  /** The lanes as they stand; hidden ones, too, are in it. */
  const inOrder = (choice: LaneChoice): LaneName[] => placedLanes({ ...choice, hidden: [] }, []).map((lane) => lane.name);

  const all = { rows: { request: 1, agent: 2, llm: 1, tool: 1 }, gpu: true, kv: true, power: true, narrow: false, available: 400 };
  it('puts the lanes below each other and gives power the rest', () => {
    const { boxes, height } = layoutLanes(all);
    expect(boxes.map((box) => box.name)).toEqual(['request', 'agent', 'llm', 'tool', 'gpu', 'kv', 'power']);
    boxes.slice(1).forEach((box, i) => expect(box.top).toBeGreaterThanOrEqual((boxes[i]?.top ?? 0) + (boxes[i]?.height ?? 0)));
    expect(height).toBeLessThanOrEqual(400);
  });

  it('leaves out lanes without anything in them, and most of them where it is narrow', () => {
    expect(layoutLanes({ ...all, kv: false, power: false, rows: { ...all.rows, request: 0 } }).boxes.map((box) => box.name)).toEqual(['agent', 'llm', 'tool', 'gpu']);
    expect(layoutLanes({ ...all, narrow: true }).boxes.map((box) => box.name)).toEqual(['gpu', 'llm', 'tool']);
  });

  it('lowers crowded rows so that the GPU stays in sight', () => {
    const crowded = layoutLanes({ ...all, available: 560, rows: { request: 6, agent: 12, llm: 6, tool: 4 } });
    expect(crowded.boxes[0]?.rowHeight).toBeLessThan(20);
    expect(crowded.height).toBeLessThanOrEqual(560);
  });

  it('hides, folds, pins, moves and resizes lanes as chosen', () => {
    const names = (choice: typeof usualLanes): string[] => layoutLanes({ ...all, choice }).boxes.map((box) => box.name);
    expect(names(toggled(usualLanes, 'hidden', 'kv'))).toEqual(['request', 'agent', 'llm', 'tool', 'gpu', 'power']);
    expect(names(movedTo(usualLanes, 'gpu', 'request', false))).toEqual(['gpu', 'request', 'agent', 'llm', 'tool', 'kv', 'power']);
    const pinned = layoutLanes({ ...all, choice: toggled(usualLanes, 'pinned', 'power') });
    expect(pinned.boxes[0]).toMatchObject({ name: 'power', pinned: true, top: 6 });
    expect(pinned.pinnedHeight).toBeGreaterThan((pinned.boxes[0]?.top ?? 0) + (pinned.boxes[0]?.height ?? 0));
    expect(pinned.boxes[1]?.top).toBeGreaterThanOrEqual(pinned.pinnedHeight);
    const folded = layoutLanes({ ...all, choice: toggled(usualLanes, 'folded', 'agent') }).boxes.find((box) => box.name === 'agent');
    expect(folded).toMatchObject({ folded: true, rows: 1 });
    expect(folded?.height).toBeLessThan(14);
    const height = (choice: typeof usualLanes): number => layoutLanes({ ...all, choice }).boxes.find((box) => box.name === 'llm')?.height ?? 0;
    expect(height(scaled(usualLanes, 'llm', 2))).toBe(height(usualLanes) * 2);
    // Side panels have a layout of their own.
    expect(layoutLanes({ ...all, narrow: true, choice: toggled(usualLanes, 'hidden', 'gpu') }).boxes.map((box) => box.name)).toEqual(['gpu', 'llm', 'tool']);
  });

  it('keeps every lane once whatever is done to them, and reads any choice again', () => {
    const name = fc.constantFrom(...laneNames);
    const act = fc.oneof(
      fc.record({ kind: fc.constantFrom('hidden' as const, 'folded' as const, 'pinned' as const), name }),
      fc.record({ kind: fc.constant('to' as const), name, other: name, after: fc.boolean() }),
      fc.record({ kind: fc.constant('by' as const), name, by: fc.constantFrom(1 as const, -1 as const) }),
      fc.record({ kind: fc.constant('scale' as const), name, by: fc.double({ min: -3, max: 30, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 20 }), (acts) => {
        let choice = usualLanes;
        for (const each of acts) {
          if (each.kind === 'to') choice = movedTo(choice, each.name, each.other, each.after);
          else if (each.kind === 'by') choice = movedBy(choice, each.name, each.by, placedLanes(choice, []));
          else if (each.kind === 'scale') choice = scaled(choice, each.name, each.by);
          else choice = toggled(choice, each.kind, each.name);
        }
        expect([...inOrder(choice)].sort()).toEqual([...laneNames].sort());
        const again = readLaneChoice(JSON.parse(JSON.stringify(choice)));
        expect(inOrder(again)).toEqual(inOrder(choice));
        expect(again.scale).toEqual(choice.scale);
        const { boxes } = layoutLanes({ ...all, choice });
        expect(boxes.map((box) => box.name)).toEqual(inOrder(choice).filter((each) => !choice.hidden.includes(each)));
        boxes.slice(1).forEach((box, i) => expect(box.top).toBeGreaterThanOrEqual((boxes[i]?.top ?? 0) + (boxes[i]?.height ?? 0)));
      }),
    );
  });

  it('moves a lane past its neighbour on screen, and pins what is dropped among pinned ones', () => {
    const shown = placedLanes({ ...usualLanes, hidden: ['agent', 'tool'] }, []);
    expect(movedBy(usualLanes, 'llm', 1, shown).order.indexOf('llm')).toBe(usualLanes.order.indexOf('gpu'));
    expect(movedBy(usualLanes, 'request', -1, shown)).toBe(usualLanes);
    const pinned = toggled(usualLanes, 'pinned', 'power');
    expect(movedTo(pinned, 'gpu', 'power', true).pinned).toEqual(['power', 'gpu']);
    expect(readLaneChoice({ order: ['gpu', 'gpu', 7], scale: { llm: 99 } })).toEqual({ ...usualLanes, order: ['gpu', 'request', 'agent', 'llm', 'tool', 'kv', 'power'] });
  });

  it('has a round power scale', () => {
    expect(roundScale(335)).toEqual({ most: 400, ticks: [100, 200, 300] });
    expect(roundScale(0)).toEqual({ most: 0, ticks: [] });
  });
});

describe('words', () => {
  const llm = makeSpan({ id: 'l', kind: 'llm', startMs: 0, endMs: 1680, llm: makeLlm({ promptTokens: 1300, cachedTokens: 936, completionTokens: 210, tokenEvidence: 'measured' }) });
  it('label a call with its tokens, marked when estimated, and unknown as –', () => {
    expect(tokensText(llm)).toBe('1.3k→210 tok · 72 % cached');
    expect(tokensText({ ...llm, llm: makeLlm({ promptTokens: 1300, completionTokens: null, tokenEvidence: 'estimated' }) })).toBe('~1.3k→– tok');
    expect(labelText({ ...llm, llm: makeLlm({}) })).toBe('meta-llama/Llama-3.1-8B-Instruct');
  });

  it('say what a span is in one sentence', () => {
    expect(spanSentence(llm)).toBe('Model call meta-llama/Llama-3.1-8B-Instruct, 1.68 s, 1.3k→210 tok · 72 % cached');
    expect(spanSentence({ ...llm, endMs: null })).toContain('running');
  });

  it('cut labels to their room and never in the middle of a letter', () => {
    // Wide letters first: w is 12 wide, all others are 5.
    const measure = (text: string): number => [...text].reduce((sum, letter) => sum + (letter === 'w' ? 12 : 5), 0);
    expect(fitText('search', 60, measure)).toBe('search');
    expect(fitText('search the encyclopedia', 60, measure)).toMatch(/^search.*…$/);
    for (let width = 20; width < 120; width++) expect(measure(fitText('wwwwwww in the middle of nothing', width, measure))).toBeLessThanOrEqual(width);
    expect(fitText('search', 10, measure)).toBe('');
    for (let width = 20; width < 100; width++) expect(fitText('😀😀😀😀😀😀😀😀', width, (text) => text.length * 7)).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/);
  });

  it('show a band as one figure where it is even', () => {
    expect(bandText(1, [0.65, 1.35])).toBe(' ±35 %');
    expect(bandText(1, [0.5, 3])).toBe(' (0.5 Wh – 3 Wh)');
    expect(bandText(null, [0, 1])).toBe('');
  });

  it('name files shortly, on every system, and show what hides', () => {
    expect(siteText({ file: 'C:\\work\\agent.py', line: 57, column: null, function: null })).toBe('agent.py:57');
    expect(nameText(makeSpan({ id: 'x', kind: 'step', startMs: 0, endMs: 1, name: 'a\u202eb\u0000c\nd' }))).toBe('a⟨U+202E⟩b␀c d');
  });
});

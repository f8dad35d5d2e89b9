/** Edges that a region snaps to, and undo of what was shown. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextEdge, snapToEdge } from '../../webview/timeline/model/edges.ts';
import { RangeHistory } from '../../webview/timeline/model/rangeHistory.ts';
import type { TimelineModel } from '../../webview/timeline/model/timelineModel.ts';
import { makeReport, makeSpan, modelOf } from '../fixtures/timelineDocuments.ts';

const lanes = ['request', 'agent', 'llm', 'tool', 'gpu'];
const moment = fc.integer({ min: 0, max: 1000 });

function modelWith(times: readonly (readonly [number, number])[]): TimelineModel {
  const spans = times.map(([a, b], i) => makeSpan({ id: `s${i}`, kind: i % 2 === 0 ? 'llm' : 'tool', startMs: Math.min(a, b), endMs: Math.max(a, b) }));
  return modelOf({ report: makeReport(spans, 1000), gpu: [] });
}

describe('edges', () => {
  it('are found as a look at every span finds them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(moment, moment), { maxLength: 30 }), fc.double({ min: 0, max: 1000, noNaN: true }), fc.integer({ min: 0, max: 100 }), (times, time, tolerance) => {
        const model = modelWith(times);
        const all = [0, 1000, ...times.flat()];
        const nearest = Math.min(...all.map((edge) => Math.abs(edge - time)));
        const snapped = snapToEdge(model, time, tolerance, lanes);
        if (nearest <= tolerance) expect(Math.abs(snapped - time)).toBe(nearest);
        else expect(snapped).toBe(time);
        const after = all.filter((edge) => edge - time > 1e-6);
        expect(nextEdge(model, time, 1, lanes)).toBe(after.length === 0 ? time : Math.min(...after));
        const before = all.filter((edge) => time - edge > 1e-6);
        expect(nextEdge(model, time, -1, lanes)).toBe(before.length === 0 ? time : Math.max(...before));
      }),
    );
  });

  it('of lanes that are not shown are none', () => {
    const model = modelWith([[100, 200]]);
    expect(snapToEdge(model, 104, 10, lanes)).toBe(100);
    expect(snapToEdge(model, 104, 10, ['tool', 'gpu'])).toBe(104);
  });
});

describe('undo of zoom', () => {
  const range = (start: number): { start: number; end: number } => ({ start, end: start + 100 });

  it('takes a whole movement back, and forward again', () => {
    const history = new RangeHistory();
    expect(history.undo(range(0))).toBeNull();
    history.leaving(range(0), 0);
    history.leaving(range(10), 20);
    history.leaving(range(20), 40);
    history.leaving(range(30), 5000);
    expect(history.undo(range(50))).toEqual(range(30));
    expect(history.undo(range(30))).toEqual(range(0));
    expect(history.undo(range(0))).toBeNull();
    expect(history.redo(range(0))).toEqual(range(30));
    expect(history.redo(range(30))).toEqual(range(50));
    expect(history.redo(range(50))).toBeNull();
  });

  it('forgets what was undone once the view goes elsewhere, and never grows without end', () => {
    const history = new RangeHistory();
    history.leaving(range(0), 0);
    expect(history.undo(range(1))).toEqual(range(0));
    history.leaving(range(0), 1);
    expect(history.redo(range(7))).toBeNull();
    for (let k = 0; k < 1000; k++) history.leaving(range(k), k * 1000 + 2000);
    let steps = 0;
    for (let at = history.undo(range(-5)); at !== null; at = history.undo(at)) steps++;
    expect(steps).toBe(100);
    history.clear();
    expect(history.redo(range(0))).toBeNull();
  });
});

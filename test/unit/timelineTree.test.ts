/** Spans in view as a tree to be heard. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spanTree } from '../../webview/timeline/model/spanTree.ts';
import { makeReport, makeSpan, modelOf, reactRun } from '../fixtures/timelineDocuments.ts';

describe('the tree of spans', () => {
  it('has each below the nearest span around it that is listed, and says where it stands', () => {
    const model = modelOf(reactRun());
    const numbers = ['tool-1-1', 'request-1', 'call-1-1', 'request-1-step-2', 'request-1-step-1'].map((id) => model.numberOf(id));
    expect(spanTree(model, numbers).map(({ number, ...rest }) => ({ id: model.spanAt(number)?.id, ...rest }))).toEqual([
      { id: 'request-1', level: 1, position: 1, size: 1, hasChildren: true },
      { id: 'request-1-step-1', level: 2, position: 1, size: 2, hasChildren: true },
      { id: 'call-1-1', level: 3, position: 1, size: 2, hasChildren: false },
      { id: 'tool-1-1', level: 3, position: 2, size: 2, hasChildren: false },
      { id: 'request-1-step-2', level: 2, position: 2, size: 2, hasChildren: false },
    ]);
  });

  it('has every span once, parents before their children, even where parents go in circles', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ parent: fc.integer({ min: -1, max: 20 }), start: fc.integer({ min: 0, max: 50 }) }), { maxLength: 20 }), fc.array(fc.nat({ max: 19 })), (specs, chosen) => {
        const spans = specs.map(({ parent, start }, i) => makeSpan({ id: `s${i}`, parent: parent < 0 ? null : `s${parent}`, kind: 'other', startMs: start, endMs: start + 5 }));
        const model = modelOf({ report: makeReport(spans, 100), gpu: [] });
        const numbers = [...new Set(chosen)].filter((number) => model.has(number));
        const entries = spanTree(model, numbers);
        expect(entries.map((entry) => entry.number).sort((a, b) => a - b)).toEqual([...numbers].sort((a, b) => a - b));
        entries.forEach((entry, i) => {
          expect(entry.level).toBeLessThanOrEqual((entries[i - 1]?.level ?? 0) + 1);
          expect(entry.position).toBeLessThanOrEqual(entry.size);
          const parent = model.parentOf(entry.number);
          const at = entries.findIndex((other) => other.number === parent);
          if (entry.level > 1 && at >= 0 && at < i) expect(entries[at]?.level).toBe(entry.level - 1);
        });
      }),
    );
  });
});

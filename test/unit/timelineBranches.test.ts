/** Spans that run at the same time, kept apart in branches. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { updateBetween } from '../../src/analysis/diffDocuments.ts';
import { packDocument, packUpdate } from '../../src/protocol/packDocument.ts';
import { SpanPacker } from '../../src/protocol/packSpans.ts';
import { TimelineModel } from '../../webview/timeline/model/timelineModel.ts';
import { makeReport, makeSpan, modelOf } from '../fixtures/timelineDocuments.ts';
import type { ReportSpan } from '../../src/profile/report.ts';

const step = (id: string, parent: string | null, startMs: number, endMs: number, more: Partial<ReportSpan> = {}): ReportSpan => makeSpan({ id, parent, kind: parent === null ? 'agent' : 'other', name: id, startMs, endMs, ...more });

/** Places of spans in the agent's lane, by id, and the branches' names. */
function lay(spans: ReportSpan[]): { places: Record<string, number>; names: [number, string][] } {
  const model = modelOf({ report: makeReport(spans, 1000), gpu: [] });
  const lane = model.lanes.agent;
  const places: Record<string, number> = {};
  for (const { id } of spans) {
    const place = model.placeOf(model.numberOf(id));
    if (place?.lane === 'agent') places[id] = lane.placeOfRow(place.row);
  }
  return { places, names: (lane.branches?.names() ?? []).map(({ place, name }) => [place, name]) };
}

describe('branches', () => {
  it('keep the rows of each of several that run at once together, and have a name', () => {
    const { places, names } = lay([
      step('run', null, 0, 100),
      step('plan', 'run', 0, 10),
      step('a', 'run', 10, 60, { name: 'search' }),
      step('b', 'run', 12, 70, { name: 'summarise' }),
      step('a1', 'a', 13, 30),
      step('b1', 'b', 14, 60),
      step('a2', 'a', 31, 50),
      step('b11', 'b1', 20, 30),
      step('end', 'run', 80, 90),
    ]);
    expect(places).toEqual({ plan: 0, a: 0, a1: 1, a2: 1, b: 2, b1: 3, b11: 4, end: 0 });
    expect(names).toEqual([[2, 'summarise']]);
  });

  it('stay with their request, are named by its thread, and are used again when it is over', () => {
    const agent = (id: string, thread: string, from: number, to: number): ReportSpan[] => [
      step(id, null, from, to, { thread }),
      step(`${id}.1`, id, from, from + 10, { thread }),
      step(`${id}.2`, id, from + 20, to, { thread }),
    ];
    const { places, names } = lay([...agent('x', 'agent-0', 0, 100), ...agent('y', 'agent-1', 5, 100), ...agent('z', 'agent-1', 101, 200)].sort((a, b) => a.startMs - b.startMs));
    // Each has its own, though the other's would have been free when its second step began.
    expect(places).toMatchObject({ 'x.1': 0, 'x.2': 0, 'y.1': 1, 'y.2': 1 });
    expect(places['z.1']).toBe(places['z.2']);
    expect(names).toHaveLength(1);
    expect(lay([...agent('x', 'agent-0', 0, 100), ...agent('y', 'agent-1', 5, 100)].sort((a, b) => a.startMs - b.startMs)).names).toEqual([[1, 'agent-1']]);
  });

  it('have what a tool calls below what called the tool, also once that is known', () => {
    const tool = (parent: string | null): ReportSpan => makeSpan({ id: 'tool', parent, kind: 'tool', name: 'search', startMs: 10, endMs: 50 });
    const spans = [step('run', null, 0, 100), step('retry', 'run', 10, 60), tool('retry'), step('first', 'tool', 10, 20), step('second', 'tool', 30, 50), step('end', 'run', 80, 90)];
    expect(lay(spans)).toEqual({ places: { retry: 0, first: 1, second: 1, end: 0 }, names: [] });

    // As it comes in a run that goes on: what was seen of the tool says nothing of what is around it.
    const report = makeReport(spans.map((span) => (span.id === 'tool' ? tool(null) : span)), 1000);
    const packer = new SpanPacker();
    const model = new TimelineModel();
    for (const part of packDocument({ report, gpu: [] }, packer)) if (part !== null) model.take(part);
    expect(model.lanes.agent.branches?.names()).toHaveLength(1);
    const next = { report: makeReport(spans, 1000), gpu: [] };
    model.update(packUpdate(updateBetween({ report, gpu: [] }, next), next, packer));
    expect(model.lanes.agent.branches?.names()).toEqual([]);
  });

  it('never let spans overlap in a row, and put each right below its parent or at the top of a branch', () => {
    const moment = fc.integer({ min: 0, max: 60 });
    fc.assert(
      fc.property(fc.array(fc.record({ parent: fc.integer({ min: -1, max: 30 }), start: moment, length: fc.integer({ min: 1, max: 30 }) }), { maxLength: 30 }), (specs) => {
        const spans = specs.map(({ parent, start, length }, i) => makeSpan({ id: `s${i}`, parent: parent >= 0 && parent < i ? `s${parent}` : 'run', kind: 'other', startMs: start, endMs: start + length }));
        const model = modelOf({ report: makeReport([step('run', null, 0, 1000), ...spans], 1000), gpu: [] });
        const lane = model.lanes.agent;
        const rowOf = (id: string): number => model.placeOf(model.numberOf(id))?.row ?? -1;
        const tops = new Set([0, ...(lane.branches?.names() ?? []).map(({ place }) => place)]);
        for (const a of spans) {
          for (const b of spans) if (a !== b && rowOf(a.id) === rowOf(b.id)) expect((a.endMs ?? 0) <= b.startMs || (b.endMs ?? 0) <= a.startMs).toBe(true);
          const place = lane.placeOfRow(rowOf(a.id));
          const parent = rowOf(a.parent ?? '');
          if (a.parent !== 'run' && parent >= 0 && !tops.has(place) && (model.span(a.parent ?? '')?.startMs ?? 0) <= a.startMs) expect(place).toBe(lane.placeOfRow(parent) + 1);
        }
        const places = lane.rows.map((_, row) => lane.placeOfRow(row));
        expect([...places].sort((a, b) => a - b)).toEqual(places.map((_, index) => index));
        for (const place of places) expect(lane.placeOfRow(lane.rowAtPlace(place))).toBe(place);
      }),
    );
  });
});

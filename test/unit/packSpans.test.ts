/** Spans in columns: what comes out of them is what went in, whole and after any sequence of updates. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareSpans } from '../../src/analysis/spanOrder.ts';
import { SLICE_SPANS } from '../../src/protocol/packSpans.ts';
import { TimelineModel } from '../../webview/timeline/model/timelineModel.ts';
import { bigRun, hostileRun, makeLlm, makeReport, makeSpan, modelOf, PackedDocument, reactRun } from '../fixtures/timelineDocuments.ts';
import type { ReportSpan } from '../../src/profile/report.ts';
import type { TimelineDocument } from '../../src/protocol/webview.ts';

const text = fc.oneof(fc.string(), fc.constantFrom('', 'null', '1,2', 'search', '\ud800', '⟨\u202e⟩', '-1'));
const figure = fc.oneof(fc.constant(null), fc.constantFrom(0, -0.5, 1e15), fc.double({ noNaN: true, noDefaultInfinity: true }));
const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
const site = fc.record({ file: text, line: fc.integer({ min: 1, max: 3 }), column: some(fc.integer({ min: 1, max: 2 })), function: some(text) });
const evidence = fc.constantFrom('measured', 'inferred', 'estimated', 'simulated');

const llm = fc
  .record({
    model: some(text), path: text, stream: fc.boolean(), queueMs: figure, prefillMs: figure, decodeMs: figure, phaseEvidence: some(evidence), phaseSource: fc.constantFrom(undefined, null, 'server', 'counters'),
    ttftMs: figure, itlMs: fc.record({ p50: figure, p95: figure, p99: figure, max: figure }), promptTokens: figure, cachedTokens: figure, completionTokens: figure, reasoningTokens: figure,
    finishReason: some(text), roles: some(fc.record({ instruction: figure, fewShot: figure, user: figure, llmHistory: figure, toolHistory: figure, output: figure })), rolesEvidence: some(evidence),
    energyWh: fc.record({ active: figure, grade: some(fc.constantFrom('counter', 'model')), band: some(fc.tuple(fc.double({ noNaN: true }), fc.double({ noNaN: true }))) }),
    costUsd: figure, httpStatus: some(fc.integer()), attempt: fc.integer({ min: 1 }), retryOf: some(text), continues: fc.option(text, { nil: undefined }), promptText: some(text), answerText: some(text),
    toolCalls: fc.option(fc.array(fc.record({ name: text, arguments: some(text) })), { nil: undefined }),
    audioSeconds: fc.option(fc.double({ min: 0, noNaN: true }), { nil: undefined }), tokensPerArrival: fc.option(fc.double({ min: 1.5, noNaN: true }), { nil: undefined }),
  })
  .map((fields) => makeLlm(fields as Partial<NonNullable<ReportSpan['llm']>>));

const tool = fc.record({ name: text, callId: some(text), detail: some(text), argumentBytes: figure, resultBytes: figure, idleBlameMs: figure, idleEnergyWh: figure });

/** A span of this id, under one of these or under nobody. */
function anySpan(id: string, parents: readonly string[]): fc.Arbitrary<ReportSpan> {
  return fc
    .record({
      parent: fc.constantFrom(null, ...parents), kind: fc.constantFrom('agent', 'step', 'llm', 'tool', 'other'), name: text, startMs: fc.integer({ min: -5, max: 200 }), lasts: some(fc.integer({ min: 0, max: 90 })),
      status: fc.constantFrom('ok', 'error', 'cancelled', 'incomplete'), error: some(fc.record({ message: text })), evidence, thread: some(text), pid: some(fc.integer()), site: some(site), unattributed: some(text),
      frames: fc.array(site, { maxLength: 3 }), framework: some(text), source: fc.constantFrom(null, 'function', 'http'), activity: fc.constantFrom(null, 'cpu'), llm, tool,
    })
    .map(({ lasts, ...fields }) => makeSpan({ ...fields, id, endMs: lasts === null ? null : fields.startMs + lasts, llm: fields.kind === 'llm' ? fields.llm : null, tool: fields.kind === 'tool' ? fields.tool : null }));
}

const ids = Array.from({ length: 8 }, (_, k) => `span ${k}`);
const anySpans = fc.tuple(...ids.map((id) => fc.option(anySpan(id, ids), { nil: null }))).map((spans) => spans.filter((span) => span !== null).sort(compareSpans));

/** A document's spans as the timeline has them, by id. A parent that is not in the document is none. */
function spansOf(model: TimelineModel): Map<string, ReportSpan> {
  const spans = new Map<string, ReportSpan>();
  model.eachSpan((span) => spans.set(span.id, span));
  return spans;
}

function expected(spans: readonly ReportSpan[]): Map<string, ReportSpan> {
  const there = new Set(spans.map(({ id }) => id));
  return new Map(spans.map((span) => [span.id, { ...span, parent: span.parent !== null && there.has(span.parent) ? span.parent : null }]));
}

const documentOf = (spans: ReportSpan[]): TimelineDocument => ({ report: makeReport(spans, 300), gpu: [] });

describe('spans in columns', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(anySpans, (spans) => {
        expect(spansOf(modelOf(documentOf(spans)))).toEqual(expected(spans));
      }),
    );
  });

  it('are the next document’s after every update', () => {
    fc.assert(
      fc.property(fc.array(anySpans, { minLength: 2, maxLength: 5 }), ([first = [], ...later]) => {
        const packed = new PackedDocument(documentOf(first));
        const model = new TimelineModel();
        for (const part of packed.parts()) model.take(part);
        let before = first;
        for (const spans of later) {
          const { spans: all, ...report } = documentOf(spans).report;
          const there = new Set(all.map(({ id }) => id));
          // Only now and then all of them, as an update names what has changed.
          const changed = all.filter((span) => JSON.stringify(span) !== JSON.stringify(before.find(({ id }) => id === span.id)));
          model.update(packed.update({ report, spans: changed, removed: before.filter(({ id }) => !there.has(id)).map(({ id }) => id), gpuFrom: 0, gpu: [] }));
          expect(spansOf(model)).toEqual(expected(spans));
          expect(model.spanCount).toBe(spans.length);
          for (const { id } of spans) expect(model.span(id)?.id).toBe(id);
          before = spans;
        }
      }),
    );
  });

  it('come through whatever they are called, and in slices', () => {
    const hostile = hostileRun().report.spans;
    expect(spansOf(modelOf(documentOf(hostile)))).toEqual(expected(hostile));
    const many = bigRun(SLICE_SPANS * 2 + 17);
    const packed = new PackedDocument(many);
    expect(packed.parts().filter((part) => part.type === 'slice' && part.spans !== null)).toHaveLength(3);
    const model = modelOf(many);
    expect(spansOf(model)).toEqual(expected(many.report.spans));
    for (const { id } of many.report.spans) expect(model.spanAt(model.numberOf(id))?.id).toBe(id);
    expect(model.numberOf('nobody')).toBe(-1);
  });

  it('say once what many have alike', () => {
    const slices = new PackedDocument(bigRun(20_000)).parts().flatMap((part) => (part.type === 'slice' && part.spans !== null ? [part.spans] : []));
    expect(slices.length).toBeGreaterThan(3);
    expect(slices.flatMap(({ newLlmForms }) => newLlmForms)).toHaveLength(1);
    // Names of tasks are of their own; the rest is by kind, level, thread and status.
    expect(slices.flatMap(({ newForms }) => newForms).filter(({ kind }) => kind !== 'agent').length).toBeLessThan(100);
  });

  it('are the same object for who asks twice, until they change', () => {
    const packed = new PackedDocument(reactRun());
    const model = new TimelineModel();
    for (const part of packed.parts()) model.take(part);
    const call = model.span('call-1-1');
    expect(model.span('call-1-1')).toBe(call);
    const { spans, ...report } = packed.document.report;
    const changed = spans.filter(({ id }) => id === 'call-1-1').map((span) => ({ ...span, name: 'another' }));
    model.update(packed.update({ report, spans: changed, removed: [], gpuFrom: packed.document.gpu.length, gpu: [] }));
    expect(model.span('call-1-1')?.name).toBe('another');
    expect(model.span('call-1-2')).not.toBeNull();
  });
});

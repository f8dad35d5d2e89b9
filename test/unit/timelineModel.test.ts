/** The timeline's model: lanes and rows from documents, and updates that lead to the same picture as a fresh document. */
import { describe, expect, it } from 'vitest';
import { settlePreview, updateBetween } from '../../src/analysis/diffDocuments.ts';
import { packDocument, packUpdate } from '../../src/protocol/packDocument.ts';
import { SpanPacker } from '../../src/protocol/packSpans.ts';
import { categories, categoryIndex, FLAG_INFERRED } from '../../webview/timeline/model/category.ts';
import { readQuery } from '../../webview/timeline/model/searchQuery.ts';
import { spanLaneNames, TimelineModel } from '../../webview/timeline/model/timelineModel.ts';
import { walk } from '../../webview/timeline/model/walk.ts';
import { bigRun, hostileRun, makeLlm, makeReport, makeSpan, PackedDocument, reactRun, seeded } from '../fixtures/timelineDocuments.ts';
import type { TimelineDocument, TimelineUpdate } from '../../src/protocol/webview.ts';
import type { ReportSpan } from '../../src/profile/report.ts';

function load(document: TimelineDocument): TimelineModel {
  const model = new TimelineModel();
  const shares = [...model.load(document)];
  expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
  return model;
}

/** The document's parts, taken one by one. */
function take(packed: PackedDocument): TimelineModel {
  const model = new TimelineModel();
  for (const part of packed.parts()) model.take(part);
  return model;
}

/** Everything drawn, in words: per lane and row the rectangles, running spans, and the GPU's runs. */
function picture(model: TimelineModel): unknown {
  const lanes = spanLaneNames.map((name) => ({
    name,
    rows: model.lanes[name].rows.map(({ exact }) =>
      Array.from({ length: exact.length }, (_, i) => `${categories[exact.category[i] ?? 0]} ${exact.start[i]}–${exact.end[i]} ${model.spanAt(exact.index[i] ?? -1)?.id} ${exact.flags[i]}`),
    ),
    running: [...model.lanes[name].running].map(([number, { row }]) => `${model.spanAt(number)?.id} in ${row}`).sort(),
  }));
  const { row, tail, power, kv } = model.gpu;
  const runs = Array.from({ length: row.length }, (_, i) => `${row.exact.category[i]} ${row.exact.start[i]}–${row.exact.end[i]}`).concat(tail.map((run) => `${run.category} ${run.start}–${run.end}`));
  return { lanes, runs, power: [...power.value.slice(0, power.length)], kv: [...kv.value.slice(0, kv.length)] };
}

describe('TimelineModel', () => {
  it('splits a model call into its phases and stacks nested spans', () => {
    const model = load(reactRun());
    const [first] = model.lanes.llm.rows;
    expect([...(first?.exact.category.slice(0, 3) ?? [])]).toEqual([categoryIndex.queue, categoryIndex.prefill, categoryIndex.decode]);
    expect(model.lanes.request.rows).toHaveLength(1);
    expect(model.lanes.agent.rows).toHaveLength(2);
    expect(model.lanes.llm.rows).toHaveLength(1);
    let inferred = 0;
    model.eachSpan((span) => (inferred += Number(span.kind === 'tool' && span.evidence === 'inferred')));
    expect(inferred).toBe(1);
    const tools = model.lanes.tool.rows[0]?.exact;
    expect([...(tools?.flags.slice(0, tools.length) ?? [])].filter((flags) => (flags & FLAG_INFERRED) !== 0)).toHaveLength(1);
  });

  it('gives concurrent calls rows of their own and reuses them', () => {
    const call = (id: string, startMs: number, endMs: number | null): ReportSpan => makeSpan({ id, kind: 'llm', startMs, endMs, llm: makeLlm({}) });
    const model = load({ report: makeReport([call('a', 0, 100), call('b', 10, 50), call('c', 60, 90), call('d', 20, null)], 120), gpu: [] });
    const rowOf = (id: string): number | undefined => model.placeOf(model.numberOf(id))?.row;
    expect(['a', 'b', 'c', 'd'].map(rowOf)).toEqual([0, 1, 1, 2]);
    expect(model.lanes.llm.running.size).toBe(1);
  });

  it('draws nothing overlapping in a row and loses no span', () => {
    const document = bigRun(3000);
    const model = load(document);
    const seen = new Set<number>();
    for (const name of spanLaneNames) {
      for (const { exact } of model.lanes[name].rows) {
        for (let i = 0; i < exact.length; i++) {
          seen.add(exact.index[i] ?? -1);
          if (i > 0) expect(exact.start[i]).toBeGreaterThanOrEqual(exact.end[i - 1] ?? 0);
        }
      }
    }
    expect(seen.size).toBe(document.report.spans.length);
  });

  it('takes hostile times, circles of parents and spans without an end', () => {
    const model = load(hostileRun());
    expect(Number.isFinite(model.wallMs)).toBe(true);
    expect(model.spanCount).toBe(hostileRun().report.spans.length);
    expect(model.lanes.tool.running.size).toBe(1);
  });

  it('looks the same after any sequence of updates as after a fresh document', () => {
    for (let seed = 1; seed <= 25; seed++) {
      const random = seeded(seed);
      const whole = reactRun();
      let now = 0;
      const at = (time: number): TimelineDocument => ({
        // What is known at `time`: begun spans, without ends and phases that are still to come.
        report: {
          ...whole.report,
          spans: whole.report.spans.filter((span) => span.startMs <= time && !(span.evidence === 'inferred' && (span.endMs ?? 0) > time)).map((span) => ((span.endMs ?? 0) <= time ? span : { ...span, endMs: null, llm: span.llm === null ? null : makeLlm({}) })),
          totals: { ...whole.report.totals, wallMs: time },
        },
        gpu: whole.gpu.filter((segment) => segment.startMs < time).map((segment) => ({ ...segment, endMs: Math.min(segment.endMs, time) })),
      });
      let document = at(now);
      const packed = new PackedDocument(document);
      const model = take(packed);
      while (now < whole.report.totals.wallMs) {
        now += random() * 1500;
        const next = at(Math.min(now, whole.report.totals.wallMs));
        const before = new Map(document.report.spans.map((span) => [span.id, JSON.stringify(span)]));
        const { spans, ...head } = next.report;
        const gpuFrom = Math.max(0, Math.min(document.gpu.length, next.gpu.length) - 1 - Math.floor(random() * 4));
        const update: TimelineUpdate = { report: head, spans: spans.filter((span) => before.get(span.id) !== JSON.stringify(span)), removed: [], gpuFrom, gpu: next.gpu.slice(gpuFrom) };
        model.update(packed.update(update));
        document = packed.document;
        expect(picture(model), `seed ${seed} at ${now}`).toEqual(picture(load(document)));
      }
      expect(picture(model)).toEqual(picture(load(whole)));
    }
  });

  it('looks the same after previews and the document that settles them as after a fresh document', () => {
    for (let seed = 1; seed <= 15; seed++) {
      const random = seeded(seed);
      const whole = reactRun();
      const at = (time: number): TimelineDocument => {
        const spans = whole.report.spans.filter((span) => span.startMs <= time).map((span) => ((span.endMs ?? 0) <= time ? span : { ...span, endMs: null, llm: span.llm === null ? null : makeLlm({}) }));
        return { report: { ...whole.report, run: { ...whole.report.run, live: time < whole.report.totals.wallMs }, spans, totals: { ...whole.report.totals, wallMs: time } }, gpu: [] };
      };
      let document = at(0);
      const packer = new SpanPacker();
      const model = new TimelineModel();
      for (const part of packDocument(document, packer)) if (part !== null) model.take(part);
      const previewed = new Map<string, ReportSpan>();
      for (let now = 0; now < whole.report.totals.wallMs; ) {
        // What is recorded runs ahead of what is analysed.
        for (let k = 0; k < 3; k++) {
          const ahead = at(now + random() * 2500);
          const spans = ahead.report.spans.filter(({ kind, id }) => (kind === 'llm' || kind === 'tool') && JSON.stringify(document.report.spans.find((span) => span.id === id)) !== JSON.stringify(ahead.report.spans.find((span) => span.id === id))).map((span) => ({ ...span, parent: null }));
          for (const span of spans) previewed.set(span.id, span);
          model.preview(packer.update(spans, () => undefined));
        }
        now = Math.min(now + 500 + random() * 2500, whole.report.totals.wallMs);
        const next = at(now);
        model.update(packUpdate(settlePreview(updateBetween(document, next), next, previewed), next, packer));
        document = next;
        for (const span of next.report.spans) expect(model.span(span.id)?.endMs !== null || span.endMs === null, `${span.id} has ended`).toBe(true);
      }
      expect(previewed.size).toBe(0);
      expect(picture(model), `seed ${seed}`).toEqual(picture(load({ ...whole, gpu: [] })));
    }
  });

  it('follows changes to what had ended, removals, and a track cut far back', () => {
    const document = reactRun();
    const packed = new PackedDocument(document);
    const model = take(packed);
    const { spans, ...head } = document.report;
    const tool = spans.find((span) => span.kind === 'tool') as ReportSpan;
    const update: TimelineUpdate = { report: head, spans: [{ ...tool, endMs: (tool.endMs ?? 0) - 400 }], removed: ['call-2-2', 'request-3-step-1'], gpuFrom: 2, gpu: document.gpu.slice(10) };
    model.update(packed.update(update));
    expect(picture(model)).toEqual(picture(load(packed.document)));
    expect(model.span('call-2-2')).toBeNull();
  });

  it('keeps its place for a span whose numbers change but not its shape', () => {
    const document = reactRun();
    const packed = new PackedDocument(document);
    const model = take(packed);
    const before = picture(model);
    const { spans, ...head } = document.report;
    const call = spans.find((span) => span.kind === 'llm') as ReportSpan;
    model.update(packed.update({ report: head, spans: [{ ...call, name: 'renamed' }], removed: [], gpuFrom: document.gpu.length, gpu: [] }));
    expect(picture(model)).toEqual(before);
    expect(model.span(call.id)?.name).toBe('renamed');
  });

  it('keeps states apart that an update cut far from the end of a long track', () => {
    const document = bigRun(6000);
    const packed = new PackedDocument(document);
    const model = take(packed);
    const head = document.report;
    const update: TimelineUpdate = { report: head, spans: [], removed: [], gpuFrom: 37, gpu: document.gpu.slice(37, 900) };
    model.update(packed.update(update));
    expect(picture(model)).toEqual(picture(load(packed.document)));
  });
});

describe('walk', () => {
  const lanes = ['request', 'agent', 'llm', 'tool'];
  it('goes along a row past all phases of a call, and to what is above and below', () => {
    const model = load(reactRun());
    const id = (number: number): string | undefined => model.spanAt(number)?.id;
    const from = model.numberOf('call-1-2');
    expect(id(walk(model, from, 'right', 0, lanes))).toBe('call-1-3');
    expect(id(walk(model, from, 'left', 0, lanes))).toBe('call-1-1');
    expect(id(walk(model, from, 'up', 0, lanes))).toBe('request-1-step-2-think');
    expect(walk(model, model.numberOf('call-1-1'), 'left', 0, lanes)).toBe(-1);
    expect(id(walk(model, model.numberOf('request-1'), 'down', 0, lanes))).toMatch(/^request-1-step-/);
    expect(model.spanAt(walk(model, -1, 'right', 3000, lanes))?.kind).toBe('llm');
  });
});

describe('the search', () => {
  const spans = reactRun().report.spans;
  const count = (query: string): number => spans.filter(readQuery(query)?.test ?? (() => true)).length;

  it('finds by name, tool, duration, line and kind, all words together', () => {
    expect(count('')).toBe(spans.length);
    expect(count('tool:search')).toBe(5);
    expect(count('kind:llm')).toBe(9);
    expect(count('kind:tool >1s')).toBe(6);
    expect(count('kind:tool <100ms')).toBe(0);
    expect(count('line:tools.ts:21')).toBe(6);
    expect(count('error')).toBe(0);
    expect(count('"Ed Wood" kind:tool')).toBe(1);
    expect(count('no such thing')).toBe(0);
  });

  it('compares tokens, cached shares and times with numbers, and knows roles and states', () => {
    const calls = spans.filter((span) => span.llm !== null);
    expect(count('tokens>1k')).toBe(calls.filter(({ llm }) => (llm?.promptTokens ?? 0) + (llm?.completionTokens ?? 0) > 1000).length);
    expect(count('in>=1400 cached<72%')).toBe(calls.filter(({ llm }) => (llm?.promptTokens ?? 0) >= 1400 && (llm?.cachedTokens ?? 0) / (llm?.promptTokens ?? 1) < 0.72).length);
    expect(count('cached>0%') + count('cached<=0%')).toBe(9);
    expect(count('cached>100')).toBe(count('cached>0'));
    expect(count('ttft<1ms')).toBe(0);
    expect(count('TTFT>1ms decode>=1s prefill<1s queue<1')).toBe(9);
    expect(count('idle>1s')).toBe(6);
    expect(count('role:user')).toBe(9);
    expect(count('role:model')).toBe(6);
    expect(count('status:ok')).toBe(spans.length);
    expect(count('"First for Women" kind:llm')).toBeGreaterThan(0);
  });

  it('says what it does not understand, and what to write', () => {
    const problem = (query: string): string | null | undefined => readQuery(query)?.problem;
    expect(problem('toks>5')).toBe('toks> is not known; tokens> is, and "toks>5" finds the text');
    expect(problem('tokens>many')).toBe('after tokens> comes a number, as in tokens>1000');
    expect(problem('>2kg')).toBe('after > comes a time, as in >200ms');
    expect(problem('cached<50ms')).toBe('after cached< comes a number, as in cached<50%');
    expect(problem('modle:llama')).toBe('modle: is not known; model: is, and "modle:llama" finds the text');
    expect(problem('status:bad')).toMatch(/^status: is one of ok, /);
    expect(problem('role:system')).toBe('role: is one of instruction, example, user, model, tool');
    expect(problem('tool:')).toBe('after tool: comes what to look for');
    expect(problem('"Ed Wo')).toBe('a second " is missing');
    for (const fine of ['search', 'http://x/y', 'tools.ts:21', '"a>b"', '"toks>5"', 'kind:llm >2s']) expect([fine, problem(fine)]).toEqual([fine, null]);
    expect(readQuery('  ')).toBeNull();
    expect(count('toks>5 kind:llm')).toBe(0);
    expect(count('"Ed Wo')).toBe(count('"Ed Wo"'));
  });

  it('finds what failed and what still runs', () => {
    const odd = [makeSpan({ id: 'e', kind: 'tool', startMs: 0, endMs: 5, status: 'error' }), makeSpan({ id: 'r', kind: 'tool', startMs: 0, endMs: null })];
    expect(odd.filter(readQuery('error')?.test ?? (() => true)).map((span) => span.id)).toEqual(['e']);
    expect(odd.filter(readQuery('running')?.test ?? (() => true)).map((span) => span.id)).toEqual(['r']);
    expect(odd.filter(readQuery('>1h')?.test ?? (() => true))).toEqual([]);
  });
});

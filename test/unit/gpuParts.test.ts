/** The GPU's track in parts: several servers, several GPUs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyUpdate, updateBetween } from '../../src/analysis/diffDocuments.ts';
import { plainSegment } from '../../src/protocol/gpuColumns.ts';
import { timelineDocumentSchema, timelineUpdateSchema, type TimelineDocument } from '../../src/protocol/webview.ts';
import type { GpuPart, GpuSegment } from '../../src/profile/report.ts';
import { NvidiaRows } from '../../src/telemetry/nvidiaRows.ts';
import { INSTANT_FIELD } from '../../src/telemetry/nvidiaSmi.ts';
import { idleGapAt } from '../../webview/timeline/model/idleGap.ts';
import { sumRegion } from '../../webview/timeline/model/region.ts';
import { BIG, groupedRun, SMALL } from '../fixtures/groupedRun.ts';
import { modelOf, PackedDocument, reactRun } from '../fixtures/timelineDocuments.ts';

const run = groupedRun();
const part = (key: string, document: TimelineDocument = run): GpuPart => {
  const found = document.parts?.find((each) => each.key === key);
  if (found === undefined) throw new Error(`there is no part ${key}`);
  return found;
};
const stateAt = (gpu: readonly GpuSegment[], t: number): GpuSegment['state'] | undefined => gpu.find((segment) => segment.startMs <= t && t < segment.endMs)?.state;

describe('several servers', () => {
  it('each have the states of their own calls, all through the run', () => {
    expect(timelineDocumentSchema.safeParse(run).success).toBe(true);
    expect(run.parts?.map(({ key }) => key)).toEqual([BIG, SMALL, 'gpu 0', 'gpu 1', 'gpu 2', 'gpu 3']);
    for (const { gpu } of run.parts ?? []) {
      expect(gpu[0]?.startMs).toBe(0);
      expect(gpu.at(-1)?.endMs).toBe(run.report.totals.wallMs);
      gpu.slice(1).forEach((segment, i) => expect(segment.startMs).toBe(gpu[i]?.endMs));
    }
    // The whole is at work where any of them is.
    fc.assert(
      fc.property(fc.double({ min: 0, max: run.report.totals.wallMs - 1, noNaN: true }), (t) => {
        const each = [part(BIG), part(SMALL)].map(({ gpu }) => stateAt(gpu, t) !== 'idle');
        expect(stateAt(run.gpu, t) !== 'idle').toBe(each.includes(true));
      }),
    );
  });

  it('do not share what is not known of one of them: load, KV use, power', () => {
    const { gpu, grade, ownStates } = part(SMALL);
    expect([grade, ownStates]).toEqual([null, true]);
    for (const { watts, kvTokens } of gpu) expect([watts, kvTokens]).toEqual([null, null]);
    expect(gpu.every(({ spans }) => spans.every((id) => run.report.spans.find((span) => span.id === id)?.llm?.model === 'qwen3-4b'))).toBe(true);
  });

  it('are one where there is one, and parts are then GPUs alone, with the states of the whole', () => {
    const one = groupedRun({ servers: [BIG] });
    expect(one.parts?.map(({ key }) => key)).toEqual(['gpu 0', 'gpu 1', 'gpu 2', 'gpu 3']);
    const { gpu, ownStates } = part('gpu 3', one);
    expect(ownStates).toBe(true);
    expect(gpu.map(({ state, spans }) => [state, spans])).toEqual(one.gpu.map(({ state, spans }) => [state, spans]));
    expect(groupedRun({ servers: [BIG], gpus: 1 }).parts).toBeUndefined();
  });

  it('beyond sixteen stand together', () => {
    const named = (count: number): string[] => Array.from({ length: count }, (_, i) => `host-${i}:80`);
    const servers = (count: number): GpuPart[] => (groupedRun({ servers: named(count), steps: 20, gpus: 1 }).parts ?? []).filter(({ kind }) => kind === 'server');
    expect(servers(16).map(({ name }) => name)).toEqual(named(16));
    expect(servers(20).map(({ name }) => name)).toEqual([...named(15), '5 more servers']);
    const calls = servers(20).map(({ gpu }) => new Set(gpu.flatMap(({ spans }) => spans)).size);
    expect(calls.reduce((sum, count) => sum + count, 0)).toBe(40);
  });
});

describe('several GPUs', () => {
  it('draw together what the whole track draws', () => {
    const gpus = [0, 1, 2, 3].map((gpu) => part(`gpu ${gpu}`).gpu);
    run.gpu.forEach(({ watts }, i) => expect(gpus.reduce((sum, gpu) => sum + (gpu[i]?.watts ?? NaN), 0)).toBeCloseTo(watts ?? NaN, 6));
  });

  it('of several servers work for nobody in particular', () => {
    const { gpu, ownStates, grade } = part('gpu 2');
    expect([ownStates, grade]).toEqual([false, 'integrated']);
    expect(gpu.every(({ spans }) => spans.length === 0)).toBe(true);
    expect(gpu.some(({ watts }) => (watts ?? 0) > 250)).toBe(true);
  });

  it('are read from the rows of one reading', () => {
    const read: unknown[] = [];
    const rows = new NvidiaRows(INSTANT_FIELD, [0, 2], (...sum) => read.push(sum.slice(1)));
    for (const [gpu, watts] of [[0, 300], [1, 50], [2, 120.5]]) rows.take(`2026/01/02 03:04:05.100, ${gpu}, NVIDIA H100 80GB HBM3, ${watts}, ${gpu === 0 ? 90 : 70}`, 1000);
    expect(read).toEqual([[420.5, expect.any(Number), [{ gpu: 0, watts: 300, joules: null }, { gpu: 2, watts: 120.5, joules: null }], { busy: expect.closeTo(0.8, 9) as number }]]);
  });
});

describe('parts on their way to the page', () => {
  it('come whole, and while the run goes on as what changed', () => {
    const moments = [400, 900, 1700, 2600, 4000].map((until) => groupedRun({ until }));
    const first = moments[0] as TimelineDocument;
    const packed = new PackedDocument(first);
    const model = modelOf(first);
    let document = first;
    for (const next of [...moments.slice(1), run]) {
      const update = updateBetween(document, next);
      expect(timelineUpdateSchema.safeParse(update).success).toBe(true);
      expect(applyUpdate(document, update)).toEqual(next);
      model.update(packed.update(update));
      expect(model.parts.map(({ head, track }) => [head.key, track.segments.map(plainSegment)])).toEqual((next.parts ?? []).map(({ key, gpu }) => [key, gpu]));
      document = next;
    }
    // The second server was not known at first.
    expect(first.parts?.some(({ kind }) => kind === 'server') ?? false).toBe(false);
    expect(modelOf(run).parts.map(({ track }) => track.segments.map(plainSegment))).toEqual((run.parts ?? []).map(({ gpu }) => gpu));
  });

  it('go with the servers that are no more', () => {
    const model = modelOf(run);
    const plain = reactRun();
    model.update(new PackedDocument(run).update(updateBetween(run, plain)));
    expect(model.parts).toEqual([]);
  });
});

describe('the accounts of one server', () => {
  const model = modelOf(run);
  const [big, small] = [BIG, SMALL].map((key) => model.parts.find(({ head }) => head.key === key) ?? null);

  it('sum up a region for each', () => {
    const { wallMs } = run.report.totals;
    const sums = sumRegion(model, { start: 0, end: wallMs });
    const busy = (name: string): number => {
      const gpuMs = sums.parts.find((each) => each.name === name)?.gpuMs;
      return gpuMs === null || gpuMs === undefined ? NaN : gpuMs.prefill + gpuMs.decode + gpuMs.mixed;
    };
    // Four calls of 1,060 ms to the one, of 760 ms to the other.
    expect(busy(BIG)).toBeCloseTo(4240, 6);
    expect(busy(SMALL)).toBeCloseTo(3040, 6);
    const drawn = sums.parts.filter(({ kind }) => kind === 'gpu');
    expect(drawn.map(({ gpuMs }) => gpuMs)).toEqual([null, null, null, null]);
    expect(drawn.reduce((sum, { drawnWh }) => sum + (drawnWh?.total ?? NaN), 0)).toBeCloseTo(sums.drawnWh?.total ?? NaN, 9);
    expect(sums.parts.find(({ name }) => name === SMALL)?.drawnWh).toBeNull();
  });

  it('say why it was idle while another worked', () => {
    const t = 300;
    expect(idleGapAt(model, t)).toBeNull();
    const gap = idleGapAt(model, t, small);
    expect(gap).toMatchObject({ part: SMALL, start: 0, end: 550, grade: null, cost: { energyWh: null, usd: null } });
    expect(gap?.doing[0]?.span?.llm?.model).toBe('qwen3-32b');
    expect(idleGapAt(model, t, big)).toBeNull();
  });

  it('know whose call a call was', () => {
    const server = (model_: string): (string | null)[] => run.report.spans.filter(({ llm }) => llm?.model === model_).map((span) => model.serverOf(span));
    expect(server('qwen3-32b')).toEqual([BIG, BIG, BIG, BIG]);
    expect(server('qwen3-4b')).toEqual([SMALL, SMALL, SMALL, SMALL]);
    const single = reactRun();
    expect(single.report.spans.map((span) => modelOf(single).serverOf(span)).every((name) => name === null)).toBe(true);
  });
});

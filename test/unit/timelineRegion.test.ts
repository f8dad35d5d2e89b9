/** A stretch of the timeline: what it sums to, and where its edges go. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { GpuSegment, Report } from '../../src/profile/report.ts';
import { regionBetween, sumRegion, type RegionSums } from '../../webview/timeline/model/region.ts';
import { makeLlm, makeReport, makeSpan, modelOf, reactRun } from '../fixtures/timelineDocuments.ts';
import { arbitraryRecording } from './arbitraryRecording.ts';

/** Everything that adds up, by name. */
function amounts(sums: RegionSums): Record<string, number | null> {
  const flat = (prefix: string, part: object | null): [string, number | null][] => (part === null ? [[prefix, null]] : Object.entries(part).map(([name, value]): [string, number | null] => [`${prefix}.${name}`, value as number]));
  return { ...Object.fromEntries([...flat('agentMs', sums.agentMs), ...flat('gpuMs', sums.gpuMs), ...flat('drawnWh', sums.drawnWh)]), prompt: sums.promptTokens, completion: sums.completionTokens, calls: sums.callsUsd, gpuUsd: sums.gpuUsd };
}

const close = (a: number, b: number): boolean => Math.abs(a - b) <= Math.abs(b) * 1e-6 + 1e-6;

describe('a region', () => {
  it('of the whole run has the report’s totals', () => {
    fc.assert(
      fc.property(arbitraryRecording, (text) => {
        const document = analyze(readRecording(text));
        const { totals } = document.report;
        fc.pre(totals.wallMs > 0);
        const sums = sumRegion(modelOf(document), { start: 0, end: totals.wallMs });
        for (const part of ['llm', 'tool', 'overlap', 'other'] as const) expect(close(sums.agentMs[part], totals.agentMs[part])).toBe(true);
        for (const state of ['prefill', 'decode', 'mixed', 'idle'] as const) expect(close(sums.gpuMs?.[state] ?? 0, totals.gpuMs[state] ?? 0)).toBe(true);
        if (totals.energyWh.total !== null && sums.drawnWh !== null) {
          expect(close(sums.drawnWh.total, totals.energyWh.total)).toBe(true);
          expect(close(sums.drawnWh.active, totals.energyWh.active ?? 0)).toBe(true);
          expect(close(sums.drawnWh.idle, totals.energyWh.idle ?? 0)).toBe(true);
          sums.band?.forEach((edge, index) => expect(close(edge, totals.energyWh.band?.[index] ?? NaN)).toBe(true));
          expect(sums.band).not.toBeNull();
        } else {
          expect(sums.drawnWh).toBeNull();
          expect(sums.band).toBeNull();
        }
        if (totals.ttftMs.p50 !== null) expect(sums.ttftMs).toEqual(totals.ttftMs);
        expect(close(sums.promptTokens ?? 0, totals.promptTokens ?? 0)).toBe(true);
        expect(close(sums.completionTokens ?? 0, totals.completionTokens ?? 0)).toBe(true);
        expect(sums.llmCalls).toBe(totals.llmCalls);
        expect(sums.gpuUsd === null ? null : close(sums.gpuUsd, totals.costUsd ?? -1)).not.toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  it('has a band for its energy: the same share of a profile’s, and by readings a wider one the shorter it is', () => {
    const widthOf = (energyWh: Partial<Report['totals']['energyWh']>, end: number): number | null => {
      const report = makeReport([], 60_000);
      report.totals.energyWh = { ...report.totals.energyWh, total: 5, band: [4.75, 5.25], ...energyWh };
      const gpu: GpuSegment[] = [{ startMs: 0, endMs: 60_000, state: 'idle', batch: 0, kvTokens: null, kvCapacityTokens: null, watts: 300, spans: [], blamedOn: null }];
      const { band, drawnWh } = sumRegion(modelOf({ report, gpu }), { start: 0, end });
      return band === null ? null : Math.round((100 * (band[1] - (drawnWh?.total ?? NaN))) / (drawnWh?.total ?? NaN));
    };
    for (const end of [200, 60_000]) expect(widthOf({ grade: 'simulated' }, end)).toBe(35);
    expect([200, 1500, 2500, 60_000].map((end) => widthOf({ grade: 'counter', resolutionMs: 100 }, end))).toEqual([35, 15, 7, 5]);
    expect([500, 2000, 50_000].map((end) => widthOf({ grade: 'integrated', resolutionMs: 1000 }, end))).toEqual([115, 40, 16]);
    // A report of before does not say what its readings tell apart.
    expect(widthOf({ grade: 'counter' }, 60_000)).toBeNull();
  });

  it('cut in two has the same sums in its halves together', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(arbitraryRecording, share, share, share, (text, a, b, c) => {
        const document = analyze(readRecording(text));
        const model = modelOf(document);
        const [start = 0, middle = 0, end = 0] = [a, b, c].map((each) => each * document.report.totals.wallMs).sort((x, y) => x - y);
        fc.pre(start < middle && middle < end);
        const whole = amounts(sumRegion(model, { start, end }));
        const halves = [amounts(sumRegion(model, { start, end: middle })), amounts(sumRegion(model, { start: middle, end }))];
        for (const [name, value] of Object.entries(whole)) {
          const parts = halves.map((half) => half[name] ?? null);
          if (value === null) continue;
          expect([name, close((parts[0] ?? 0) + (parts[1] ?? 0), value)]).toEqual([name, true]);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('shares out a call that reaches beyond its edge: the prompt over its prefill, the answer over its decode', () => {
    const llm = makeLlm({ queueMs: 100, prefillMs: 100, decodeMs: 800, promptTokens: 1000, cachedTokens: 500, completionTokens: 80, tokenEvidence: 'measured', costUsd: 0.01, ttftMs: 200 });
    const call = makeSpan({ id: 'c', kind: 'llm', startMs: 0, endMs: 1000, llm });
    const model = modelOf({ report: makeReport([call], 1000), gpu: [] });
    const first = sumRegion(model, { start: 0, end: 150 });
    expect(first).toMatchObject({ llmCalls: 1, cut: 1, promptTokens: 500, cachedTokens: 250, completionTokens: 0, tokenEvidence: 'estimated', gpuMs: null, drawnWh: null, gpuUsd: null });
    expect(first.callsUsd).toBeCloseTo(0.0015);
    expect(sumRegion(model, { start: 200, end: 600 })).toMatchObject({ promptTokens: 0, completionTokens: 40, agentMs: { llm: 400, tool: 0, overlap: 0, other: 0 } });
    expect(sumRegion(model, { start: 0, end: 1000 })).toMatchObject({ cut: 0, promptTokens: 1000, tokenEvidence: 'measured' });
  });

  it('without calls has no tokens rather than none, and lies inside the run in whatever order its ends come', () => {
    const model = modelOf(reactRun());
    expect(sumRegion(model, { start: 0, end: 2 })).toMatchObject({ llmCalls: 0, promptTokens: null, cachedTokens: null, callMs: { p50: null }, tokenEvidence: null });
    expect(regionBetween(900, -5, 500)).toEqual({ start: 0, end: 500 });
  });
});

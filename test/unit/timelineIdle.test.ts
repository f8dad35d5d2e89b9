/** Why the GPU stood idle. */
import { describe, expect, it } from 'vitest';
import { idleGapAt } from '../../webview/timeline/model/idleGap.ts';
import { makeReport, makeSpan, modelOf, reactRun } from '../fixtures/timelineDocuments.ts';
import type { GpuSegment } from '../../src/profile/report.ts';

const at = { file: '/a/tools.py', line: 21, column: null, function: 'search' };
const tool = (id: string, startMs: number, endMs: number, site: typeof at | null = at): ReturnType<typeof makeSpan> => makeSpan({ id, kind: 'tool', startMs, endMs, site });
const idle = (startMs: number, endMs: number, blamedOn: string | null, watts: number | null = 72): GpuSegment => ({ startMs, endMs, state: 'idle', batch: 0, kvTokens: null, kvCapacityTokens: null, watts, spans: [], blamedOn });
const busy = (startMs: number, endMs: number): GpuSegment => ({ ...idle(startMs, endMs, null, 300), state: 'decode', batch: 1 });

describe('an idle gap', () => {
  const spans = [tool('one', 1000, 1800), tool('other', 1800, 2000, null), tool('two', 3000, 4000)];
  const report = makeReport(spans, 5000);
  report.accounting.gpuUsdPerHour = 3.6;
  report.totals.gpuMs = { prefill: 0, decode: 3000, mixed: 0, foreign: null, idle: 2000 };
  report.totals.energyWh = { active: 0.25, idle: 0.04, foreign: null, total: 0.29, grade: 'model', band: [0.29 * 0.65, 0.29 * 1.35] };
  const document = { report, gpu: [busy(0, 1000), idle(1000, 1800, 'one'), idle(1800, 2000, 'other'), busy(2000, 3000), idle(3000, 4000, 'two'), busy(4000, 5000)] };

  it('says how long it was, what the agent waited for, and what it cost', () => {
    const gap = idleGapAt(modelOf(document), 1900);
    expect(gap).toMatchObject({ start: 1000, end: 2000, shareOfIdle: 0.5, grade: 'model' });
    expect(gap?.doing.map(({ span, ms }) => [span?.id, ms])).toEqual([['one', 800], ['other', 200]]);
    expect(gap?.cost.energyWh).toBeCloseTo(0.02);
    expect(gap?.cost.usd).toBeCloseTo(0.001);
    expect(gap?.band?.[1]).toBeCloseTo(0.027);
  });

  it('knows what the same line caused in all', () => {
    const same = idleGapAt(modelOf(document), 3500)?.sameLine;
    expect(same).toMatchObject({ site: at, gaps: 2, cost: { ms: 1800 } });
    expect(same?.cost.energyWh).toBeCloseTo(0.036);
  });

  it('has the findings of that line, and none where the GPU worked', () => {
    const model = modelOf(reactRun());
    const segment = model.gpu.segments.find((each) => each.state === 'idle' && each.blamedOn === 'tool-1-1');
    const gap = idleGapAt(model, ((segment?.startMs ?? 0) + (segment?.endMs ?? 0)) / 2);
    expect(gap?.findings.map(({ rule }) => rule)).toEqual(['sequential-tools']);
    expect(gap?.sameLine?.gaps).toBe(8);
    expect(idleGapAt(modelOf(document), 2500)).toBeNull();
    expect(idleGapAt(modelOf({ report, gpu: [] }), 2500)).toBeNull();
  });

  it('says what it does not know', () => {
    const unknown = { report: makeReport([], 1000), gpu: [idle(0, 500, null, null), idle(500, 1000, 'gone', 60)] };
    expect(idleGapAt(modelOf(unknown), 100)).toEqual({ start: 0, end: 1000, cost: { ms: 1000, energyWh: null, usd: null }, grade: null, evidence: null, part: null, band: null, doing: [{ span: null, ms: 1000 }], sameLine: null, shareOfIdle: null, findings: [] });
  });
});

import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { energyPolicySchema, type EnergyPolicy } from '../../src/profile/accounting.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { RecordingError } from '../../src/profile/recordingFormat.ts';
import type { Report } from '../../src/profile/report.ts';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { createCostModel } from '../../src/simulator/engine/costModel.ts';
import { Engine } from '../../src/simulator/engine/engine.ts';
import { arbitraryRecording } from './arbitraryRecording.ts';
import { call, callEnd, end, header, recordingText, sample, site, span, spanEnd, testGpu } from './recordingLines.ts';

const POLICIES = energyPolicySchema.options;
const reportOf = (text: string, policy: EnergyPolicy): Report => analyze(readRecording(text), { accounting: { policy } }).report;
/** Some of the fixtures are there to be refused. */
function isReadable(text: string): boolean {
  try {
    readRecording(text);
    return true;
  } catch (error) {
    if (RecordingError.is(error)) return false;
    throw error;
  }
}

const callsWh = (report: Report): number => report.spans.reduce((sum, { llm }) => sum + (llm?.energyWh.active ?? 0), 0);

describe('energy policies', () => {
  it('have calls, idle and foreign sum to what was drawn, whatever the recording', () => {
    fc.assert(
      fc.property(arbitraryRecording, (text) => {
        const totals = POLICIES.map((policy) => {
          const report = reportOf(text, policy);
          const { active, idle, foreign, total, grade } = report.totals.energyWh;
          expect(report.accounting.policy).toBe(policy);
          if (total === null || active === null || idle === null) return total;
          expect(active + idle + (foreign ?? 0)).toBeCloseTo(total, 9);
          if (grade !== null) expect(callsWh(report)).toBeCloseTo(active, 9);
          for (const { llm, tool } of report.spans) {
            const [low, high] = llm?.energyWh.band ?? [0, 0];
            expect(low).toBeLessThanOrEqual((llm?.energyWh.active ?? 0) + 1e-12);
            expect(high).toBeGreaterThanOrEqual((llm?.energyWh.active ?? 0) - 1e-12);
            expect(Math.min(llm?.energyWh.active ?? 0, tool?.idleEnergyWh ?? 0)).toBeGreaterThanOrEqual(0);
          }
          return total;
        });
        // A policy says whose the energy is, not how much it was.
        for (const total of totals) expect(total).toEqual(totals[0]);
      }),
      { numRuns: 600 },
    );
  });

  it('have them sum to the GPU’s counter within 0.5 %, however many calls overlap', () => {
    const overlapping = fc.array(fc.record({ t: fc.integer({ min: 0, max: 8000 }), prefill: fc.integer({ min: 1, max: 500 }), decode: fc.integer({ min: 1, max: 3000 }) }), { minLength: 1, maxLength: 12 });
    const draws = fc.array(fc.integer({ min: 40, max: 700 }), { minLength: 120, maxLength: 120 });
    fc.assert(
      fc.property(overlapping, draws, (calls, watts) => {
        let joules = 1e6;
        const samples = [sample(0, { joules }), ...watts.map((each, index) => sample((index + 1) * 100, { joules: (joules += each / 10) }))];
        const lines = calls.flatMap(({ t, prefill, decode }, index) => [call(`c${index}`, t), callEnd(`c${index}`, t + prefill + decode, { firstTokenAt: t + prefill, chunkGaps: [0, decode] })]);
        const text = recordingText(header(), ...samples, ...lines, end(12_000));
        for (const policy of POLICIES) {
          const report = reportOf(text, policy);
          const { grade, idle, foreign } = report.totals.energyWh;
          expect(grade).toBe('counter');
          expect(((callsWh(report) + (idle ?? NaN) + (foreign ?? 0)) * 3600) / (joules - 1e6)).toBeCloseTo(1, 6);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('do so in every recording of the fixtures', () => {
    const folder = join(import.meta.dirname, '../fixtures');
    const files = ['gpu', 'recordings'].flatMap((name) => readdirSync(join(folder, name)).filter((file) => file.endsWith('.agentcost')).map((file) => join(folder, name, file)));
    const readable = files.filter((file) => isReadable(readFileSync(file, 'utf8')));
    expect(readable.length).toBeGreaterThan(3);
    for (const file of readable)
      for (const policy of POLICIES) {
        const report = reportOf(readFileSync(file, 'utf8'), policy);
        const { active, idle, foreign, total } = report.totals.energyWh;
        if (total === null) continue;
        expect((callsWh(report) + (idle ?? NaN) + (foreign ?? 0)) / total, file).toBeCloseTo(1, 6);
        expect(callsWh(report)).toBeCloseTo(active ?? NaN, 9);
      }
  });

  const twoCallsAndTool = recordingText(
    header(),
    call('a', 0),
    callEnd('a', 1000, { firstTokenAt: 200, chunkGaps: [0, 800] }),
    span('s', 1000, { frames: [site('/home/user/project/tools.js', 20, 'search')] }),
    spanEnd('s', 2000),
    call('b', 2000),
    callEnd('b', 3000, { firstTokenAt: 2200, chunkGaps: [0, 800] }),
    end(3000),
  );

  it('differ in whose the idle power is', () => {
    // Each call 0.2 s × 360 W + 0.8 s × 240 W = 264 J, of which 1 s × 60 W it would have drawn idle; the tool's second 60 J.
    const inJoules = (policy: EnergyPolicy) => {
      const report = reportOf(twoCallsAndTool, policy);
      const of = (id: string) => report.spans.find((each) => each.id === id)!;
      const joules = (wh: number | null) => (wh === null ? null : Math.round(wh * 3600 * 1e6) / 1e6);
      return [of('a').llm!.energyWh.active, of('b').llm!.energyWh.active, of('s').tool!.idleEnergyWh, report.totals.energyWh.idle].map(joules);
    };
    expect(inJoules('proportional')).toEqual([264, 264, 60, 60]);
    expect(inJoules('marginal')).toEqual([204, 204, 60, 180]);
    expect(inJoules('amortized')).toEqual([294, 294, null, 0]);
  });

  it('know the marginal energy only where they know what the GPU draws idle', () => {
    const unknown = reportOf(twoCallsAndTool.replace(JSON.stringify(testGpu), JSON.stringify({ ...testGpu, idleWatts: undefined })), 'marginal');
    expect(unknown.totals.energyWh).toMatchObject({ active: null, idle: null, total: null });
    // Read from the run itself: 60 W while idle, 240 W while busy, whatever the profile says.
    const power = [0, 1000, 1001, 2000, 2001, 3000].map((t, index) => sample(t, { watts: index === 2 || index === 3 ? 50 : 240 }));
    const read = reportOf(twoCallsAndTool.replace('{"type":"end"', `${recordingText(...power)}{"type":"end"`), 'marginal');
    expect(read.totals.energyWh.grade).toBe('integrated');
    expect((read.totals.energyWh.active ?? 0) * 3600).toBeCloseTo(2 * 190, 0);
  });
});

describe('shares of overlapping calls', () => {
  const gpuProfile = findGpu('h100')!;
  const modelProfile = findModel('llama-3.1-8b')!;
  const requests = [
    { id: 'c0', arrival: 0, prompt: 200, output: 400 },
    { id: 'c1', arrival: 300, prompt: 12_000, output: 30 },
    { id: 'c2', arrival: 500, prompt: 3000, output: 200 },
    { id: 'c3', arrival: 900, prompt: 100, output: 100 },
  ];

  /** What each request's work was by the engine's own account, and its phases. */
  function simulated() {
    const engine = new Engine({ cost: createCostModel(gpuProfile, modelProfile, 1) });
    const work = new Map<string, number>();
    const lines: object[] = [];
    let now = 0;
    let next = 0;
    for (;;) {
      while (next < requests.length && requests[next]!.arrival <= now) {
        const { id, arrival, prompt, output } = requests[next++]!;
        engine.submit({ id, arrival, promptTokens: Array.from({ length: prompt }, (_, index) => next * 1e6 + index), outputTokens: Array.from({ length: output }, (_, index) => index) });
      }
      const start = engine.nextStart(now);
      if (start === null) break;
      const step = engine.step(start)!;
      for (const { id, share } of step.shares) work.set(id, (work.get(id) ?? 0) + share * (step.end - step.start));
      for (const { id, times, promptTokens, cachedTokens, outputTokens } of step.finished) {
        const server = { queueMs: times.firstScheduled - times.arrival, prefillMs: times.firstToken - times.firstScheduled, decodeMs: times.lastToken - times.firstToken, evidence: 'measured' as const };
        lines.push(call(id, times.arrival), callEnd(id, times.lastToken, { server, usage: { promptTokens, cachedTokens, completionTokens: outputTokens, reasoningTokens: null } }));
      }
      now = step.end;
    }
    return { work, lines, until: now };
  }

  it('go by the tokens of each, close to what the engine did and closer than equal parts', () => {
    const { work, lines, until } = simulated();
    const totalWork = [...work.values()].reduce((sum, each) => sum + each, 0);
    // Power that does not depend on the state, so that energy is time.
    const even = { ...gpuProfile, prefillWatts: { value: 500, source: 'test' }, decodeWatts: { value: 500, source: 'test' }, decodeWattsByBatch: undefined };
    const errors = (model: typeof modelProfile | null) => {
      const report = reportOf(recordingText(header({ gpuProfile: even, modelProfile: model }), ...lines, end(until)), 'proportional');
      const drawn = callsWh(report);
      return requests.map(({ id }) => Math.abs((report.spans.find((each) => each.id === id)!.llm!.energyWh.active ?? NaN) / drawn - (work.get(id) ?? 0) / totalWork));
    };
    const worst = (all: number[]) => Math.max(...all);
    expect(worst(errors(modelProfile))).toBeLessThan(0.05);
    expect(worst(errors(modelProfile))).toBeLessThan(worst(errors(null)) / 2);
  });

  it('are equal where a call’s tokens are not known', () => {
    const lines = [call('a', 0), callEnd('a', 1000, { firstTokenAt: 100, chunkGaps: [0, 900] }), call('b', 0), callEnd('b', 1000, { firstTokenAt: 100, chunkGaps: [0, 900], usage: null })];
    const report = reportOf(recordingText(header({ gpuProfile, modelProfile }), ...lines, end(1000)), 'proportional');
    const [a, b] = report.spans.flatMap(({ llm }) => llm?.energyWh.active ?? []);
    expect(a).toBeCloseTo(b!, 12);
  });
});

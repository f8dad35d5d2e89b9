import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { createCostModel } from '../../src/simulator/engine/costModel.ts';
import { Engine } from '../../src/simulator/engine/engine.ts';
import type { EngineStep } from '../../src/simulator/engine/engineStep.ts';
import { GpuMeter } from '../../src/simulator/gpuMeter.ts';

const gpu = findGpu('a100-40gb')!;
const model = findModel('llama-3.1-8b-instruct')!;
const idleWatts = gpu.idleWatts!.value;

function steps(requests: readonly { at: number; prompt: number; output: number }[]): EngineStep[] {
  const engine = new Engine({ cost: createCostModel(gpu, model, 1), prefixCaching: false });
  requests.forEach(({ at, prompt, output }, index) => engine.submit({ id: String(index), arrival: at, promptTokens: Array.from({ length: prompt }, (_, token) => token), outputTokens: Array.from({ length: output }, (_, token) => token) }));
  const all: EngineStep[] = [];
  for (let now = engine.nextStart(0); now !== null; now = engine.nextStart(all.at(-1)!.end)) all.push(engine.step(now)!);
  return all;
}

describe('activity of steps', () => {
  it('reads memory while it writes, and computes while it reads a prompt', () => {
    const cost = createCostModel(gpu, model, 1);
    const decode = cost.cost([{ newTokens: 1, contextTokens: 1000, prefill: false }]).activity;
    const prefill = cost.cost([{ newTokens: 2000, contextTokens: 2000, prefill: true }]).activity;
    // 16 GB of weights at 1,555 GB/s are 10.3 ms of a step of some 13 to 15.
    expect(decode.dram).toBeGreaterThan(0.6);
    expect(decode.tensor).toBeLessThan(0.01);
    expect(prefill.tensor).toBeGreaterThan(0.3);
    expect(prefill.dram).toBeLessThan(decode.dram);
    for (const { engine } of [decode, prefill]) {
      expect(engine).toBeGreaterThan(0.7);
      expect(engine).toBeLessThan(1);
    }
  });

  it('does not tell the host’s part of a calibrated GPU', () => {
    const step = { tokenMs: 0.05, tokenPairMs: 0, weightsMs: 12, prefillLeastMs: 0, overheadMs: 0, contextTokenMs: 0, tokenLinkMs: 0, sequenceMs: 0.1, samplingMs: 0, requestMs: 1 };
    const calibration = { model: model.id, gpuCount: 1, step } as unknown as NonNullable<typeof gpu.calibration>;
    expect(createCostModel({ ...gpu, calibration }, model, 1).cost([{ newTokens: 1, contextTokens: 10, prefill: false }]).activity.engine).toBeNull();
  });
});

describe('the meter', () => {
  const requests = fc.array(fc.record({ at: fc.integer({ min: 0, max: 4000 }), prompt: fc.integer({ min: 1, max: 600 }), output: fc.integer({ min: 1, max: 60 }) }), { minLength: 1, maxLength: 6 });

  it('counts the energy of all steps and of all idle time between, whenever it is read', () => {
    fc.assert(
      fc.property(requests, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }), (load, moments) => {
        const meter = new GpuMeter(idleWatts);
        let before = 0;
        let expected = 0;
        let until = 0;
        for (const step of steps(load)) {
          for (const moment of [...moments].sort((a, b) => a - b)) {
            const { joules } = meter.read(step.start + moment * (step.end - step.start), step);
            expect(joules).toBeGreaterThanOrEqual(before - 1e-9);
            before = joules!;
          }
          expected += idleWatts * (step.start - until) + step.watts! * (step.end - step.start);
          until = step.end;
          meter.add(step);
          expect(meter.read(step.end, null).joules).toBeCloseTo(expected / 1000, 6);
        }
        expect(meter.read(until + 2000, null).joules).toBeCloseTo((expected + 2000 * idleWatts) / 1000, 6);
      }),
      { numRuns: 50 },
    );
  });

  it('tells means of the last second, all between none and everything', () => {
    fc.assert(
      fc.property(requests, fc.integer({ min: 0, max: 1500 }), (load, later) => {
        const meter = new GpuMeter(idleWatts);
        const all = steps(load);
        for (const step of all) meter.add(step);
        const now = all.at(-1)!.end + later;
        const { busy, engine, dram, tensor, watts } = meter.read(now, null);
        const from = Math.max(0, now - 1000);
        const busyMs = all.reduce((sum, { start, end }) => sum + Math.max(0, end - Math.max(start, from)), 0);
        expect(busy).toBeCloseTo(busyMs / (now - from), 9);
        for (const part of [engine!, dram, tensor]) {
          expect(part).toBeGreaterThanOrEqual(0);
          expect(part).toBeLessThanOrEqual(busy + 1e-9);
        }
        expect(watts).toBeGreaterThanOrEqual(idleWatts - 1e-9);
        if (later >= 1000) expect([busy, watts]).toEqual([0, idleWatts]);
      }),
      { numRuns: 50 },
    );
  });

  it('does not know energy where idle power is not known', () => {
    const meter = new GpuMeter(null);
    const [step] = steps([{ at: 0, prompt: 10, output: 1 }]);
    meter.add(step!);
    expect(meter.read(step!.end, null).joules).toBeCloseTo((step!.watts! * (step!.end - step!.start)) / 1000, 6);
    expect(meter.read(step!.end + 10, null)).toMatchObject({ joules: null, watts: null });
  });
});

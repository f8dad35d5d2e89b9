/** From the times of loads to a profile that gives them again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { calibratedProfile, UnknownHardwareError } from '../../src/calibration/calibratedProfile.ts';
import { fitStepTimes, predictedMs, TooFewPointsError } from '../../src/calibration/fitStepTimes.ts';
import { ladder, type LadderPoint } from '../../src/calibration/ladder.ts';
import type { Calibration } from '../../src/profile/hardwareProfiles.ts';
import type { StepTimes } from '../../src/profile/stepTimes.ts';
import { findGpu, findModel, parseProfile } from '../../src/simulator/catalog.ts';
import { createCostModel } from '../../src/simulator/engine/costModel.ts';

const gpu = findGpu('h100')!;
const model = findModel('llama-3.1-8b')!;
const fixture = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/gpu', name), 'utf8'));

const STEP: StepTimes = { tokenMs: 0.03, tokenPairMs: 2e-6, weightsMs: 7, prefillLeastMs: 9, overheadMs: 0, contextTokenMs: 5e-5, tokenLinkMs: 0, sequenceMs: 0.02, samplingMs: 0, requestMs: 4 };

/** The loads of a ladder, each off by a factor from `noise` in turn. */
function points(step: StepTimes, noise: readonly number[] = [1]): LadderPoint[] {
  return ladder({ maxModelTokens: 32_768, maxSequences: 64, kvTokens: 200_000 }).map((load, index) => {
    const point: LadderPoint = load.kind === 'prefill' ? { kind: 'prefill', promptTokens: load.promptTokens, ms: 0 } : { kind: 'decode', sequences: load.sequences, contextTokens: load.promptTokens + 32, ms: 0 };
    return { ...point, ms: predictedMs(step, point) * noise[index % noise.length]! };
  });
}

/** What `ladder.py` measured, which goes by batch and knows no requests. */
function measuredLadder(name: string): LadderPoint[] {
  const { phases } = fixture(name) as { phases: { name: string; batch: number; tokens: number; context: number; msPerUnit: number; stepsPerUnit: number }[] };
  return phases.flatMap(({ name: kind, batch, tokens, context, msPerUnit, stepsPerUnit }): LadderPoint[] => {
    if (kind === 'prefill') return [{ kind, promptTokens: tokens, ms: msPerUnit }];
    return kind === 'decode' ? [{ kind, sequences: batch, contextTokens: context, ms: msPerUnit / stepsPerUnit }] : [];
  });
}

const FLOORS = { tokenMs: (2 * model.parameters.value) / (gpu.bf16Tflops.value * 1e9), weightsMs: model.weightBytes.value / (gpu.memoryBandwidthGBps.value * 1e6) };

describe('the constants of a step', () => {
  it('are found again in times that they gave', () => {
    const { step, error } = fitStepTimes(points(STEP));
    expect(error.p90).toBeLessThan(0.002);
    for (const name of ['tokenMs', 'tokenPairMs', 'weightsMs', 'contextTokenMs', 'sequenceMs'] as const) expect(step[name] / STEP[name], name).toBeCloseTo(1, 1);
  });

  it('give times that are off by no more than what they were found in', () => {
    const { step, error } = fitStepTimes(points(STEP, [1.04, 0.97, 1, 1.02, 0.96]));
    expect(error.median).toBeLessThan(0.04);
    for (const point of points(STEP)) expect(Math.abs(predictedMs(step, point) / point.ms - 1)).toBeLessThan(0.05);
  });

  it.each([['h100.json', 0.06], ['h200.json', 0.09]])('describe what was measured without a server (%s)', (name, most) => {
    const { step, error } = fitStepTimes(measuredLadder(name), name === 'h100.json' ? FLOORS : { tokenMs: FLOORS.tokenMs, weightsMs: 0 });
    expect(error.median).toBeLessThan(most);
    expect(step.contextTokenMs).toBeGreaterThan(0);
  });

  it('describe what was measured of a server on an H100, and claim nothing that the GPU cannot do', () => {
    const { step, error } = fitStepTimes(fixture('h100-calibrate.json') as LadderPoint[], FLOORS);
    expect(error.median).toBeLessThan(0.03);
    expect(error.leftOutMedian).toBeLessThan(0.06);
    const mfu = FLOORS.tokenMs / step.tokenMs;
    expect(mfu).toBeGreaterThan(0.5);
    expect(mfu).toBeLessThan(0.8);
  });

  it('are not guessed from too little', () => {
    const all = points(STEP);
    expect(() => fitStepTimes(all.filter(({ kind }) => kind === 'decode'))).toThrow(TooFewPointsError);
    expect(() => fitStepTimes(all.filter(({ kind }) => kind === 'prefill'))).toThrow(/Answers must be timed at 3 or more loads, and there are 0/);
  });
});

describe('a calibrated profile', () => {
  const { step, error } = fitStepTimes(points(STEP));
  const calibration: Calibration = { host: 'my box', at: '2026-11-27T17:00:00.000Z', server: 'vLLM 0.32.0', model: model.aliases[0]!, gpuCount: 1, kvTokens: 100_000, step, error, doubts: [] };
  const power = { idle: 121, prefill: 680, decode: [[1, 450], [8, 500]] as [number, number][] };
  const profile = calibratedProfile({ base: gpu, gpuName: null, model, power, calibration });

  it('is a GPU profile like those that ship, marked as that host’s', () => {
    expect(parseProfile(JSON.stringify(profile))).toEqual(profile);
    expect(profile).toMatchObject({ id: 'my-box-h100-80gb', idleWatts: { value: 121 }, decodeWattsByBatch: { value: [[1, 450], [8, 500]] } });
    expect(profile.prefillMfu?.source).toBe(`calibrated on my box, 2026-11-27: vLLM 0.32.0, ${model.aliases[0]}`);
  });

  it('gives the times of the model that it was made with', () => {
    const cost = createCostModel(profile, model, 1);
    expect(cost.kvBlocks).toBe(6250);
    expect(cost.cost([{ newTokens: 1, contextTokens: 1000, prefill: false }]).duration).toBeCloseTo(STEP.weightsMs + 1000 * STEP.contextTokenMs + STEP.sequenceMs, 1);
    const shares = cost.cost([{ newTokens: 500, contextTokens: 500, prefill: true }, { newTokens: 1, contextTokens: 3000, prefill: false }]).shares;
    expect(shares[0]! + shares[1]!).toBeCloseTo(1, 10);
    expect(shares[0]!).toBeGreaterThan(shares[1]!);
  });

  it('gives other models and other numbers of GPUs what its efficiencies say', () => {
    const other = findModel('smollm2-135m-instruct')!;
    expect(createCostModel(profile, other, 1).cost([{ newTokens: 1, contextTokens: 10, prefill: false }]).duration).toBeLessThan(2);
    expect(createCostModel(profile, model, 2).requestMs).toBe(0);
  });

  it('leaves out what was not read, and says so of hardware that nobody named', () => {
    const bare = calibratedProfile({ base: null, gpuName: null, model, power: { idle: null, prefill: null, decode: [] }, calibration });
    expect(parseProfile(JSON.stringify(bare))).toEqual(bare);
    expect(Object.keys(bare)).not.toEqual(expect.arrayContaining(['idleWatts']));
    expect([bare.tdpWatts, bare.memoryGB, bare.prefillWatts, bare.decodeWatts, bare.decodeWattsByBatch]).toEqual(Array(5).fill(undefined));
    expect(bare.bf16Tflops.source).toContain('the peak is not known');
    expect(() => calibratedProfile({ base: null, gpuName: null, model: null, power, calibration })).toThrow(UnknownHardwareError);
  });
});

it('a ladder stays within what the server can hold', () => {
  const loads = ladder({ maxModelTokens: 2048, maxSequences: 8, kvTokens: 4000 });
  expect(loads.filter((load) => load.kind === 'prefill').map(({ promptTokens }) => promptTokens)).toEqual([32, 128, 256, 512, 1024]);
  for (const load of loads) if (load.kind === 'decode') expect(load.sequences * (load.promptTokens + 64)).toBeLessThanOrEqual(2800);
});

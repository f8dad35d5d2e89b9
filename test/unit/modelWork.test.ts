import { describe, expect, it } from 'vitest';
import { contextTokensRead, parametersPerToken, weightBytesRead } from '../../src/profile/modelWork.ts';
import { findGpu, findModel, listProfiles } from '../../src/simulator/catalog.ts';
import { createCostModel } from '../../src/simulator/engine/costModel.ts';

const models = listProfiles().flatMap((profile) => (profile.kind === 'model' ? [profile] : []));
const decode = (contextTokens: number) => ({ newTokens: 1, contextTokens, prefill: false });

describe('what a model computes and reads in a step', () => {
  it('has the published numbers of parameters, all and active ones', () => {
    // Model cards of Qwen3 (arXiv 2505.09388) and gpt-oss (arXiv 2508.10925), in billions; gpt-oss counts its input embedding to none.
    const published = { 'qwen3-30b-a3b': [30.5, 3.3], 'qwen3-235b-a22b': [235, 22], 'gpt-oss-20b': [20.91, 3.61 + 0.58], 'gpt-oss-120b': [116.83, 5.13 + 0.58] } as const;
    for (const [id, [all, active]] of Object.entries(published)) {
      const model = findModel(id)!;
      expect(model.parameters.value / 1e9 / all).toBeCloseTo(1, 2);
      expect(parametersPerToken(model) / 1e9 / active).toBeCloseTo(1, 1);
    }
    expect(findModel('gpt-oss-20b')!.weightBytes.value / 2 ** 30).toBeCloseTo(12.8, 1);
    expect(findModel('gpt-oss-120b')!.weightBytes.value / 2 ** 30).toBeCloseTo(60.8, 1);
  });

  it('reads all weights of a dense model, whatever the batch', () => {
    const dense = findModel('qwen3-8b')!;
    expect(parametersPerToken(dense)).toBe(dense.parameters.value);
    expect(weightBytesRead(dense, 1)).toBe(dense.weightBytes.value);
    expect(weightBytesRead(dense, 4096)).toBe(dense.weightBytes.value);
  });

  it('reads one token’s experts for one token, all of them for many, and never less for more', () => {
    for (const model of models.filter(({ experts }) => experts !== undefined)) {
      const { perLayer, perToken, bytes } = model.experts!;
      const others = model.layers.value * (perLayer.value - perToken.value) * bytes.value;
      expect(weightBytesRead(model, 1) / (model.weightBytes.value - others)).toBeCloseTo(1, 9);
      expect(weightBytesRead(model, 8192) / model.weightBytes.value).toBeCloseTo(1, 9);
      let before = 0;
      for (let tokens = 1; tokens <= 512; tokens *= 2) {
        expect(weightBytesRead(model, tokens)).toBeGreaterThan(before);
        expect(weightBytesRead(model, tokens)).toBeLessThanOrEqual(Math.min(model.weightBytes.value, tokens * weightBytesRead(model, 1)));
        before = weightBytesRead(model, tokens);
      }
    }
  });

  it('expects as many experts as a draw of them gives', () => {
    const { experts, layers } = findModel('gpt-oss-20b')!;
    let seed = 1;
    const random = (below: number) => ((seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647) * below;
    const draws = 2000;
    const tokens = 6;
    let touched = 0;
    for (let draw = 0; draw < draws; draw++) {
      const chosen = new Set<number>();
      for (let token = 0; token < tokens; token++) {
        const own = new Set<number>();
        while (own.size < experts!.perToken.value) own.add(Math.floor(random(experts!.perLayer.value)));
        for (const expert of own) chosen.add(expert);
      }
      touched += chosen.size / draws;
    }
    const model = findModel('gpt-oss-20b')!;
    const expected = experts!.perLayer.value - (model.weightBytes.value - weightBytesRead(model, tokens)) / layers.value / experts!.bytes.value;
    expect(expected / touched).toBeCloseTo(1, 2);
  });

  it('reads no further back than the window in the layers that have one', () => {
    const model = findModel('gpt-oss-120b')!;
    expect(contextTokensRead(model, decode(128))).toBe(128);
    expect(contextTokensRead(model, decode(10_000))).toBe(10_000 / 2 + 128 / 2);
    expect(contextTokensRead(model, { newTokens: 1000, contextTokens: 10_000 })).toBe(10_000 / 2 + 1127 / 2);
    expect(contextTokensRead(model, { newTokens: 500, contextTokens: 500 })).toBe(500);
    expect(contextTokensRead(findModel('qwen3-8b')!, decode(10_000))).toBe(10_000);
  });

  it('makes a mixture’s step as quick as its active weights alone, and slower with each sequence', () => {
    const h100 = findGpu('h100')!;
    const step = (id: string, batch: number) => createCostModel(h100, findModel(id)!, 1).cost(Array.from({ length: batch }, () => decode(1000))).duration;
    expect(step('qwen3-30b-a3b', 1)).toBeLessThan(step('qwen3-8b', 1));
    expect(step('qwen3-30b-a3b', 16)).toBeGreaterThan(2 * step('qwen3-30b-a3b', 1));
    // ML.ENERGY, gpt-oss-20b in vLLM on an H100, 16 sequences: 8.0 ms between tokens (median).
    expect(step('gpt-oss-20b', 16) / 8.0).toBeGreaterThan(0.65);
    expect(step('gpt-oss-20b', 16) / 8.0).toBeLessThan(1.35);
  });

  it('has KV bytes that follow from the layers', () => {
    for (const model of models) expect(model.kvBytesPerToken.value % (4 * model.layers.value), model.id).toBe(0);
  });
});

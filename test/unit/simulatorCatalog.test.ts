import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeWattsOf } from '../../src/profile/hardwareProfiles.ts';
import { ownProfilesFolder, readOwnProfiles } from '../../src/profiler/ownProfiles.ts';
import { nearNames } from '../../src/profile/nearNames.ts';
import { createCatalog, findEngine, findGpu, findModel, findPrice, listProfiles, parseProfile, PROFILE_KINDS, ProfileError } from '../../src/simulator/catalog.ts';
import { allReduceTimes } from '../../src/simulator/engine/allReduce.ts';
import { workTimes } from '../../src/profile/modelWork.ts';
import { createCostModel, NotSimulatableError } from '../../src/simulator/engine/costModel.ts';
import { BLOCK_TOKENS } from '../../src/simulator/engine/kvBlocks.ts';
import { gpuReadings } from './gpuReadings.ts';

describe('catalog', () => {
  it('holds every file of profiles/, and each is named after its id', () => {
    const ids = PROFILE_KINDS.flatMap((kind) =>
      readdirSync(new URL(`../../profiles/${kind}`, import.meta.url)).map((file) => {
        const profile = parseProfile(readFileSync(new URL(`../../profiles/${kind}/${file}`, import.meta.url), 'utf8'), file);
        expect(`${profile.id}.json`).toBe(file);
        expect(profile.kind).toBe(kind);
        return profile.id;
      }),
    );
    expect(listProfiles().map(({ id }) => id).sort()).toEqual(ids.sort());
  });

  it('has no name that means two profiles of a kind', () => {
    const names = listProfiles().flatMap((profile) => [profile.id, ...('aliases' in profile ? profile.aliases : [])].map((name) => `${profile.kind} ${name.toLowerCase()}`));
    expect(new Set(names).size).toBe(names.length);
  });

  it('finds profiles as people and tools name them', () => {
    expect(findGpu('A100')?.id).toBe('a100-40gb');
    expect(findGpu('NVIDIA A100-SXM4-80GB')?.id).toBe('a100-80gb');
    expect(findGpu('NVIDIA H100 80GB HBM3')?.id).toBe('h100-80gb');
    expect(findModel('meta-llama/Llama-3.1-8B-Instruct')?.id).toBe('llama-3.1-8b-instruct');
    expect(findModel('llama3.1:70b')?.id).toBe('llama-3.1-70b-instruct');
    expect(findEngine('V0')?.id).toBe('vllm-v0');
    expect(findGpu('a1000')).toBeNull();
    expect(findModel('')).toBeNull();
  });

  it('prices a GPU, or says that it cannot', () => {
    expect(findPrice('a100-40gb')?.usdPerGpuHour.value).toBeGreaterThan(0);
    expect(findPrice('rtx-5090-32gb')).toBeNull();
  });

  it('has an earlier profile go before a later one of the same name', () => {
    const own = { ...findGpu('h100')!, idleWatts: { value: 99, source: 'measured here' } };
    const catalog = createCatalog([own, ...listProfiles()]);
    expect(catalog.gpu('H100')?.idleWatts?.value).toBe(99);
    expect(catalog.gpu('h200')).toEqual(findGpu('h200'));
    expect(catalog.list()).toHaveLength(listProfiles().length + 1);
  });

  it('has the user’s own where configuration lies', () => {
    expect(ownProfilesFolder({ XDG_CONFIG_HOME: '/config' }, 'linux')).toBe('/config/agent-cost/profiles');
    expect(ownProfilesFolder({ APPDATA: 'C:/Users/me/AppData' }, 'win32')).toBe('C:/Users/me/AppData/agent-cost/profiles');
    expect(ownProfilesFolder({ APPDATA: '/elsewhere' }, 'darwin')).toMatch(/\/\.config\/agent-cost\/profiles$/);
    expect(readOwnProfiles('/nowhere')).toEqual({ profiles: [], problems: [] });
  });

  it('knows names that are spelled alike, or that have all the words', () => {
    const ids = listProfiles().map(({ id }) => id);
    expect(nearNames('h10', ['h100', 'h200', 'l4'])[0]).toBe('h100');
    expect(nearNames('llama-8b', ids)).toContain('llama-3.1-8b-instruct');
    expect(nearNames('qwen3-30b', ids)[0]).toBe('qwen3-30b-a3b');
    expect(nearNames('GPT-OSS-20', ids)[0]).toBe('gpt-oss-20b');
    expect(nearNames('something else', ids)).toEqual([]);
    expect(nearNames('', ids)).toEqual([]);
  });

  it('says what is wrong with a profile, and where', () => {
    const good = findGpu('a100')!;
    expect(parseProfile({ ...good })).toEqual(good);
    expect(() => parseProfile('{ "kind":', 'my.json')).toThrow(/^my\.json is not a valid profile: not JSON/);
    expect(() => parseProfile({ kind: 'gpus' }, 'my.json')).toThrow(/my\.json.*kind: must be "gpu", "model"/);
    expect(() => parseProfile({ ...good, idleWatts: { value: '65', source: 'x' } }, 'my.json')).toThrow(/my\.json.*idleWatts\.value: .*number/);
    expect(() => parseProfile({ ...good, tdpWatts: { value: 400 } }, 'my.json')).toThrow(/tdpWatts\.source/);
    expect(() => parseProfile(null)).toThrow(ProfileError);
  });
});

describe('cost model', () => {
  const gpu = findGpu('a100-40gb')!;
  const model = findModel('llama-3.1-8b-instruct')!;
  const decode = (contextTokens: number) => ({ newTokens: 1, contextTokens, prefill: false });

  it('decodes 8B on an A100-40GB alone at 12.9 to 15.2 ms a token, as the paper measured', () => {
    const cost = createCostModel(gpu, model, 1);
    for (const context of [100, 1000, 4000]) {
      expect(cost.cost([decode(context)]).duration).toBeGreaterThan(12.9);
      expect(cost.cost([decode(context)]).duration).toBeLessThan(15.2);
    }
  });

  it('leaves room for about 157 k tokens of KV cache there', () => {
    expect(createCostModel(gpu, model, 1).kvBlocks * BLOCK_TOKENS).toBeGreaterThan(157_000 * 0.95);
    expect(createCostModel(gpu, model, 1).kvBlocks * BLOCK_TOKENS).toBeLessThan(157_000 * 1.05);
  });

  it('takes longer for more tokens, a longer context and a larger batch', () => {
    const costModel = createCostModel(gpu, model, 1);
    const cost = (work: Parameters<typeof costModel.cost>[0]) => costModel.cost(work);
    const prefill = (newTokens: number) => ({ newTokens, contextTokens: newTokens, prefill: true });
    expect(cost([prefill(2000)]).duration).toBeGreaterThan(1.8 * cost([prefill(1000)]).duration);
    expect(cost([decode(8000)]).duration).toBeGreaterThan(cost([decode(80)]).duration);
    expect(cost([decode(80), decode(80)]).duration).toBeGreaterThan(cost([decode(80)]).duration);
  });

  it('counts all GPUs in power, and is faster on several', () => {
    const one = createCostModel(gpu, model, 1).cost([decode(100)]);
    const four = createCostModel(gpu, model, 4).cost([decode(100)]);
    expect(four.watts).toBeGreaterThan(2 * one.watts!);
    expect(four.duration).toBeLessThan(one.duration / 2);
  });

  it('draws less on each of several, which wait for each other, but never less than idle; all of it where idle is not known', () => {
    const perGpu = (count: number, profile = gpu) => createCostModel(profile, model, count).cost([decode(100)]).watts! / count;
    const drawn = [1, 2, 4, 8].map((count) => perGpu(count));
    expect(drawn).toEqual(drawn.toSorted((a, b) => b - a));
    expect(drawn.at(-1)).toBeGreaterThan(gpu.idleWatts!.value);
    expect(perGpu(8, { ...gpu, idleWatts: undefined })).toBe(gpu.decodeWatts!.value);
  });

  it('comes near what ML.ENERGY measured of 70B on four H100s, 441 W each at a batch of 8', () => {
    const step = createCostModel(findGpu('h100')!, findModel('llama-3.1-70b')!, 4).cost(Array.from({ length: 8 }, () => decode(500)));
    expect(Math.abs(step.watts! / 4 - 441)).toBeLessThan(0.1 * 441);
  });

  // Medians between tokens, ms, by the requests that ran at once. Prompts are taken to be 250 tokens, answers half written.
  it.each([
    ['h100', 'llama-3.1-8b', 1, 0.12, { 8: 7.316, 16: 7.912, 32: 8.907, 64: 11.5, 96: 14.078, 128: 16.482, 192: 20.908, 256: 26.126 }],
    // What follows was fitted to none of these.
    ['h100', 'llama-3.1-70b', 4, 0.18, { 16: 17.697, 32: 20.047, 128: 27.868, 192: 33.702, 256: 39.837, 384: 55.124 }],
    ['b200', 'llama-3.1-8b', 1, 0.2, { 8: 4.574, 16: 5.083, 32: 6.345, 64: 8.997 }],
  ] as const)('steps in the time that ML.ENERGY measured of vLLM on %s, %s on %d, within %d of it', (gpuName, modelName, count, within, medians) => {
    const engine = createCostModel(findGpu(gpuName)!, findModel(modelName)!, count);
    for (const [batch, ms] of Object.entries(medians)) expect(Math.abs(engine.cost(Array.from({ length: Number(batch) }, () => decode(678))).duration / ms - 1), batch).toBeLessThan(within);
  });

  it('adds the host\'s time of an engine, by step, layer and sequence', () => {
    const alone = (name: string, sequences: number) => createCostModel(gpu, model, 1, findEngine(name)!).cost(Array.from({ length: sequences }, () => decode(100))).duration;
    const [v0, v1] = [findEngine('vllm-v0')!, findEngine('vllm-v1')!];
    const each = ({ sequenceMs, samplingMs }: typeof v0) => sequenceMs!.value + samplingMs!.value;
    expect(alone('v0', 1) - alone('v1', 1)).toBeCloseTo(v0.stepMs.value + each(v0) - v1.stepMs.value - 32 * v1.layerMs!.value - each(v1), 9);
    expect(alone('v0', 33) - alone('v0', 1)).toBeCloseTo(alone('v1', 33) - alone('v1', 1) + 32 * (each(v0) - each(v1)), 9);
  });

  it('takes a least time to read a prompt where an engine launches it piece by piece, and no more where there is enough to compute', () => {
    const read = (tokens: number, name: string) => createCostModel(gpu, model, 1, findEngine(name)!).cost([{ newTokens: tokens, contextTokens: tokens, prefill: true }]).duration;
    const own = (tokens: number) => tokens * workTimes(gpu, model, 1)!.contextTokenMs;
    const v0 = findEngine('vllm-v0')!;
    const host = v0.stepMs.value + v0.sequenceMs!.value + v0.samplingMs!.value;
    expect(read(16, 'v0')).toBeCloseTo(32 * v0.prefillLayerMs!.value + host + own(16), 9);
    expect(read(4000, 'v0')).toBeCloseTo(4000 * workTimes(gpu, model, 1)!.tokenMs + host + own(4000), 9);
  });

  it('has no power where the profile has none', () => {
    const known = { ...findGpu('a100-40gb')!, prefillWatts: undefined };
    const cost = createCostModel(known, model, 1);
    const prefill = { newTokens: 100, contextTokens: 100, prefill: true };
    expect(cost.cost([prefill]).watts).toBeNull();
    expect(cost.cost([prefill, decode(100)]).watts).toBeNull();
    expect(cost.cost([decode(100)]).watts).toBe(known.decodeWatts!.value);
  });

  it('draws what was measured at a batch, and in between what lies in between', () => {
    const h100 = findGpu('h100')!;
    const cost = createCostModel(h100, model, 1);
    const watts = (batch: number) => cost.cost(Array.from({ length: batch }, () => decode(100))).watts;
    for (const [batch, measured] of h100.decodeWattsByBatch!.value) expect(watts(batch)).toBe(measured);
    expect(watts(24)).toBeGreaterThan(watts(16)!);
    expect(watts(24)).toBeLessThan(watts(32)!);
    expect(watts(1000)).toBe(watts(256));
    expect(decodeWattsOf(h100, 0)).toBe(h100.decodeWatts!.value);
    expect(decodeWattsOf({ ...h100, decodeWatts: undefined, decodeWattsByBatch: undefined }, 4)).toBeNull();
  });

  it('has the watts of the profiles’ own measurement', () => {
    for (const name of ['h100', 'h200'] as const) {
      const { phases } = gpuReadings(name);
      const ladder = phases.filter((phase) => phase.name === 'decode' && phase.context === 1024).map(({ batch, watts }) => [batch, Math.round(watts)]);
      expect(findGpu(name)!.decodeWattsByBatch!.value).toEqual(ladder.sort(([a = 0], [b = 0]) => a - b));
      expect(findGpu(name)!.prefillWatts!.value).toBe(Math.round(phases.find((phase) => phase.name === 'prefill' && phase.tokens === 2048)!.watts));
    }
  });

  it('refuses what cannot be simulated, with the remedy', () => {
    const large = findModel('llama-3.1-70b-instruct')!;
    expect(() => createCostModel(gpu, large, 1)).toThrow(/Llama-3\.1-70B-Instruct \(141 GB of weights\) does not fit on 1 × NVIDIA A100 40GB SXM\. It takes 4 of them\./);
    expect(createCostModel(gpu, large, 4).kvBlocks).toBeGreaterThan(0);
    expect(() => createCostModel(findGpu('mi300x')!, model, 1)).toThrow(NotSimulatableError);
    expect(() => createCostModel(findGpu('mi300x')!, model, 1)).toThrow(/no prefillMfu/);
  });
});

describe('all-reduce', () => {
  const gpu = findGpu('a100-40gb')!;
  const model = findModel('llama-3.1-70b-instruct')!;

  it('is nothing on one GPU, and unknown where the link or the width is not known', () => {
    expect(allReduceTimes(gpu, model, 1)).toEqual({ stepMs: 0, tokenMs: 0 });
    expect(allReduceTimes({ ...gpu, linkGBps: undefined }, model, 8)).toBeNull();
    expect(allReduceTimes(gpu, { ...model, hiddenSize: undefined }, 8)).toBeNull();
    expect(createCostModel(gpu, model, 8).countsAllReduce).toBe(true);
    expect(createCostModel({ ...gpu, allReduceUs: undefined }, model, 8).countsAllReduce).toBe(false);
  });

  it('comes to what was measured on eight A100s: 25 µs at 10 kB, 256 µs at 16 MB', () => {
    const { stepMs, tokenMs } = allReduceTimes(gpu, model, 8)!;
    const one = (bytes: number) => (1000 * (stepMs + (tokenMs * bytes) / (8192 * 2))) / 160;
    expect(one(10_240)).toBeCloseTo(25, 0);
    expect(Math.abs(one(15_990_784) - 256)).toBeLessThan(5);
  });

  it('takes two of each layer, a ring that sends 2(n−1)/n, and a delay that grows with the GPUs', () => {
    const known = { ...gpu, linkGBps: { value: 100, source: 'made up' }, linkEfficiency: { value: 0.5, source: 'made up' } };
    const small = { ...model, layers: { value: 10, source: 'made up' }, hiddenSize: { value: 1000, source: 'made up' } };
    // 20 times, 2,000 bytes a token, 50 MB/ms.
    expect(allReduceTimes(known, small, 2)!.tokenMs).toBeCloseTo((20 * 1 * 2000) / 50e6, 12);
    expect(allReduceTimes(known, small, 4)!.tokenMs).toBeCloseTo((20 * 1.5 * 2000) / 50e6, 12);
    expect([2, 3, 4, 8, 16].map((count) => allReduceTimes(known, small, count)!.stepMs * 50)).toEqual([10, 13, 16, 25, 25].map((delayUs) => expect.closeTo(delayUs, 9) as number));
  });

  it('makes a step longer by that much', () => {
    const step = (profile: typeof gpu) => createCostModel(profile, model, 8).cost([{ newTokens: 500, contextTokens: 500, prefill: true }]).duration;
    const { stepMs, tokenMs } = allReduceTimes(gpu, model, 8)!;
    expect(step(gpu) - step({ ...gpu, linkGBps: undefined })).toBeCloseTo(stepMs + 500 * tokenMs, 9);
  });
});

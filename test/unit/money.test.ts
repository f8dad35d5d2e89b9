import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import type { Accounting } from '../../src/profile/accounting.ts';
import type { ApiPriceProfile } from '../../src/profile/priceProfiles.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { CallEndLine, CallLine } from '../../src/profile/recordingFormat.ts';
import { accountingOf } from '../../src/profiler/accountingChoice.ts';
import { listProfiles } from '../../src/simulator/catalog.ts';
import { call, callEnd, end, header, recordingText, testPrice } from './recordingLines.ts';

const provider: ApiPriceProfile = {
  kind: 'api-price',
  id: 'test-api',
  name: 'Test API',
  hosts: ['api.test'],
  read: '2026-01-01',
  source: 'made up',
  usdPerMillionTokens: {
    small: { input: 1, cachedInput: 0.1, output: 4 },
    'small-2024-05-13': { input: 5, output: 20 },
    plain: { input: 2, output: 2 },
    long: { input: 1, output: 1, above: { promptTokens: 1000, input: 3, cachedInput: 2, output: 3 } },
    nightly: { input: 1, output: 1, hours: [{ fromUtc: '03:00', untilUtc: '03:04', input: 10, output: 10 }] },
  },
};
const direct = { kind: 'direct' as const, url: null, version: null, model: null, gpu: null, simulated: false };

interface Asked {
  model?: string;
  start?: Partial<Omit<CallLine, 'request'>>;
  usage?: CallEndLine['usage'];
  head?: Parameters<typeof header>[0];
  t?: number;
}

const usage = (promptTokens: number | null, cachedTokens: number | null, completionTokens: number | null) => ({ promptTokens, cachedTokens, completionTokens, reasoningTokens: null });

/** Cost of one call, in millionths of a dollar. */
function microUsd({ model = 'small', start = {}, usage: used = usage(1000, 400, 100), head = {}, t = 0 }: Asked = {}): number | null {
  const text = recordingText(header({ backend: direct, gpuProfile: null, priceProfile: null, ...head }), call('a', t, { model, server: 'api.test', ...start }), callEnd('a', t + 1000, { model, usage: used }), end(t + 2000));
  const { report } = analyze(readRecording(text), { accounting: { apiPrices: [provider] } });
  const usd = report.spans.find(({ id }) => id === 'a')!.llm!.costUsd;
  expect(report.totals.costUsd).toBe(usd);
  return usd === null ? null : Math.round(usd * 1e9) / 1e3;
}

describe('calls to a hosted API', () => {
  it('cost what its list says of input, cached input and output', () => {
    expect(microUsd()).toBe(600 * 1 + 400 * 0.1 + 100 * 4);
    expect(microUsd({ model: 'plain' })).toBe(1000 * 2 + 100 * 2);
    // What the server does not tell of its cache is not taken to be cached.
    expect(microUsd({ usage: usage(1000, null, 100) })).toBe(1000 * 1 + 100 * 4);
    expect(microUsd({ usage: usage(1000, 400, null) })).toBeNull();
    expect(microUsd({ usage: null })).toBeNull();
  });

  it('are found by the model with or without its date, the exact name first', () => {
    expect(microUsd({ model: 'small-2025-01-31' })).toBe(microUsd());
    expect(microUsd({ model: 'models/small-latest' })).toBe(microUsd());
    expect(microUsd({ model: 'small-2024-05-13' })).toBe(1000 * 5 + 100 * 20);
    expect(microUsd({ model: 'small-3' })).toBeNull();
  });

  it('cost more above a length and at an hour, where the list says so', () => {
    expect(microUsd({ model: 'long' })).toBe(1100);
    expect(microUsd({ model: 'long', usage: usage(2000, 500, 100) })).toBe(1500 * 3 + 500 * 2 + 100 * 3);
    // The run starts at 03:04:05; the clock is the call's.
    expect(microUsd({ model: 'nightly' })).toBe(1100);
    expect(microUsd({ model: 'nightly', head: { startedAt: '2026-01-02T03:03:05.000Z' } })).toBe(11_000);
    expect(microUsd({ model: 'nightly', head: { startedAt: '2026-01-02T03:03:05.000Z' }, t: 60_000 })).toBe(1100);
  });

  it('are those that went to its own hosts', () => {
    expect(microUsd({ start: { server: 'localhost:8000' } })).toBeNull();
    // A recording of before: where the backend is one server, it says which.
    expect(microUsd({ start: { server: undefined }, head: { backend: { ...direct, kind: 'openai', url: 'https://api.test/v1' } } })).toBe(1040);
    expect(microUsd({ start: { server: undefined } })).toBeNull();
    expect(microUsd({ head: { backend: { ...direct, kind: 'sim', simulated: true } } })).toBeNull();
  });

  it('cost no GPU hours, which calls to one’s own server do', () => {
    const lines = [call('a', 0, { model: 'small', server: 'api.test' }), callEnd('a', 1000, { model: 'small', firstTokenAt: 100, chunkGaps: [0, 900], usage: usage(1000, 400, 100) })];
    const own = [call('b', 1000, { server: 'localhost:8000' }), callEnd('b', 2000, { firstTokenAt: 1100, chunkGaps: [0, 900] })];
    const of = (...all: object[]) => analyze(readRecording(recordingText(header(), ...all, end(3000))), { accounting: { apiPrices: [provider] } }).report;
    expect(of(...lines).totals.costUsd).toBeCloseTo(0.00104, 12);
    expect(of(...lines).accounting.prices).toEqual([{ name: 'Test API', source: 'list prices read 2026-01-01: made up' }]);
    const both = of(...lines, ...own);
    expect(both.totals.costUsd).toBeCloseTo(0.00104 + 0.003, 12);
    expect(both.spans.find(({ id }) => id === 'b')!.llm!.costUsd).toBeCloseTo(0.001, 12);
    expect(both.accounting.prices).toEqual([{ name: testPrice.name, source: testPrice.usdPerGpuHour.source }, { name: 'Test API', source: 'list prices read 2026-01-01: made up' }]);
    expect(of(...own).totals.costUsd).toBeCloseTo(0.003, 12);
  });

  it('use energy that nobody can know, which no option would help', () => {
    const lines = [call('a', 0, { model: 'small', server: 'api.test' }), callEnd('a', 1000)];
    const messages = (backend: typeof direct | { kind: 'openai' }) =>
      analyze(readRecording(recordingText(header({ backend: { ...direct, ...backend }, gpuProfile: null }), ...lines, end(2000))), { accounting: { apiPrices: [provider] } }).report.warnings.map(({ message }) => message);
    expect(messages(direct)).toEqual(['Energy unknown: a hosted API tells nothing of its GPUs, which work for others at the same time.']);
    expect(messages({ kind: 'openai' })).toEqual(messages(direct));
  });

  it('are priced by lists that ship, each rate known and output no cheaper than cached input', () => {
    const lists = listProfiles().flatMap((profile) => (profile.kind === 'api-price' ? [profile] : []));
    expect(lists.map(({ id }) => id)).toEqual(expect.arrayContaining(['openai', 'anthropic', 'google', 'mistral', 'deepseek']));
    expect(new Set(lists.flatMap(({ hosts }) => hosts)).size).toBe(lists.length);
    for (const { id, usdPerMillionTokens } of lists)
      for (const [model, { input, cachedInput = input, output }] of Object.entries(usdPerMillionTokens)) {
        expect(cachedInput, `${id} ${model}`).toBeLessThanOrEqual(input);
        expect(output, `${id} ${model}`).toBeGreaterThanOrEqual(cachedInput);
      }
  });
});

describe('a wider boundary, and carbon', () => {
  const none = { policy: 'proportional' as const, hostEnergy: '', pue: '', grid: '' };
  const recording = readRecording(recordingText(header(), call('a', 0), callEnd('a', 1000, { firstTokenAt: 200, chunkGaps: [0, 800] }), end(2000)));
  const report = (accounting: Partial<Accounting>) => analyze(recording, { accounting }).report;

  it('multiply the run’s energy, and change no other figure', () => {
    const plain = report(accountingOf(none));
    expect(plain.accounting).toMatchObject({ boundary: 'GPU', overheads: [], grid: null });
    // 0.2 s × 360 W + 0.8 s × 240 W + 1 s × 60 W = 324 J.
    expect(plain.totals.footprint).toEqual({ energyWh: expect.closeTo(324 / 3600, 12) as number, carbonG: null });
    const wide = report(accountingOf({ ...none, hostEnergy: '1.5', pue: '1.2', grid: '500' }));
    expect(wide.accounting).toMatchObject({ boundary: 'GPU + host + data centre', overheads: [{ of: 'host', factor: 1.5, source: 'given by you' }, { of: 'pue', factor: 1.2 }], grid: { gramsPerKwh: 500 } });
    expect(wide.totals.footprint.energyWh).toBeCloseTo((324 / 3600) * 1.8, 12);
    expect(wide.totals.footprint.carbonG).toBeCloseTo(((324 / 3600) * 1.8 * 500) / 1000, 12);
    expect({ ...wide.totals, footprint: null }).toEqual({ ...plain.totals, footprint: null });
  });

  it('are not known where the energy is not', () => {
    const unknown = analyze(readRecording(recordingText(header({ gpuProfile: null }), call('a', 0), callEnd('a', 1000), end(2000))), { accounting: accountingOf({ ...none, grid: 'DE' }) });
    expect(unknown.report.totals.footprint).toEqual({ energyWh: null, carbonG: null });
  });

  it('are chosen by a name with a source, or by a number', () => {
    const gridOf = (grid: string) => accountingOf({ ...none, grid }).grid;
    expect(gridOf('DE')).toEqual(gridOf('Germany'));
    expect(gridOf('deu')).toEqual(gridOf('Germany'));
    expect(gridOf('Germany')).toMatchObject({ name: 'Germany 2023', gramsPerKwh: 380.95, source: expect.stringContaining('Our World in Data') as string });
    // eGRID2023: 394.769 lb/MWh.
    expect(gridOf('us-ca')).toMatchObject({ name: 'California 2023', gramsPerKwh: expect.closeTo(394.769 * 0.45359237, 0) as number });
    expect(accountingOf({ ...none, pue: 'aws' }).overheads).toEqual([{ of: 'pue', name: 'PUE of AWS, global 2023', factor: 1.15, source: expect.stringContaining('datacenterdynamics') as string }]);
    expect(accountingOf({ ...none, hostEnergy: 'gemini' }).overheads).toMatchObject([{ of: 'host', factor: 1.43 }]);
  });

  it.each([
    ['pue', 'nobody', /`--pue` knows no "nobody"\. Use .*aws.*, or a factor/],
    ['pue', '0.9', /from 1 to 10/],
    ['hostEnergy', 'aws', /`--host-energy` knows no "aws"\. Use gemini/],
    ['grid', 'Germny', /knows no zone "Germny"\. Did you mean Germany\?/],
    ['grid', 'XX', /Use a country/],
    ['grid', '-1', /from 0 to 5000/],
  ])('say what is wrong with %s %s, and go on without', (option, text, message) => {
    const chosen = accountingOf({ ...none, [option]: text });
    expect(chosen.problems).toEqual([expect.stringMatching(message)]);
    expect([chosen.overheads, chosen.grid]).toEqual([[], null]);
    expect(report(chosen).warnings).toContainEqual({ code: 'accounting', message: chosen.problems[0] });
  });
});

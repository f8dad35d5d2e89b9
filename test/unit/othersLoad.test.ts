/** What is said of others on the server while calls of the run are at work: against an engine that knows, and in sums that must hold. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import type { Draft } from '../../src/analysis/drafts.ts';
import { othersTokens, type Portion } from '../../src/analysis/othersTokens.ts';
import { energyPolicySchema } from '../../src/profile/accounting.ts';
import type { GpuProfile, ModelProfile } from '../../src/profile/hardwareProfiles.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { serverUseTexts } from '../../src/profile/serverText.ts';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { call, callEnd, end, gpu, header, recordingText, sample } from './recordingLines.ts';
import { serveBoth, type Asked, type ServedBoth } from './servedBoth.ts';

const h100 = findGpu('h100')!;
const llama = findModel('llama-3.1-8b')!;
/** It draws as much whatever it does, so that energy is time. */
const even: GpuProfile = { ...h100, idleWatts: { value: 500, source: 'test' }, prefillWatts: { value: 500, source: 'test' }, decodeWatts: { value: 500, source: 'test' }, decodeWattsByBatch: undefined };
const documentOf = ({ lines, until }: Pick<ServedBoth, 'lines' | 'until'>, modelProfile: ModelProfile | null = llama) => analyze(readRecording(recordingText(header({ gpuProfile: even, modelProfile }), ...lines, end(until))));

/** GPU time said to be others' beside our calls. */
const besideMs = ({ report }: ReturnType<typeof documentOf>): number => (report.server?.foreign.beside?.share ?? 0) * (report.server?.foreign.beside?.ms ?? 0);

const agent = (count: number, over: Partial<Asked> = {}): Asked[] => Array.from({ length: count }, (_, index) => ({ arrival: 200 + index * 1500, prompt: 800, output: 150, ours: true, ...over }));
const steady = (count: number, gap: number, over: Partial<Asked> = {}): Asked[] => Array.from({ length: count }, (_, index) => ({ arrival: 300 + index * gap, prompt: 600, output: 250, ours: false, ...over }));

describe('others beside a run’s calls', () => {
  it.each<[string, Asked[], number, number]>([
    ['one after the other, read ten times a second', [...agent(6), ...steady(5, 1800)], 100, 0.15],
    ['one after the other, read every 0.7 s', [...agent(6), ...steady(5, 1800)], 700, 0.3],
    ['many at once', [...agent(6), ...steady(40, 200)], 100, 0.15],
    ['many at once, read every 0.7 s', [...agent(6), ...steady(40, 200)], 700, 0.15],
    ['too short for the count of running ones', [...agent(6), ...steady(60, 140, { prompt: 300, output: 30 })], 700, 0.3],
    ['beside answers in one piece', [...agent(6, { whole: true }), ...steady(40, 200)], 700, 0.3],
    // A prompt is counted once it is read, and so in the last of the intervals in which it was.
    ['with long prompts', [...agent(6), ...steady(12, 700, { prompt: 9000, output: 40 })], 100, 0.4],
  ])('are told, %s', (_what, asked, everyMs, error) => {
    const served = serveBoth(h100, llama, asked, everyMs);
    const told = besideMs(documentOf(served));
    expect(served.othersBesideMs).toBeGreaterThan(100);
    expect(told / served.othersBesideMs).toBeGreaterThan(1 - error);
    expect(told / served.othersBesideMs).toBeLessThan(1 + error);
  });

  it('are told by their number alone where the model is not known', () => {
    const served = serveBoth(h100, llama, [...agent(6), ...steady(40, 200)], 100);
    expect(besideMs(documentOf(served, null)) / served.othersBesideMs).toBeGreaterThan(0.8);
    expect(besideMs(documentOf(served, null)) / served.othersBesideMs).toBeLessThan(1.5);
  });

  it('are not seen where there are none, however many calls of ours there are', () => {
    const asked = fc.array(fc.record({ arrival: fc.integer({ min: 0, max: 6000 }), prompt: fc.integer({ min: 1, max: 6000 }), output: fc.integer({ min: 1, max: 300 }), ours: fc.constant(true), whole: fc.boolean() }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(asked, fc.constantFrom(100, 430, 700, 1000), (calls, everyMs) => {
        const { report, gpu: track } = documentOf(serveBoth(h100, llama, calls, everyMs));
        expect(report.server?.foreign).toEqual({ requests: 0, promptTokens: 0, completionTokens: 0, mostRunning: 0, mostWaiting: 0, beside: { ms: 0, share: null, energyWh: 0, evidence: 'estimated' } });
        expect(track.filter(({ others, state }) => others !== undefined || state === 'foreign')).toEqual([]);
        expect(report.totals.energyWh.foreign).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('have calls, idle and foreign sum to the counter within 0.5 %, by every policy', () => {
    const asked = fc.array(fc.record({ arrival: fc.integer({ min: 0, max: 6000 }), prompt: fc.integer({ min: 1, max: 6000 }), output: fc.integer({ min: 1, max: 300 }), ours: fc.boolean(), whole: fc.boolean() }), { minLength: 2, maxLength: 14 });
    fc.assert(
      fc.property(asked, fc.constantFrom(100, 700), fc.array(fc.integer({ min: 40, max: 700 }), { minLength: 10, maxLength: 10 }), fc.boolean(), (requests, everyMs, watts, known) => {
        const { lines, until, othersWritten } = serveBoth(h100, llama, requests, everyMs);
        let joules = 1e6;
        const counter = [sample(0, { joules })];
        for (let t = 100; t <= until; t += 100) counter.push(sample(t, { joules: (joules += watts[(t / 100) % watts.length]! / 10) }));
        const text = recordingText(header({ gpuProfile: even, modelProfile: known ? llama : null }), ...lines, ...counter, end(counter.at(-1)!.t));
        for (const policy of energyPolicySchema.options) {
          const { report, gpu: track } = analyze(readRecording(text), { accounting: { policy } });
          const { idle, foreign, grade } = report.totals.energyWh;
          const calls = report.spans.reduce((sum, { llm }) => sum + (llm?.energyWh.active ?? 0), 0);
          expect(grade).toBe('counter');
          expect(((calls + (idle ?? NaN) + (foreign ?? NaN)) * 3600) / (joules - 1e6)).toBeCloseTo(1, 6);
          const { beside = null, completionTokens } = report.server!.foreign;
          expect(beside!.energyWh).toBeLessThanOrEqual(foreign! + 1e-12);
          if (requests.some(({ ours }) => ours)) expect(completionTokens).toBe(othersWritten);
          for (const { others, spans } of track) if (others !== undefined) expect([others.share > 0, others.share < 1, spans.length > 0]).toEqual([true, true, true]);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are in the words for people, with the mark of an estimate', () => {
    const server = { readings: 1, mostRunning: null, mostWaiting: null, mostKvUse: null, promptTokens: null, cachedTokens: null, completionTokens: null };
    const foreign = { requests: null, promptTokens: null, completionTokens: null, mostRunning: 1, mostWaiting: 0 };
    expect(serverUseTexts({ ...server, foreign: { ...foreign, beside: { ms: 2100, share: 0.34, energyWh: null, evidence: 'estimated' } } })).toEqual(['others’ beside calls: ~34 % of the GPU’s work for 2.1 s']);
    expect(serverUseTexts({ ...server, foreign: { ...foreign, beside: null } })).toEqual([]);
  });

  it('have the part of a recorded step that is for no call of the recording', () => {
    const lines = [call('a', 0), callEnd('a', 100), gpu(0, 100, { batch: 3, shares: { a: 0.25, x: 0.5, y: 0.25 }, watts: 200 })];
    const { report, gpu: track } = analyze(readRecording(recordingText(header(), ...lines, end(100))));
    expect(track).toMatchObject([{ state: 'decode', batch: 3, others: { requests: 2, share: 0.75, evidence: 'simulated' } }]);
    expect((report.totals.energyWh.foreign ?? 0) * 3600).toBeCloseTo(15, 9);
    expect((report.totals.energyWh.active ?? 0) * 3600).toBeCloseTo(5, 9);
  });
});

describe('others’ tokens between readings', () => {
  const draft = (start: number, end_: number): Draft => ({ start, end: end_, call: { end: {} } }) as Draft;
  const of = (counted: [t: number, value: number | null][], portions: Portion[] | null): (number | null)[] => othersTokens(counted.map(([t, value]) => ({ t, value })), [draft(1000, 2000)], () => portions);

  it('are what was counted beyond ours, as evenly as the bounds let them be', () => {
    // Ours is counted somewhere between the readings at 1000 and 2000; 80 tokens of others' came at some time between 500 and 2500.
    const portions = [{ from: 1000, until: 2000, least: 100, most: 100 }];
    expect(of([[500, 0], [1000, 20], [1500, 40], [2000, 180], [2500, 180]], portions)).toEqual([null, 20, 20, 40, 0]);
    expect(of([[500, 0], [1000, 0], [1500, 160], [2000, 180], [2500, 180]], portions)).toEqual([null, 0, 60, 20, 0]);
  });

  it('are not known while a call is under way of which it is not known what it wrote, nor across a reading that failed', () => {
    expect(of([[500, 0], [1500, 10], [2500, 60], [3000, 70]], null)).toEqual([null, null, null, 10]);
    expect(of([[500, 0], [800, null], [900, 40], [950, 50]], [])).toEqual([null, null, null, 10]);
  });

  it('begin anew with a server that was started anew', () => expect(of([[500, 1000], [600, 1010], [700, 4], [800, 9]], [])).toEqual([null, 10, null, 5]));

  it('never fall, and are exact where none of ours is under way, whenever the server counts ours within the bounds', () => {
    const ours = fc.array(fc.record({ at: fc.integer({ min: 300, max: 9000 }), tokens: fc.integer({ min: 1, max: 500 }), early: fc.integer({ min: 0, max: 250 }), late: fc.integer({ min: 0, max: 250 }), off: fc.double({ min: 0, max: 1, noNaN: true }) }), { maxLength: 20 });
    const theirs = fc.array(fc.record({ at: fc.integer({ min: 0, max: 9000 }), tokens: fc.integer({ min: 1, max: 500 }) }), { maxLength: 20 });
    fc.assert(
      fc.property(ours, theirs, fc.integer({ min: 50, max: 900 }), (own, others, every) => {
        const portions = own.map(({ at, tokens, early, late }) => ({ from: at - early, until: at + late, least: tokens, most: tokens }));
        const events = [...own.map(({ at, tokens, early, late, off }) => ({ at: at - early + off * (early + late), tokens })), ...others];
        const counted: [number, number][] = [];
        for (let t = 0; t <= 10_000; t += every) counted.push([t, events.reduce((sum, event) => sum + (event.at <= t ? event.tokens : 0), 0)]);
        const rises = of(counted, portions);
        let sum = others.reduce((before, { at, tokens }) => before + (at <= 0 ? tokens : 0), 0);
        counted.forEach(([t], index) => {
          expect(rises[index] ?? 0).toBeGreaterThanOrEqual(-1e-9);
          sum += rises[index] ?? 0;
          if (!portions.some(({ from, until }) => from <= t && until > t)) expect(sum).toBeCloseTo(others.reduce((before, { at, tokens }) => before + (at <= t ? tokens : 0), 0), 6);
        });
      }),
      { numRuns: 300 },
    );
  });
});

/** What a run's report says of the server's load, by readings that come late, twice, from a server that was started anew, or not at all. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { increase } from '../../src/analysis/serverLoad.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { SampleLine, ServerCounters } from '../../src/profile/recordingFormat.ts';
import { serverUseTexts } from '../../src/profile/serverText.ts';
import { call, callEnd, end, header, recordingText, sample } from './recordingLines.ts';

const counters = (over: Partial<ServerCounters>): ServerCounters => ({ promptTokens: null, cachedTokens: null, completionTokens: null, finished: null, queueMs: null, prefillMs: null, decodeMs: null, ...over });
const reading = (t: number, running: number, over: Partial<ServerCounters> = {}, source = 'vllm'): SampleLine => sample(t, { source, running, waiting: 0, kvUse: running / 10, counters: counters(over) });
/** A call of 100 prompt and 10 completion tokens that streams from 1000 to 2000. */
const ours = [call('a', 1000), callEnd('a', 2000, { firstTokenAt: 1100, chunkGaps: [0, 900] })];
/** What is said of others where none were seen. */
const nothing = { mostRunning: 0, mostWaiting: 0, beside: { ms: 0, share: null, energyWh: 0, evidence: 'estimated' } };
const reportOf = (...lines: object[]) => analyze(readRecording(recordingText(header(), ...lines, end(6000)))).report;

describe('a server’s load in the report', () => {
  it('is the most that was seen, and what it counted from the first reading to the last', () => {
    const { server, totals, warnings } = reportOf(
      ...ours,
      reading(1000, 0, { promptTokens: 5000, cachedTokens: 100, completionTokens: 700, finished: 40 }),
      reading(1500, 1, { promptTokens: 5100, cachedTokens: 160, completionTokens: 704, finished: 40 }),
      reading(2100, 0, { promptTokens: 5100, cachedTokens: 160, completionTokens: 710, finished: 41 }),
    );
    expect(server).toEqual({
      readings: 3, everyMs: 550, mostRunning: 1, mostWaiting: 0, mostKvUse: 0.1, promptTokens: 100, cachedTokens: 60, completionTokens: 10,
      foreign: { ...nothing, requests: 0, promptTokens: 0, completionTokens: 0 },
    });
    expect(totals.gpuMs.foreign).toBe(0);
    expect(warnings.map(({ code }) => code)).not.toContain('serverShared');
    expect(serverUseTexts(server!)).toEqual(['up to 1 running', 'KV cache up to 10 % in use', '60 % of all prompts cached', 'read every 550 ms, to cost it 1 % of a core at most']);
    expect(serverUseTexts({ ...server!, everyMs: 110 })).not.toContainEqual(expect.stringContaining('read every'));
  });

  it('tells what others had of it, running or only counted', () => {
    const { server, warnings } = reportOf(
      ...ours,
      reading(1000, 2, { promptTokens: 0, completionTokens: 0, finished: 0 }),
      reading(1600, 3, { promptTokens: 2100, completionTokens: 20, finished: 0 }),
      reading(2500, 0, { promptTokens: 2100, completionTokens: 310, finished: 4 }),
    );
    expect(server?.foreign).toMatchObject({ requests: 3, promptTokens: 2000, completionTokens: 300, mostRunning: 2, mostWaiting: 0, beside: { ms: 1000 } });
    const [shared] = warnings.filter(({ code }) => code === 'serverShared');
    expect(shared?.message).toMatch(/3 requests of theirs ended, 2k→300 tokens, up to 2 ran at once.*~74 % for 1 s is taken for theirs, and is not in these calls’ energy/);
    const counted = reportOf(...ours, reading(1000, 0, { promptTokens: 0, finished: 0 }), reading(2500, 0, { promptTokens: 5000, finished: 2 }));
    expect(counted.warnings.map(({ code }) => code)).toContain('serverShared');
  });

  it('takes a call’s own request for no one else’s, however the reading is late', () => {
    // The server still counts it 400 ms after its client has its answer.
    const late = reportOf(...ours, reading(1000, 0), reading(1500, 1), reading(2100, 1), reading(2400, 1), reading(3000, 0));
    expect([late.server?.foreign.mostRunning, late.totals.gpuMs.foreign]).toEqual([0, 0]);
    // SGLang counts anew only every 30 s when nothing runs.
    const stale = [1000, 1500, 2500, 3500, 4500, 5500].map((t) => reading(t, t === 1000 ? 0 : 1, {}, 'sglang'));
    expect(reportOf(...ours, ...stale).totals.gpuMs.foreign).toBe(0);
    // Of vLLM that would be somebody's.
    expect(reportOf(...ours, ...stale.map((line) => ({ ...line, source: 'vllm' }))).totals.gpuMs.foreign).toBe(2000);
  });

  it('takes nothing of a call for others’ that was under way before the first reading or after the last', () => {
    const late = reportOf(...ours, reading(1900, 1, { promptTokens: 100, completionTokens: 9, finished: 0 }), reading(2100, 0, { promptTokens: 100, completionTokens: 10, finished: 1 }));
    expect(late.server?.foreign).toEqual({ ...nothing, requests: 0, promptTokens: 0, completionTokens: 0 });
    const early = reportOf(...ours, reading(900, 0, { promptTokens: 0, completionTokens: 0, finished: 0 }), reading(1900, 1, { promptTokens: 100, completionTokens: 9, finished: 0 }));
    expect(early.server?.foreign).toEqual({ ...nothing, requests: 0, promptTokens: 0, completionTokens: 0 });
  });

  it('says nothing of a time in which nobody looked', () => {
    const far = reportOf(reading(0, 2), reading(5000, 2));
    expect([far.totals.gpuMs.foreign, far.server?.foreign.mostRunning]).toEqual([0, 2]);
    expect(reportOf(...ours).server).toBeNull();
    expect(reportOf(...ours, sample(1500, { source: 'nvidia-smi', watts: 100 })).server).toBeNull();
  });

  it('does not guess where one of its own calls is not counted', () => {
    const uncounted = [call('a', 1000), callEnd('a', 2000, { usage: null })];
    const { server } = reportOf(...uncounted, reading(1000, 0, { promptTokens: 0, completionTokens: 0, finished: 0 }), reading(2100, 0, { promptTokens: 400, completionTokens: 5, finished: 1 }));
    expect(server?.foreign).toMatchObject({ requests: 0, promptTokens: null, completionTokens: null });
    // A server that counts nothing: unknown, not 0.
    expect(reportOf(...ours, sample(1000, { source: 'ollama', running: 1 })).server?.foreign).toEqual({ ...nothing, requests: null, promptTokens: null, completionTokens: null, mostWaiting: null });
  });
});

describe('the KV cache’s lane', () => {
  const server = { contextTokens: 4096, blockTokens: 16, kvTokens: 2000, prefixCaching: true, promptTokenDetails: true };
  const lane = (backend: object, ...lines: object[]) => analyze(readRecording(recordingText({ ...header(), backend: { ...header().backend, ...backend } }, ...lines, end(6000)))).gpu.map(({ state, kvTokens, kvCapacityTokens }) => [state, kvTokens, kvCapacityTokens]);
  const readings = [reading(900, 0), reading(1150, 2), reading(1600, 4), reading(2100, 0)];

  it('is what the server says of it, where it says how much there is, and empty where nobody looked', () => {
    // Others' share changes with each reading; where it stays the stretch does, too.
    expect(lane({ server }, ...ours, ...readings)).toEqual([
      ['idle', 0, 2000],
      ['prefill', 400, 2000],
      ['decode', 400, 2000],
      ['decode', 600, 2000],
      ['decode', 800, 2000],
      ['idle', 0, 2000],
    ]);
    expect(lane({ server }, ...ours, reading(5900, 1))[0]).toEqual(['idle', null, 2000]);
    expect(lane({}, ...ours, ...readings).every(([, tokens, capacity]) => tokens === null && capacity === null)).toBe(true);
  });
});

describe('a counter', () => {
  it.each<[string, (number | null)[], number | null]>([
    ['that was never read', [], null],
    ['that was read once', [5], null],
    ['that stands still, or is read twice', [5, 5, 5, 7, 7], 2],
    ['with readings that failed', [5, null, 8, null], 3],
    ['of a server that was started anew', [100, 130, 4, 9], 39],
  ])('%s', (_what, values, rose) => expect(increase(values)).toBe(rose));

  it('counts what happened, whatever was doubled or left out, unless it was before a restart', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ step: fc.nat(50), times: fc.integer({ min: 1, max: 3 }), gap: fc.boolean() }), { minLength: 1 }), (steps) => {
        const read: (number | null)[] = [0];
        let total = 0;
        for (const { step, times, gap } of steps) {
          total += step;
          for (let index = 0; index < times; index++) read.push(gap ? null : total);
        }
        read.push(total);
        expect(increase(read)).toBe(total);
      }),
    );
  });
});

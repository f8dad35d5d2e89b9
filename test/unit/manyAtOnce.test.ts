/** A thousand streams at every moment of a long run: what is kept for each stretch of it must not grow with how many are in flight. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { Replay } from '../../src/analysis/replay.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { gpuSegments, packGpu } from '../../src/protocol/gpuColumns.ts';
import { call, callEnd, end, header, recordingText, testGpu } from './recordingLines.ts';

const LANES = 300;
const PER_LANE = 4;
const CALL_MS = 1000;
const NAMED = 64;

/** Each lane's calls one after the other, all lanes beside each other. */
const lines = Array.from({ length: LANES }, (_, lane) =>
  Array.from({ length: PER_LANE }, (_unused, n) => {
    const start = lane * 3 + n * (CALL_MS + 1);
    return [
      { t: start, line: call(`c${lane}-${n}`, start) },
      { t: start + CALL_MS, line: callEnd(`c${lane}-${n}`, start + CALL_MS, { firstTokenAt: start + 100, chunkGaps: [0, 300, 500] }) },
    ];
  }),
)
  .flat(2)
  .sort((a, b) => a.t - b.t);

describe('a run of many calls at once', () => {
  const { report, gpu } = analyze(readRecording(recordingText(header({ gpuProfile: testGpu }), ...lines.map(({ line }) => line), end(lines.at(-1)!.t + 10))));

  it('names the earliest calls of each stretch, and says how many more there were', () => {
    for (const { spans, moreSpans, batch, state } of gpu) {
      expect(spans.length).toBe(Math.min(NAMED, batch));
      expect(moreSpans ?? 0).toBe(batch - spans.length);
      expect(state === 'idle').toBe(batch === 0);
    }
    expect(Math.max(...gpu.map(({ batch }) => batch))).toBe(LANES);
    const fullest = gpu.find(({ batch }) => batch === LANES)!;
    expect(fullest.spans.slice(0, 3)).toEqual(['c0-0', 'c1-0', 'c2-0']);
  });

  it('still charges every call with its part, and all of them with the whole', () => {
    const charged = report.spans.flatMap(({ llm }) => (llm === null ? [] : [llm.energyWh.active ?? NaN]));
    expect(charged).toHaveLength(LANES * PER_LANE);
    expect(Math.min(...charged)).toBeGreaterThan(0);
    expect(charged.reduce((sum, energy) => sum + energy, 0)).toBeCloseTo(report.totals.energyWh.active!, 9);
  });

  it('crosses to the timeline as it is', () => {
    const ids = report.spans.map(({ id }) => id);
    const across = gpuSegments(packGpu(gpu, (id) => ids.indexOf(id)), (number) => ids[number]!);
    expect(across.map(({ spans, moreSpans }) => ({ spans, moreSpans }))).toEqual(gpu.map(({ spans, moreSpans }) => ({ spans, moreSpans })));
  });
});

describe('a replay', () => {
  it('has the state after any number of steps, in whatever order it is asked', () => {
    const replay = new Replay<string[], string>(['a', 'b', 'c'], () => [], (state, step) => state.push(step));
    expect([0, 2, 3, 1, 1, 3].map((count) => replay.after(count).join(''))).toEqual(['', 'ab', 'abc', 'a', 'a', 'abc']);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeLlm, makeSpan } from '../fixtures/timelineDocuments.ts';
import { tickTimes } from '../../webview/timeline/model/tickTimes.ts';

const call = (ttftMs: number | null) => makeSpan({ id: 'a', kind: 'llm', startMs: 100, endMs: 200, llm: makeLlm({ ttftMs }) });

describe('the ticks of an answer', () => {
  it('stand where each piece of it came', () => {
    expect(tickTimes(call(20), 100, 200, [0, 10, 5])).toEqual([120, 130, 135]);
  });

  it('are none where they are not known, or do not fit the call', () => {
    expect(tickTimes(call(null), 100, 200, [0, 10])).toEqual([]);
    expect(tickTimes(call(20), 100, 200, [])).toEqual([]);
    expect(tickTimes(call(20), 100, 200, [0])).toEqual([]);
    expect(tickTimes(call(20), 100, 200, [0, 500])).toEqual([]);
  });

  it('are as many as the pieces, in order, within the call, or none', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { maxLength: 20 }), fc.double({ min: 0, max: 100, noNaN: true }), (gaps, ttft) => {
        const times = tickTimes(call(ttft), 100, 200, gaps);
        expect([0, gaps.length]).toContain(times.length);
        for (const [index, time] of times.entries()) expect(time).toBeGreaterThanOrEqual(times[index - 1] ?? 100);
        expect(times.at(-1) ?? 0).toBeLessThanOrEqual(201);
      }),
    );
  });
});

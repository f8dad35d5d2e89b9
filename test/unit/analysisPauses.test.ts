/** Time in a debugger is on no clock: every figure is that of the run without it. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { call, callEnd, end, gpu, header, recordingText, sample, span, spanEnd } from './recordingLines.ts';

/** A call, a tool that stops at a breakpoint for `held` ms, a call. */
function run(held: number) {
  const after = (t: number) => t + held;
  return analyze(
    readRecording(
      recordingText(
        header(),
        call('a', 0),
        callEnd('a', 1000, { firstTokenAt: 200, chunkGaps: [0, 400, 400] }),
        sample(0, { joules: 0 }),
        sample(1000, { joules: 300 }),
        span('s', 1000),
        ...(held > 0 ? [{ type: 'pause', t: 1500, end: 1500 + held }] : []),
        spanEnd('s', after(2000)),
        // An idle GPU at 60 W, while the program is held as well.
        sample(after(2000), { joules: 360 + held * 0.06 }),
        call('b', after(2000)),
        callEnd('b', after(3000), { firstTokenAt: after(2200), chunkGaps: [0, 800] }),
        sample(after(3000), { joules: 660 + held * 0.06 }),
        end(after(3000)),
      ),
    ),
  );
}

describe('a run that was held at a breakpoint', () => {
  it('costs what it would have cost', () => {
    const [held, plain] = [run(60_000), run(0)];
    expect(held.report.run.pauses).toEqual([{ atMs: 1500, ms: 60_000 }]);
    expect({ ...held.report, run: { ...held.report.run, pauses: [] } }).toEqual(plain.report);
    expect(held.gpu).toEqual(plain.gpu);
    expect(plain.report.totals).toMatchObject({ wallMs: 3000, agentMs: { llm: 2000, tool: 1000, overlap: 0, other: 0 } });
  });

  it('keeps a call that streamed on meanwhile, shortened by the pause', () => {
    const { report } = analyze(
      readRecording(
        recordingText(header(), call('a', 0), callEnd('a', 3000, { firstTokenAt: 500, chunkGaps: [0, 1000, 1000, 500] }), { type: 'pause', t: 1000, end: 2000 }, { type: 'pause', t: 1200, end: 2200 }, gpu(0, 3000), end(3000)),
      ),
    );
    expect(report.run.pauses).toEqual([{ atMs: 1000, ms: 1200 }]);
    expect(report.totals.wallMs).toBe(1800);
    // Arrivals at 0.5, 1.5 (held), 2.5 and 3 s are at 0.5, 1, 1.3 and 1.8 s of the run.
    expect(report.spans.find((each) => each.id === 'a')).toMatchObject({ startMs: 0, endMs: 1800, llm: { ttftMs: 500, decodeMs: 1300 } });
  });
});

import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { call, callEnd, end, gpu, header, message, recordingText, span, spanEnd, toolCall } from './recordingLines.ts';

const STARTED_AT = '2026-11-22T14:00:00.000Z';

/** A run of two calls and a tool whose program starts `late` ms after the recorder. */
function run(late: number, beginsWithProgram: boolean) {
  return readRecording(
    recordingText(
      header({ beginsWithProgram, startedAt: STARTED_AT }),
      { type: 'process', t: late, pid: 1, ppid: null, runtime: 'node', runtimeVersion: 'v24.0.0', argv: ['node', 'agent.js'], cwd: '/' },
      call('a', late + 100, { request: { messages: [message('user', 'Who?')] } }),
      gpu(late + 150, late + 900),
      callEnd('a', late + 1000, { firstTokenAt: late + 300, chunkGaps: [0, 100, 100], toolCalls: [toolCall('id1', 'search')] }),
      span('s', late + 1100),
      spanEnd('s', late + 2100),
      end(late + 2500),
    ),
  );
}

describe('a run that an editor’s terminal was slow to start', () => {
  it('is the same run as one that started at once', () => {
    const { report, gpu: track } = analyze(run(12_000, true));
    const atOnce = analyze(run(0, true));
    expect(report.run.startedAt).toBe('2026-11-22T14:00:12.000Z');
    expect({ ...report, run: { ...report.run, startedAt: STARTED_AT } }).toEqual(atOnce.report);
    expect(track).toEqual(atOnce.gpu);
    expect(report.totals.wallMs).toBe(2500);
  });

  it('is counted from the same instant while it lives', () => {
    expect(analyze(run(12_000, true), { live: true, nowMs: 15_000 }).report.totals.wallMs).toBe(3000);
  });

  it('has no beginning but the recording’s before the program has come', () => {
    expect(analyze(readRecording(recordingText(header({ beginsWithProgram: true }))), { live: true, nowMs: 700 }).report.totals.wallMs).toBe(700);
  });

  it('counts the wait where the recorder itself started the program', () => {
    expect(analyze(run(12_000, false)).report.totals.wallMs).toBe(14_500);
  });
});

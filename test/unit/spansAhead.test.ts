/** Calls and tools ahead of the analysis: what has ended, in order of start, on the run's clock. */
import { describe, expect, it } from 'vitest';
import { EndedSpans } from '../../src/analysis/spansAhead.ts';
import { analyze } from '../../src/analysis/analyze.ts';
import { LivePreview } from '../../src/host/livePreview.ts';
import { RecordingReader } from '../../src/profile/readRecording.ts';
import { call, callEnd, header, recordingText, span, spanEnd } from './recordingLines.ts';
import type { ReportSpan } from '../../src/profile/report.ts';

const program = (t: number): object => ({ type: 'process', t, pid: 100, ppid: null, runtime: 'python', runtimeVersion: '3.13', argv: [], cwd: '/' });
const placed = (spans: readonly ReportSpan[]): [string, number, number | null][] => spans.map(({ id, startMs, endMs }) => [id, startMs, endMs]);

function reader(): { ended: EndedSpans; read: (...lines: object[]) => ReportSpan[]; reader: RecordingReader } {
  const ended = new EndedSpans();
  const reading = new RecordingReader({ onEnded: ended.add });
  return { ended, reader: reading, read: (...lines) => (reading.push(recordingText(...lines)), ended.take(reading.profile)) };
}

describe('what ends while a recording is read', () => {
  it('is handed out once, in order of start; what began before something that was handed out is left to the analysis', () => {
    const { read } = reader();
    expect(placed(read(header(), call('a', 1), span('t', 3), call('b', 2), callEnd('b', 6), spanEnd('t', 5)))).toEqual([['b', 2, 6], ['t', 3, 5]]);
    expect(placed(read(callEnd('a', 9), call('c', 7), callEnd('c', 8), spanEnd('t', 10)))).toEqual([['c', 7, 8]]);
    expect(read(callEnd('c', 11))).toEqual([]);
  });

  it('holds no functions and nothing that is no call to a model', () => {
    const { read } = reader();
    expect(placed(read(header(), call('m', 1, { endpoint: 'models', method: 'GET' }), callEnd('m', 2), span('f', 3, { kind: 'other', source: 'function' }), spanEnd('f', 4), call('a', 5), callEnd('a', 6)))).toEqual([['a', 5, 6]]);
  });

  it('is on the clock of the run, which begins with its program and stands in a debugger', () => {
    const { read, reader: reading } = reader();
    const first = read(header({ beginsWithProgram: true }), program(100), call('a', 110), callEnd('a', 120));
    const second = read({ type: 'pause', t: 130, end: 160 }, call('b', 170), callEnd('b', 180));
    expect(placed([...first, ...second])).toEqual([['a', 10, 20], ['b', 40, 50]]);
    const whole = analyze(reading.profile).report.spans.filter(({ kind }) => kind === 'llm');
    expect(placed(whole)).toEqual(placed([...first, ...second]));
  });

  it('waits for the program where the run begins with it', () => {
    const { read } = reader();
    expect(read(header({ beginsWithProgram: true }), call('a', 110), callEnd('a', 120))).toEqual([]);
  });
});

describe('the preview of a live run', () => {
  it('is on the clock of the run, too', () => {
    const preview = new LivePreview();
    preview.push(recordingText(header({ beginsWithProgram: true }), program(100), call('a', 110), callEnd('a', 120), { type: 'pause', t: 130, end: 160 }, span('t', 170)));
    expect(placed(preview.take())).toEqual([['a', 10, 20], ['t', 40, null]]);
  });
});

import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { notebookCell } from '../../src/profile/notebookCell.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { Report } from '../../src/profile/report.ts';
import { call, callEnd, end, header, recordingText, site, span, spanEnd } from './recordingLines.ts';

const trips = (execution: number): string => `/work/trips.ipynb[${execution}]`;
const source = (file: string, sha256: string): object => ({ type: 'source', t: 0, file, sha256 });

function reportOf(...lines: object[]): Report {
  return analyze(readRecording(recordingText(header(), ...lines, end(9000)))).report;
}

describe('a notebook’s cell', () => {
  it('is told from files by its name', () => {
    expect(notebookCell(trips(12))).toEqual({ notebook: '/work/trips.ipynb', execution: 12 });
    expect(notebookCell('C:\\my notes[2]\\a.ipynb[3]')).toEqual({ notebook: 'C:\\my notes[2]\\a.ipynb', execution: 3 });
    for (const file of ['/work/trips.ipynb', '/work/agent.py', '/work/agent.py[3]', 'notebook[3]', '.ipynb[3]', '/work/trips.ipynb[x]']) expect(notebookCell(file)).toBeNull();
  });

  it('that ran again unchanged is one place, under its last number', () => {
    const report = reportOf(
      ...[source(trips(1), 'aa'), source(trips(2), 'bb'), source(trips(3), 'bb'), source('/work/other.ipynb[4]', 'bb'), source(trips(5), 'cc')],
      ...[call('a', 0, { frames: [site(trips(1), 2, 'think'), site(trips(2), 1)] }), callEnd('a', 1000)],
      ...[call('b', 1000, { frames: [site(trips(1), 2, 'think'), site(trips(3), 1)] }), callEnd('b', 2000)],
      ...[call('c', 2000, { frames: [site('/work/other.ipynb[4]', 1)] }), callEnd('c', 3000)],
      ...[call('d', 3000, { frames: [site(trips(5), 1)] }), callEnd('d', 4000)],
      ...[span('s', 4000, { kind: 'tool', name: 'search', frames: [site(trips(2), 7)] }), spanEnd('s', 5000)],
    );
    expect(report.lines.map(({ file, line, calls }) => [file, line, calls])).toEqual(expect.arrayContaining([[trips(1), 2, 2], ['/work/other.ipynb[4]', 1, 1], [trips(5), 1, 1]]));
    expect(report.lines.filter(({ file }) => file === trips(2))).toEqual([]);
    expect(report.lines.find(({ file, line }) => file === trips(3) && line === 1)).toMatchObject({ inclusive: { calls: 2 } });
    expect(report.spans.find(({ name }) => name === 'search')?.site?.file).toBe(trips(3));
    expect(report.run.sources.map(({ file }) => file)).toEqual([trips(1), trips(3), '/work/other.ipynb[4]', trips(5)]);
  });

  it('of which no text is known stands for itself', () => {
    const report = reportOf(call('a', 0, { frames: [site(trips(2), 1)] }), callEnd('a', 1000), call('b', 1000, { frames: [site(trips(3), 1)] }), callEnd('b', 2000));
    expect(report.lines.map(({ file }) => file).sort()).toEqual([trips(2), trips(3)]);
  });
});

/** A line over several runs: what counts as a change, and how it is said. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { figureReader, lineHistory, type LineFigure, type LineHistory } from '../../src/analysis/lineHistory.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { Report } from '../../src/profile/report.ts';
import { changeText, historyParagraphs } from '../../src/views/historyText.ts';
import { lensText, placeLines, sameLine } from '../../src/views/lensModel.ts';
import { call, callEnd, end, header, recordingText, site, span, spanEnd } from './recordingLines.ts';

function figure(callsMs: readonly number[], scope: LineFigure['scope'] = 'perCall', over: Partial<LineFigure> = {}): LineFigure {
  const sum = callsMs.reduce((total, ms) => total + ms, 0);
  return { startedAt: '2026-11-22T14:12:00.000Z', timeMs: scope === 'perCall' ? sum / callsMs.length : sum, calls: callsMs.length, callsMs, scope, ...over };
}

function history(...figures: LineFigure[]): LineHistory {
  const found = lineHistory(figures);
  if (found === null) throw new Error('nothing to compare');
  return found;
}

/** Without calls of its own: only the runs tell. */
const led = (timeMs: number): LineFigure => figure([], 'total', { timeMs, calls: 3 });

/** Park and Miller's generator, and Box and Muller's way to a normal distribution: the same numbers each time. */
function normals(seed: number): () => number {
  let state = seed;
  const uniform = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

describe('a line over several runs', () => {
  it('has their mean, their standard deviation, and the change against the run before', () => {
    const { meanMs, spreadMs, changeMs, changeRatio } = history(led(100), led(120), led(90));
    expect(meanMs).toBeCloseTo(310 / 3);
    expect(spreadMs).toBeCloseTo(Math.sqrt((3.3333 ** 2 + 16.6667 ** 2 + 13.3333 ** 2) / 2), 3);
    expect([changeMs, changeRatio]).toEqual([-30, -0.25]);
  });

  it('is compared with nothing when there is no other run', () => {
    expect(lineHistory([])).toBeNull();
    expect(lineHistory([led(1)])).toBeNull();
  });

  it('has no clear change where too little is known to tell', () => {
    for (const each of [history(led(100), led(900)), history(figure([100]), figure([900])), history(led(100), led(100), led(900))]) expect([each.chanceMs, each.isClear]).toEqual([null, false]);
  });

  it('has a clear change when calls are alike within each run and differ between them', () => {
    expect(history(figure([100, 101, 99, 100]), figure([150, 151, 149, 150])).isClear).toBe(true);
    expect(history(figure([100, 100]), figure([104, 104]))).toMatchObject({ chanceMs: 0, isClear: false });
    expect(history(figure([50, 150, 80, 120]), figure([60, 170, 90, 140])).isClear).toBe(false);
  });

  it('is judged by the runs, too, once there are three before: calls of one run share their circumstances', () => {
    const steady = (timeMs: number): LineFigure => figure([timeMs - 1, timeMs, timeMs + 1]);
    expect(history(steady(100), steady(130)).isClear).toBe(true);
    expect(history(steady(100), steady(140), steady(95), steady(130)).isClear).toBe(false);
  });

  it('takes its ranges from Student’s t', () => {
    // Published 97.5th percentiles. A spread of √½ makes the range the percentile itself.
    for (const [degrees, published] of [[2, 4.303], [3, 3.182], [10, 2.228], [11, 2.201], [15, 2.131], [30, 2.042], [60, 2.0], [120, 1.98]] as const) {
      const count = degrees + 1;
      const raw = Array.from({ length: count }, (_, index) => index);
      const middle = (count - 1) / 2;
      const scale = Math.sqrt(0.5 / (raw.reduce((sum, value) => sum + (value - middle) ** 2, 0) / degrees));
      const earlier = raw.map((value) => led(1000 + (value - middle) * scale));
      expect(history(...earlier, led(1000)).chanceMs).toBeCloseTo(published, 2);
    }
  });

  it('does not cry wolf, and does not sleep', () => {
    const normal = normals(7);
    const trial = (change: number): boolean => {
      const run = (factor: number): LineFigure => figure(Array.from({ length: 6 }, () => 100 * factor * (1 + 0.1 * normal())));
      return history(run(1), run(1), run(1), run(1), run(1 + change)).isClear;
    };
    const share = (change: number): number => Array.from({ length: 1000 }, () => trial(change)).filter(Boolean).length / 1000;
    expect(share(0)).toBeLessThan(0.05);
    expect(share(0.5)).toBeGreaterThan(0.95);
  });

  const callsMs = fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 8 });

  it('that is the same in each run has not changed, whatever it is', () => {
    fc.assert(
      fc.property(callsMs, fc.integer({ min: 2, max: 6 }), fc.constantFrom('perCall' as const, 'total' as const), (calls, runs, scope) => {
        const each = history(...Array.from({ length: runs }, () => figure(calls, scope)));
        expect([each.changeMs, each.isClear, changeText(each)]).toEqual([0, false, '']);
      }),
    );
  });

  it('is judged alike in any unit, and up as down', () => {
    fc.assert(
      fc.property(callsMs, callsMs, fc.constantFrom('perCall' as const, 'total' as const), (before, now, scope) => {
        const plain = history(figure(before, scope), figure(now, scope));
        const scaled = history(...[before, now].map((calls) => figure(calls.map((ms) => ms * 1024), scope)));
        expect(scaled.isClear).toBe(plain.isClear);
        expect(scaled.chanceMs === null ? null : scaled.chanceMs / 1024).toBe(plain.chanceMs);
        const back = history(figure(now, scope), figure(before, scope));
        expect(back.changeMs).toBe(-plain.changeMs);
        if (plain.isClear) expect(Math.abs(plain.changeMs)).toBeGreaterThan(plain.chanceMs ?? Infinity);
      }),
    );
  });
});

describe('the figures of a report’s line', () => {
  const AGENT = '/home/user/project/agent.js';
  function report(thinkMs: number): Report {
    const lines = [0, 1].flatMap((turn) => [
      call(`c${turn}`, turn * 10_000, { frames: [site(AGENT, 10, 'think'), site(AGENT, 3, 'main')] }),
      callEnd(`c${turn}`, turn * 10_000 + thinkMs + turn),
      span(`s${turn}`, turn * 10_000 + 5000, { frames: [site(AGENT, 20, 'search'), site(AGENT, 3, 'main')] }),
      spanEnd(`s${turn}`, turn * 10_000 + 5200),
    ]);
    return analyze(readRecording(recordingText(header(), ...lines, end(20_000)))).report;
  }
  const lineOf = (from: Report, line: number) => from.lines.find((each) => each.line === line)!;

  it('are what the lens shows: the mean or the sum of the calls, or what a line led to', () => {
    const run = report(1000);
    const read = figureReader(run);
    expect(read(lineOf(run, 10), 'perCall')).toMatchObject({ timeMs: 1000.5, calls: 2, callsMs: [1000, 1001], scope: 'perCall' });
    expect(read(lineOf(run, 10), 'total')).toMatchObject({ timeMs: 2001, scope: 'total' });
    expect(read(lineOf(run, 20), 'perCall')).toMatchObject({ timeMs: 200, callsMs: [200, 200] });
    expect(read(lineOf(run, 3), 'perCall')).toMatchObject({ timeMs: 2401, calls: 4, callsMs: [], scope: 'total' });
  });

  it('are found in another run where the line stood then, by what it did', () => {
    const source = Array.from({ length: 30 }, (_, index) => `statement(${index + 1});`);
    const now = placeLines(report(1000).lines, source, source);
    const moved = { ...report(900), lines: report(900).lines.map((line) => ({ ...line, line: line.line + 2 })) };
    const then = placeLines(moved.lines, ['// one', '// two', ...source], source);
    expect(now.map((line) => sameLine(then, line)?.report.line)).toEqual(now.map((line) => line.report.line + 2));
    const tool = now.find(({ report: { toolCalls } }) => toolCalls > 0)!;
    expect(sameLine([{ ...tool, report: { ...tool.report, toolCalls: 0, llmCalls: 2 } }], tool)).toBeNull();
    expect(sameLine([{ ...tool, stale: 'unknown' }], tool)).toBeNull();
    expect(sameLine([{ ...tool, stale: 'edited' }, tool], tool)?.stale).toBeNull();
  });

  it('are behind the lens only when the change is clear', () => {
    const [line] = placeLines(report(1200).lines, null, Array.from({ length: 30 }, () => ''));
    const options = { show: 'perCall', cost: 'energy' } as const;
    const bare = lensText({ ...line!, stale: null }, options);
    expect(lensText({ ...line!, stale: null }, options, history(figure([100, 101, 99]), figure([120, 121, 119])))).toBe(`${bare}  ▲ 20 %`);
    expect(lensText({ ...line!, stale: null }, options, history(figure([100, 101, 99]), figure([80, 81, 79])))).toBe(`${bare}  ▼ 20 %`);
    expect(lensText({ ...line!, stale: null }, options, history(figure([100]), figure([900])))).toBe(bare);
  });
});

describe('the hover’s words on earlier runs', () => {
  it('have the runs as bars and as a table, and the verdict with what chance explains', () => {
    const [sentence, table] = historyParagraphs(history(figure([100, 101, 99]), figure([200, 201, 199]), figure([50, 51, 49])));
    expect(sentence).toMatch(/^Last 3 runs ▅█▃: 117 ms ± 76\.4 ms per call \(mean and standard deviation of the runs\)\. \*\*▼ 75 % since the run before\*\*: chance alone explains ±[\d.]+ ms \(95 %\)\.$/);
    const rows = table!.replaceAll('&nbsp;', '').split('\n').slice(2);
    expect(rows.map((row) => row.split('|').slice(2).map((cell) => cell.trim()))).toEqual([['100 ms', '3', '', ''], ['200 ms', '3', '▲ 100 %', ''], ['50 ms', '3', '▼ 75 %', '']]);
  });

  it('say when it is too early to tell, within chance, or too small to matter', () => {
    expect(historyParagraphs(history(led(100), led(900)))[0]).toMatch(/▲ 800 % since the run before; too few calls and runs to tell it from chance\.$/);
    expect(historyParagraphs(history(figure([50, 150]), figure([60, 160])))[0]).toMatch(/within chance: chance alone explains/);
    expect(historyParagraphs(history(figure([100, 100]), figure([103, 103])))[0]).toMatch(/less than the 5 % that are worth a look\.$/);
    expect(historyParagraphs(history(led(0), led(0)))[0]).toMatch(/runs ▁▁: 0 s ± 0 s/);
  });
});

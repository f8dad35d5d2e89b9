/** Runs compared and held to budgets; every figure is worked out by hand in the comments. */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { changeTexts } from '../../src/analysis/comparison/changeTexts.ts';
import { BudgetError, checkBudget } from '../../src/analysis/comparison/checkBudget.ts';
import { compareRuns } from '../../src/analysis/comparison/compareRuns.ts';
import { lineFigures, parseQuantity, QUANTITY_EXAMPLES, toolFigures, totalFigures, type FigureUnit } from '../../src/analysis/comparison/figures.ts';
import { breaches, parseRule, RuleError } from '../../src/analysis/comparison/rules.ts';
import { t975, welchMargin } from '../../src/analysis/statistics.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { Report } from '../../src/profile/report.ts';
import { arbitraryRecording } from './arbitraryRecording.ts';
import { call, callEnd, end, header, recordingText, site, span, spanEnd } from './recordingLines.ts';

interface Step { line: number; lengths: number[]; function?: string }

/** A program of calls one after the other, each on a line; and a tool of a second. */
function run(steps: Step[], over: Parameters<typeof header>[0] = {}): Report {
  const lines: object[] = [header(over)];
  const file = `${over.cwd ?? '/home/user/project'}/agent.js`;
  let t = 0;
  steps.forEach(({ line, lengths, function: name = 'think' }, step) =>
    lengths.forEach((length, index) => {
      const id = `c${step}-${index}`;
      lines.push(call(id, t, { frames: [site(file, line, name)] }), callEnd(id, t + length));
      t += length;
    }),
  );
  lines.push(span('tool', t, { name: 'search', frames: [site(file, 90, 'search')] }), spanEnd('tool', t + 1000), end(t + 1000));
  return analyze(readRecording(recordingText(...lines))).report;
}

const lineOf = (comparison: ReturnType<typeof compareRuns>, line: number) => comparison.lines.find((each) => each.line === line)!;

describe('two runs', () => {
  const before = run([{ line: 10, lengths: [100, 120, 140] }, { line: 20, lengths: [500], function: 'answer' }]);
  const after = run([{ line: 12, lengths: [200, 220, 240] }, { line: 20, lengths: [500], function: 'answer' }, { line: 30, lengths: [50], function: 'extra' }]);
  const comparison = compareRuns([before], [after]);

  it('have their totals beside each other, without a word on chance', () => {
    // 100 + 120 + 140 + 500 + 1000 = 1860; 200 + 220 + 240 + 500 + 50 + 1000 = 2210.
    expect(comparison.totals.time).toMatchObject({ before: 1860, after: 2210, change: 350, chance: null, isClear: null });
    expect(comparison.totals.calls).toMatchObject({ before: 4, after: 5, ratio: 0.25 });
    expect(comparison.totals.cachedTokens).toEqual({ before: null, after: null, change: null, ratio: null, chance: null, isClear: null });
  });

  it('are told in a few words, what is the same once and what nobody knows not at all', () => {
    expect(changeTexts(comparison)).toEqual(
      expect.arrayContaining([
        { label: 'time', text: '1.86 s → 2.21 s (+19 %)' },
        { label: 'LLM calls', text: '4 → 5 (+25 %)' },
        { label: 'tool calls', text: '1 in both' },
      ]),
    );
    const unknown: Report = { ...before, totals: { ...before.totals, promptTokens: null, energyWh: { ...before.totals.energyWh, total: null } } };
    expect(changeTexts(compareRuns([unknown], [unknown])).map(({ label }) => label)).not.toContain('tokens in');
    expect(changeTexts(compareRuns([unknown], [before])).find(({ label }) => label === 'tokens in')?.text).toBe('– → 400');
  });

  it('pair a line that moved, by its function, and say by its calls what chance explains', () => {
    const moved = lineOf(comparison, 12);
    expect([moved.file, moved.function, moved.runs]).toEqual(['agent.js', 'think', { before: 1, after: 1 }]);
    // Both spreads are 20 ms over 3 calls: of the sum 9 × 400 / 3 = 1200 each; 4 degrees: 2.776 × √2400 = 136 ms.
    expect(moved.figures.time).toMatchObject({ before: 360, after: 660, change: 300, isClear: true });
    expect(moved.figures.time.chance).toBeCloseTo(2.776 * Math.sqrt(2400), 6);
    expect(lineOf(comparison, 20).figures.time).toMatchObject({ change: 0, isClear: null });
  });

  it('tell what is new from what is gone', () => {
    expect(lineOf(comparison, 30)).toMatchObject({ runs: { before: 0, after: 1 }, figures: { time: { before: 0, after: 50, ratio: null } } });
    expect(lineOf(compareRuns([after], [before]), 30).runs).toEqual({ before: 1, after: 0 });
  });

  it('do not pair lines that could be either', () => {
    const two = run([{ line: 41, lengths: [10] }, { line: 42, lengths: [10] }]);
    const other = compareRuns([run([{ line: 10, lengths: [10] }])], [two]);
    expect(other.lines.map(({ line, runs }) => [line, runs.before, runs.after]).filter(([line]) => line !== 90).sort()).toEqual([[10, 1, 0], [41, 0, 1], [42, 0, 1]]);
  });

  it('are compared by paths below where each ran', () => {
    const elsewhere = run([{ line: 10, lengths: [100] }], { cwd: '/srv/other' });
    expect(compareRuns([run([{ line: 10, lengths: [100] }])], [elsewhere]).lines.every(({ runs }) => runs.before === 1 && runs.after === 1)).toBe(true);
  });

  it('that are not alike are said to be so', () => {
    const { notes } = compareRuns([before], [run([{ line: 10, lengths: [1] }], { backend: { kind: 'sim', url: null, version: null, model: 'x', gpu: null, simulated: true } })]);
    expect(notes).toEqual(['The runs differ in their server: vllm, sim.', 'The runs differ in their model: m, x.', 'The runs differ in their GPU: test-gpu, unknown.']);
  });
});

describe('groups of runs', () => {
  const group = (lengths: number[]) => lengths.map((length) => run([{ line: 10, lengths: [length] }]));

  it('have confidence intervals by Welch’s t', () => {
    // Times 1100, 1110, 1120 and 1200, 1210, 1220: spreads of 10; √(100/3 + 100/3) with 4 degrees.
    const { totals } = compareRuns(group([100, 110, 120]), group([200, 210, 220]));
    expect(totals.time).toMatchObject({ before: 1110, after: 1210, change: 100, isClear: true });
    expect(totals.time.chance).toBeCloseTo(2.776 * Math.sqrt(200 / 3), 6);
    expect(compareRuns(group([100, 110, 120]), group([105, 112, 122])).totals.time.isClear).toBe(false);
  });

  it('cover a true difference about as often as they say', () => {
    // 2000 pairs of samples of 4 and 6 of a normal distribution with means 10 apart: 95 % of intervals hold the 10.
    let state = 12345;
    const uniform = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) + 0.5) / 2 ** 32;
    const normal = (mean: number) => mean + 3 * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    let held = 0;
    for (let trial = 0; trial < 2000; trial++) {
      const [a, b] = [Array.from({ length: 4 }, () => normal(0)), Array.from({ length: 6 }, () => normal(10))];
      const change = b.reduce((sum, value) => sum + value) / 6 - a.reduce((sum, value) => sum + value) / 4;
      if (Math.abs(change - 10) <= welchMargin({ values: a, times: 1 }, { values: b, times: 1 })!) held++;
    }
    expect(held / 2000).toBeGreaterThan(0.935);
    expect(held / 2000).toBeLessThan(0.975);
    // NIST/SEMATECH, 1.3.6.7.2: 2.086 at 20 degrees, 1.984 at 100.
    expect([t975(20), t975(100)]).toEqual([expect.closeTo(2.086, 2), expect.closeTo(1.984, 2)]);
  });
});

describe('whatever was recorded', () => {
  const reports = fc.array(arbitraryRecording.map((text) => analyze(readRecording(text)).report), { minLength: 1, maxLength: 3 });

  it('compared with itself has not changed, and with others no line is lost', () => {
    fc.assert(fc.property(reports, reports, (before, after) => {
      const same = compareRuns(before, before);
      for (const { change, isClear } of [...Object.values(same.totals), ...same.lines.flatMap(({ figures }) => Object.values(figures))]) {
        expect(change === null || change === 0).toBe(true);
        expect(isClear).not.toBe(true);
      }
      const { lines } = compareRuns(before, after);
      const of = (runs: Report[]) => runs.reduce((sum, each) => sum + each.lines.length, 0);
      expect(lines.reduce((sum, { runs }) => sum + runs.before + runs.after, 0)).toBe(of(before) + of(after));
    }), { numRuns: 40 });
  });
});

describe('rules', () => {
  const comparison = compareRuns([run([{ line: 10, lengths: [100, 120, 140] }])], [run([{ line: 10, lengths: [200, 220, 240] }])]);
  const broken = (text: string) => breaches(comparison, [parseRule(text)]).map(({ line }) => line?.line ?? null);

  it('fail where a figure grew by more than they allow', () => {
    // Time 1360 → 1660: 22 %, 0.3 s; the line 360 → 660.
    expect([broken('time>20%'), broken('time > 25 %'), broken('time>290ms'), broken('time>0.31 s')]).toEqual([[null], [], [null], []]);
    expect([broken('lines.time>50%'), broken('lines.time>100%'), broken('promptTokens>0')]).toEqual([[10], [], []]);
    expect(breaches(compareRuns([run([{ line: 10, lengths: [200, 220, 240] }])], [run([{ line: 10, lengths: [100, 120, 140] }])]), [parseRule('time>0%')])).toEqual([]);
  });

  it('leave changes to chance that chance explains', () => {
    const noisy = compareRuns([run([{ line: 10, lengths: [100, 300, 500] }])], [run([{ line: 10, lengths: [200, 400, 600] }])]);
    expect(breaches(noisy, [parseRule('lines.time>5%')])).toEqual([]);
  });

  it('that are none are refused, and those about what is not known', () => {
    for (const text of ['time', 'time<5%', 'speed>5%', 'lines.gpuIdle>5%', 'time>5', 'energy>5 s', 'toString>1', 'money>5$x']) expect(() => parseRule(text), text).toThrow(RuleError);
    expect(() => parseRule('speed>5%')).toThrow('"speed>5%" is no rule: expected FIGURE>LIMIT, such as time>10%, with a figure of time, llmTime,');
    expect(() => breaches(comparison, [parseRule('cachedTokens>5%')])).toThrow('"cachedTokens>5%" cannot be told: cached is not known of every run.');
  });
});

describe('quantities', () => {
  it('are read in their unit', () => {
    const read: [string, FigureUnit, number | null][] = [['20 s', 'time', 20_000], ['1.5min', 'time', 90_000], ['.5 Wh', 'energy', 0.5], ['3600 J', 'energy', 1], ['$0.05', 'money', 0.05], ['2 USD', 'money', 2], ['12k', 'tokens', 12_000], ['10', 'count', 10], ['10', 'time', null], ['10 Wh', 'time', null], ['-5', 'count', null], ['1e9', 'count', null], ['$5 s', 'money', null]];
    for (const [text, unit, value] of read) expect(parseQuantity(text, unit), text).toBe(value);
    for (const figure of [...Object.values(totalFigures), ...Object.values(lineFigures), ...Object.values(toolFigures)]) expect(parseQuantity(QUANTITY_EXAMPLES[figure.unit], figure.unit)).not.toBeNull();
  });
});

describe('figures', () => {
  it('are named in the README', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    for (const figures of [totalFigures, lineFigures, toolFigures]) expect(readme).toContain(Object.keys(figures).map((name) => `\`${name}\``).join(', '));
  });
});

describe('a budget', () => {
  const report = run([{ line: 10, lengths: [100, 120, 140] }, { line: 20, lengths: [500], function: 'answer' }]);
  const statuses = (budget: Parameters<typeof checkBudget>[1]) => checkBudget(report, budget).map(({ of, figure, value, status }) => [of, figure, value, status]);

  it('is kept or broken limit by limit', () => {
    expect(statuses({ totals: { time: '1.9 s', calls: 3, failedCalls: 0, cachedTokens: '1k' } })).toEqual([[null, 'time', 1860, 'kept'], [null, 'calls', 4, 'broken'], [null, 'failedCalls', 0, 'kept'], [null, 'cachedTokens', null, 'unknown']]);
    expect(statuses({ lines: { 'agent.js:10': { time: '0.3 s' }, 'agent.js:answer': { calls: 1 }, 'agent.js': { calls: 5 }, 'agent.js:77': { calls: 1 } } })).toEqual([['agent.js:10', 'time', 360, 'broken'], ['agent.js:answer', 'calls', 1, 'kept'], ['agent.js', 'calls', 5, 'kept'], ['agent.js:77', 'calls', null, 'unknown']]);
    expect(statuses({ tools: { '*': { p95: '0.9 s' }, lookup: { calls: 0 } } })).toEqual([['search', 'p95', 1000, 'broken'], ['lookup', 'calls', 0, 'kept']]);
  });

  it('that names what there is not is refused', () => {
    expect(() => checkBudget(report, { totals: { speed: 1 } })).toThrow('totals has no figure "speed": there are time, llmTime,');
    expect(() => checkBudget(report, { lines: { 'agent.js:10': { time: 5 } } })).toThrow('lines["agent.js:10"].time: 5 is no limit. Write it as "20 s".');
    expect(() => checkBudget({ ...report, tools: [] }, { tools: { '*': { cost: 5 } } })).toThrow(BudgetError);
  });
});

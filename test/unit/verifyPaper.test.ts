import { describe, expect, it } from 'vitest';
import { fitWholeNumber, peakRate } from '../../src/experiments/peak.ts';
import { recompute } from '../paper/recompute.ts';
import { megawatts, verdictOf, type Row } from '../paper/rows.ts';

const row = (ours: number | null, theirs: number | null, limit: number | null, printed?: number): Row => ({ where: '', what: '', unit: '', ours, theirs, limit, basis: 'predicted', ...(printed === undefined ? {} : { printed }) });

describe("the paper's figures beside ours", () => {
  it('says whether a row is within its limit, and of one without a limit nothing', () => {
    expect(verdictOf(row(105, 100, 0.05))).toBe('met');
    expect(verdictOf(row(94, 100, 0.05))).toBe('NOT MET');
    expect(verdictOf(row(null, 100, 0.05))).toBe('NOT MET');
    expect([verdictOf(row(200, 100, null)), verdictOf(row(200, null, 0.05))]).toEqual(['', '']);
    expect([verdictOf(row(0, 0, 0)), verdictOf(row(1, 0, 0))]).toEqual(['met', 'NOT MET']);
    expect([verdictOf(row(0.952, 1, 0.01, 0.1)), verdictOf(row(0.94, 1, 0.01, 0.1)), verdictOf(row(0.952, 1, 0.01))]).toEqual(['met', 'NOT MET', 'NOT MET']);
  });

  it('takes a day of queries for power as Table IV does', () => {
    expect(megawatts(41.53, 71.4e6)).toBeCloseTo(123.55, 2);
    expect(megawatts(24, 1e6)).toBe(1);
  });

  it('finds a peak within a hundredth, and the whole number nearest to a value', () => {
    const peak = peakRate((rate) => (rate < 9 ? 4 / (1 - rate / 9) : Infinity), 8, 20);
    expect(Math.abs(peak - 4.5)).toBeLessThan(0.05);
    expect(fitWholeNumber((value) => value * 3, 100, 1000)).toBe(33);
    expect(fitWholeNumber((value) => value * 3, 101.6, 1000)).toBe(34);
  });

  it('comes within the limits, but for a row of 70B, and by its own account fits what it fits', () => {
    const { rows, fitted } = recompute({ chats: 150, agents: 30, attempts: 5 });
    expect(rows.filter((each) => verdictOf(each) === 'NOT MET').map(({ what }) => what)).toEqual(['70B ShareGPT power']);
    expect(rows.filter((each) => verdictOf(each) === 'met')).toHaveLength(16);
    for (const what of ['8B ShareGPT latency', 'ReAct on HotpotQA, one at a time']) {
      const { ours, theirs } = rows.find((each) => each.what === what)!;
      expect(Math.abs(ours! / theirs! - 1)).toBeLessThan(0.02);
    }
    expect(fitted.chatAnswerTokens).toBeGreaterThan(200);
    expect(fitted.chatAnswerTokens).toBeLessThan(400);
  });

  it('holds the peaks of chats near the paper’s, which nothing is fitted on', () => {
    const { rows } = recompute({ chats: 400, agents: 10, attempts: 2 });
    const ratio = (what: string) => {
      const { ours, theirs } = rows.find((each) => each.what.startsWith(what))!;
      return ours! / theirs!;
    };
    expect(Math.abs(ratio('ShareGPT at 8B, peak with') - 1)).toBeLessThan(0.2);
    expect(Math.abs(ratio('ShareGPT at 8B, gain') - 1)).toBeLessThan(0.05);
  });
});

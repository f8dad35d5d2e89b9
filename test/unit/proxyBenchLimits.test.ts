import { describe, expect, it } from 'vitest';
import type { CallFigures } from '../bench/proxy/callCells.ts';
import { shown, verdicts, verdictText, type Results } from '../bench/proxy/limits.ts';

const none: Results = { calls: {}, streams: {}, stamps: {}, bodies: [], stall: null };

function figures(target: string, medianMs: number, throughput: number): CallFigures {
  return { target, calls: 100, failed: 0, medianMs, p99Ms: medianMs * 2, throughput, cpuUs: null, megabytes: null };
}

const texts = (results: Results) => verdicts(results).map((verdict) => verdictText(verdict).replace(/\s+/g, ' '));

describe("the proxy benchmark's limits", () => {
  it('counts what is added from no proxy, and p99 from the pipe', () => {
    const calls = { 'stream-1kB-1': [figures('direct', 0.5, 0), figures('pipe of sockets', 0.7, 0), figures('ours, full', 0.8, 0)] };
    expect(texts({ ...none, calls })).toEqual([
      'stream-1kB-1 added median, ms: at most what the pipe adds 0.300 ≤ 0.200 NOT MET',
      'stream-1kB-1 added median, ms: the aim 0.300 ≤ 0.350 met',
      'stream-1kB-1 p99, of the pipe’s 1.14 ≤ 1.30 met',
    ]);
  });

  it('says of a peer that is missing that its limit was not measured', () => {
    const calls = { 'plain-1kB-32': [figures('direct', 1, 900), figures('pipe of sockets', 1, 1000), figures('Portkey', 9, 100), figures('ours, full', 1, 950)] };
    expect(texts({ ...none, calls })).toEqual([
      'plain-1kB-32 throughput, of the pipe’s 0.950 ≥ 0.900 met',
      'plain-1kB-32 throughput, of Portkey’s 9.50 ≥ 3 met',
      'plain-1kB-32 throughput, of LiteLLM’s – ≥ 10 not measured',
    ]);
  });

  it('takes texts that were lost without a word for a fault, and those that the recording tells of for none', () => {
    const delay = { median: 1, p99: 2, max: 3 };
    const stall = { before: delay, during: delay, callsDuring: 5, recorded: 9, calls: 9, withoutText: 4, warnings: [] as string[] };
    const lost = (warnings: string[]) => texts({ ...none, stall: { ...stall, warnings } }).at(-1);
    expect(lost([])).toBe('stall texts lost without a word 4 ≤ 0 NOT MET');
    expect(lost(['The recording is incomplete'])).toBe('stall texts lost without a word 0 ≤ 0 met');
  });

  it('shows – for what is not known', () => {
    expect([shown(null), shown(NaN), shown(0), shown(0.1234), shown(12.34), shown(1234.5)]).toEqual(['–', '–', '0', '0.123', '12.3', '1235']);
  });
});

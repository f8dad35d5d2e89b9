import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCount } from '../../src/profile/formatCount.ts';
import { formatBytes, formatDuration, formatEnergy, formatLens, formatPercent, formatPower, formatTokens, formatUsd } from '../../src/profile/formatValue.ts';
import type { ReportLine } from '../../src/profile/report.ts';

function table(format: (value: number | null) => string, pairs: readonly (readonly [number | null, string])[]): void {
  expect(pairs.map(([value]) => format(value))).toEqual(pairs.map(([, text]) => text));
}

describe('values', () => {
  it('are durations as people say them', () => {
    table(formatDuration, [
      [null, '–'],
      [0, '0 s'],
      [0.095, '95 µs'],
      [0.9999, '1 ms'],
      [5.25, '5.25 ms'],
      [840, '840 ms'],
      [999.6, '1 s'],
      [1214, '1.21 s'],
      [21_400, '21.4 s'],
      [59_960, '1 min 00 s'],
      [123_000, '2 min 03 s'],
      [3_599_900, '1 h 00 min'],
      [3_723_000, '1 h 02 min'],
      [-840, '-840 ms'],
    ]);
  });

  it('are tokens, energy, power, bytes, shares and money', () => {
    table(formatTokens, [[null, '–'], [0, '0'], [210, '210'], [999.4, '999'], [1000, '1k'], [1310, '1.3k'], [12_100, '12.1k'], [121_234, '121k'], [999_600, '1M'], [1_240_000, '1.2M']]);
    table(formatEnergy, [[null, '–'], [0, '0 Wh'], [1e-9, '<0.01 µWh'], [0.000012, '12 µWh'], [0.012, '12 mWh'], [0.02, '0.02 Wh'], [0.1234, '0.123 Wh'], [0.12, '0.12 Wh'], [1.234, '1.23 Wh'], [1200, '1.2 kWh']]);
    table(formatPower, [[null, '–'], [0, '0 W'], [272.3, '272 W'], [1434, '1.43 kW'], [123.6e6, '124 MW']]);
    table(formatBytes, [[null, '–'], [0, '0 B'], [512, '512 B'], [1800, '1.8 kB'], [2e9, '2 GB']]);
    table(formatPercent, [[null, '–'], [0, '0 %'], [0.0004, '<0.1 %'], [0.004, '0.4 %'], [0.72, '72 %'], [1, '100 %']]);
    table(formatUsd, [[null, '–'], [0, '$0'], [1e-9, '<$0.000001'], [0.0000123, '$0.000012'], [0.00123, '$0.0012'], [0.0123, '$0.0123'], [0.5, '$0.5'], [1.5, '$1.50'], [1234.5, '$1235']]);
    expect([formatCount(1, 'call'), formatCount(9, 'call')]).toEqual(['1 call', '9 calls']);
  });

  it('keep three significant digits: the text is within 0.6 % of the number', () => {
    const units: Record<string, number> = { µs: 1e-3, ms: 1, s: 1000 };
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 59_000, noNaN: true }), (value) => {
        const [, number, unit] = /^([\d.]+) (µs|ms|s)$/.exec(formatDuration(value)) ?? [];
        const shown = Number(number) * (units[unit ?? ''] ?? NaN);
        expect(Math.abs(shown - value)).toBeLessThanOrEqual(value * 0.006);
        expect(number?.replace('.', '').replace(/^0+/, '').length).toBeLessThanOrEqual(3);
      }),
    );
  });
});

const llmLine: ReportLine = {
  file: '/agent.ts',
  line: 57,
  function: 'think',
  kinds: ['llm'],
  calls: 9,
  llmCalls: 9,
  toolCalls: 0,
  failed: 0,
  llmMs: 15_120,
  toolMs: 0,
  p50Ms: 1680,
  p95Ms: 1900,
  promptTokens: 11_700,
  cachedTokens: 8424,
  completionTokens: 1890,
  energyWh: 1.08,
  grade: 'counter',
  idleBlameMs: 0,
  idleEnergyWh: 0,
  costUsd: 0.0108,
  ttftMs: { p50: 90, p95: 120 },
  inclusive: { calls: 9, llmCalls: 9, toolCalls: 0, wallMs: 15_120, llmMs: 15_120, toolMs: 0, promptTokens: 11_700, cachedTokens: 8424, completionTokens: 1890, energyWh: 1.08, idleBlameMs: 0, idleEnergyWh: 0, costUsd: 0.0108 },
  evidence: 'measured',
  tokenEvidence: 'measured',
  spans: [],
};
const toolLine: ReportLine = {
  ...llmLine,
  kinds: ['tool'],
  calls: 4,
  llmCalls: 0,
  toolCalls: 4,
  llmMs: 0,
  toolMs: 4880,
  promptTokens: null,
  cachedTokens: null,
  completionTokens: null,
  energyWh: null,
  idleBlameMs: 4760,
  idleEnergyWh: 0.08,
  costUsd: 0.004,
};

describe('the lens', () => {
  const perCall = { show: 'perCall', cost: 'energy' } as const;

  it('says what one call costs', () => {
    expect(formatLens(llmLine, perCall)).toBe('⚡ 1.68 s · 1.3k→210 tok · 72 % cached · 0.12 Wh per call · 9 calls');
    expect(formatLens(toolLine, perCall)).toBe('⚒ 1.22 s per call · GPU idle 1.19 s, 0.02 Wh · 4 calls');
  });

  it('says totals and money', () => {
    expect(formatLens(llmLine, { show: 'total', cost: 'energy' })).toBe('⚡ 15.1 s · 11.7k→1.9k tok · 72 % cached · 1.08 Wh total · 9 calls');
    expect(formatLens(llmLine, { show: 'perCall', cost: 'money' })).toBe('⚡ 1.68 s · 1.3k→210 tok · 72 % cached · ~$0.0012 per call · 9 calls');
    expect(formatLens(toolLine, { show: 'total', cost: 'money' })).toBe('⚒ 4.88 s total · GPU idle 4.76 s, ~$0.004 · 4 calls');
  });

  it('labels what is estimated and what is simulated', () => {
    expect(formatLens({ ...llmLine, grade: 'model', tokenEvidence: 'estimated' }, perCall)).toBe('⚡ 1.68 s · ~1.3k→210 tok · 72 % cached · ~0.12 Wh per call · 9 calls');
    expect(formatLens({ ...llmLine, evidence: 'simulated', grade: 'simulated' }, perCall)).toBe('⚡ 1.68 s · 1.3k→210 tok · 72 % cached · 0.12 Wh sim per call · 9 calls');
    expect(formatLens({ ...toolLine, grade: 'simulated' }, perCall)).toBe('⚒ 1.22 s per call · GPU idle 1.19 s, 0.02 Wh sim · 4 calls');
    expect(formatLens({ ...toolLine, grade: 'model', evidence: 'inferred' }, perCall)).toBe('⚒ ~1.22 s per call · GPU idle ~1.19 s, ~0.02 Wh · 4 calls');
    expect(formatLens({ ...llmLine, evidence: 'simulated', grade: null, energyWh: null }, perCall)).toContain('· sim ·');
  });

  it('leaves out what is not known, and never shows it as 0', () => {
    const unknown = { ...llmLine, promptTokens: null, cachedTokens: null, completionTokens: null, energyWh: null, grade: null };
    expect(formatLens(unknown, perCall)).toBe('⚡ 1.68 s per call · 9 calls');
    expect(formatLens({ ...llmLine, completionTokens: null, cachedTokens: null }, perCall)).toContain('1.3k→– tok');
    expect(formatLens({ ...toolLine, idleBlameMs: 0, idleEnergyWh: 0 }, perCall)).toBe('⚒ 1.22 s per call · 4 calls');
    expect(formatLens({ ...llmLine, calls: 1, llmCalls: 1 }, perCall)).not.toContain('per call');
  });

  it('stays one short line, whatever the numbers are', () => {
    const number = fc.option(fc.integer({ min: 0, max: 1e9 }));
    const fraction = fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), number, number, fraction, fc.constantFrom('perCall' as const, 'total' as const), (calls, prompt, cached, energy, show) => {
        const line: ReportLine = { ...llmLine, llmCalls: calls, calls, promptTokens: prompt, cachedTokens: cached, energyWh: energy, evidence: 'simulated', grade: 'simulated', llmMs: 1e7 };
        const text = formatLens(line, { show, cost: 'energy' });
        expect(text.length).toBeLessThanOrEqual(72);
        expect(text).not.toMatch(/NaN|Infinity|null|undefined|\n/);
      }),
    );
  });
});

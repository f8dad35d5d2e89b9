import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/recordings/${name}.agentcost`, import.meta.url), 'utf8');
}

describe('recordings in files', () => {
  it('of version 1 give the figures that they always gave', () => {
    const { report } = analyze(readRecording(fixture('two-steps')));
    expect(report.totals).toMatchObject({
      wallMs: 3000,
      requests: 1,
      llmCalls: 2,
      toolCalls: 1,
      promptTokens: 300,
      cachedTokens: 96,
      completionTokens: 15,
      agentMs: { llm: 1600, tool: 1000, overlap: 0, other: 400 },
      gpuMs: { prefill: 280, decode: 1298, mixed: 0, foreign: 0, idle: 1422 },
      gpuEvidence: 'simulated',
      energyWh: { grade: 'simulated' },
    });
    // 0.28 s × 360 W + 1.298 s × 240 W, and 1.422 s × 60 W.
    expect(report.totals.energyWh.active).toBeCloseTo(412.32 / 3600, 9);
    expect(report.totals.energyWh.idle).toBeCloseTo(85.32 / 3600, 9);
    expect(report.spans.map((span) => [span.id, span.evidence])).toEqual([
      ['request:1', 'inferred'],
      ['step:a', 'inferred'],
      ['a', 'simulated'],
      ['s', 'measured'],
      ['step:b', 'inferred'],
      ['b', 'simulated'],
    ]);
  });

  it('that were cut off have all that had ended', () => {
    const { report } = analyze(readRecording(fixture('torn')));
    expect(report.run.complete).toBe(false);
    expect(report.spans.filter((span) => span.kind === 'llm' || span.kind === 'tool').map((span) => [span.id, span.status])).toEqual([
      ['a', 'ok'],
      ['s', 'ok'],
    ]);
  });

  it('that cannot be opened say why', () => {
    expect(() => readRecording(fixture('empty'))).toThrow(/is empty/);
    expect(() => readRecording(fixture('newer-version'))).toThrow(/version 99.*Update/);
    expect(() => readRecording(fixture('not-a-recording'))).toThrow(/not a recording/);
  });
});

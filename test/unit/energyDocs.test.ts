/** The worked example of docs/energy.md, recomputed: the page must say what the code does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { energyPolicySchema } from '../../src/profile/accounting.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { call, callEnd, end, header, recordingText, site, span, spanEnd, testGpu } from './recordingLines.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/energy.md'), 'utf8');
const recording = readRecording(
  recordingText(
    header({ modelProfile: null }),
    call('A', 0),
    callEnd('A', 1000, { firstTokenAt: 200, chunkGaps: [0, 800] }),
    call('B', 600),
    callEnd('B', 1600, { firstTokenAt: 700, chunkGaps: [0, 900] }),
    span('tool', 1600, { frames: [site('/home/user/project/tools.js', 20, 'search')] }),
    spanEnd('tool', 2600),
    end(2600),
  ),
);
const joules = (wattHours: number | null): number => (wattHours ?? NaN) * 3600;

describe('the worked example of docs/energy.md', () => {
  it('is of the GPU that it names', () => {
    expect(page).toContain(`draws ${testGpu.idleWatts!.value} W idle, ${testGpu.prefillWatts!.value} W in prefill and ${testGpu.decodeWatts!.value} W in decode`);
  });

  it('has the stretches of the GPU’s track', () => {
    const { gpu, report } = analyze(recording);
    const rows = gpu.map(({ startMs, endMs, state, watts, spans }) => {
      const drawn = Math.round(((watts ?? NaN) * (endMs - startMs)) / 1000);
      const shares = ['A', 'B'].map((id) => (spans.includes(id) ? drawn / spans.length : 0));
      return `| ${(startMs / 1000).toFixed(1)} s | ${(endMs / 1000).toFixed(1)} s | ${state} | ${watts} | ${drawn} | ${shares.join(' | ')} |`;
    });
    expect(page).toContain(`| from | to | state | W | J | A | B |\n|--:|--:|---|--:|--:|--:|--:|\n${rows.join('\n')}\n\n`);
    expect(page).toContain(`The calls last 2.0 s together; the GPU is busy for ${((report.totals.wallMs - (report.totals.gpuMs.idle ?? NaN)) / 1000).toFixed(1)} s.`);
  });

  it('has each policy’s figures, which sum to what was drawn', () => {
    const rows = energyPolicySchema.options.map((policy) => {
      const { report } = analyze(recording, { accounting: { policy } });
      const figures = [...['A', 'B'].map((id) => joules(report.spans.find((each) => each.id === id)?.llm?.energyWh.active ?? null)), joules(report.totals.energyWh.idle)];
      const sum = figures.reduce((total, each) => total + each, 0);
      expect(sum).toBeCloseTo(joules(report.totals.energyWh.total), 9);
      return `| ${policy} | ${[...figures, sum].map((each) => `${each.toFixed(1)} J`).join(' | ')} |`;
    });
    expect(page).toContain(`| policy | A | B | idle | sum |\n|---|--:|--:|--:|--:|\n${rows.join('\n')}\n\n`);
  });
});

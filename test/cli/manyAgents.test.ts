/** Many agents at once under open load: no request is lost, the recording conserves, and the profiler's memory stays bounded. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecordingFile } from '../../src/recorder/recordingFile.ts';
import { parseParquet } from '../../src/experiments/table/parquet.ts';
import { agentCost, newFolder, onlyRecording, sum } from './agentCost.ts';
import { sumOf } from './table.ts';

/** So many agents are to be at work at once, at the least. */
const AT_ONCE = 64;
/** What the profiler may hold, with the embedded server in it: it takes about 0.2 GB under this load. */
const MOST_BYTES = 600e6;
const LINUX = process.platform === 'linux';

/** The memory in use of the profiler that a command line has started; null when there is none (any more). */
function profilerBytes(parent: number): number | null {
  try {
    const [child] = execFileSync('ps', ['--ppid', String(parent), '-o', 'rss=,args=']).toString().split('\n').filter((line) => line.includes('profiler.cjs'));
    return child === undefined ? null : Number.parseInt(child, 10) * 1024;
  } catch {
    return null;
  }
}

it(`${AT_ONCE} at once: nothing lost, nothing twice, memory bounded`, async () => {
  const folder = newFolder();
  const seen: number[] = [];
  let watch: ReturnType<typeof setInterval> | null = null;
  const args = ['load', '--agent', 'react', '--benchmark', 'hotpotqa', '--qps', '40', '--n', '160', '--seed', '1', '--table', 'load.parquet'];
  const { code, stderr } = await agentCost(args, {
    cwd: folder,
    onStart: ({ pid }) => {
      watch = setInterval(() => {
        const bytes = profilerBytes(pid!);
        if (bytes !== null) seen.push(bytes);
      }, 500);
    },
  });
  clearInterval(watch ?? undefined);
  expect(code, stderr).toBe(0);
  const rows = await parseParquet(readFileSync(join(folder, 'load.parquet')), 'load.parquet');
  expect(rows.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 160 }, (_, index) => index + 1));
  const stretches = rows.map(({ started_at: at, scheduled_at: due, latency_ms: ms }) => ({ from: Date.parse(at), to: Date.parse(due!) + ms! }));
  const atOnce = Math.max(...stretches.map(({ from }) => stretches.filter((other) => other.from <= from && from < other.to).length));
  expect(atOnce).toBeGreaterThanOrEqual(AT_ONCE);

  const document = analyze(await readRecordingFile(onlyRecording(folder)));
  const { totals, spans, run } = document.report;
  expect(run.complete).toBe(true);
  expect(totals).toMatchObject({ requests: 160, requestsEvidence: 'measured', failedCalls: 0 });
  expect(spans.every(({ status }) => status !== 'incomplete')).toBe(true);
  // Each call is one task's, with all of its tokens and its energy.
  expect([sumOf(rows, 'llm_calls'), sumOf(rows, 'prompt_tokens'), sumOf(rows, 'cached_tokens'), sumOf(rows, 'completion_tokens')]).toEqual([totals.llmCalls, totals.promptTokens, totals.cachedTokens, totals.completionTokens]);
  expect(rows.every(({ llm_calls: calls, tool_calls: tools, score }) => calls === tools! + 1 && score === 1)).toBe(true);
  expect(sumOf(rows, 'active_energy_wh')).toBeCloseTo(totals.energyWh.active!, 6);
  expect(sum({ ...totals.energyWh, total: null, grade: null, band: null })).toBeCloseTo(totals.energyWh.total!, 6);
  for (const parts of [totals.agentMs, totals.gpuMs]) expect(Math.abs(sum(parts) / totals.wallMs - 1)).toBeLessThan(1e-3);
  for (const row of rows) expect(row.llm_only_ms! + row.tools_only_ms! + row.overlap_ms! + row.other_ms!).toBeCloseTo(row.latency_ms!, 2);
  if (LINUX) {
    expect(seen.length).toBeGreaterThan(3);
    expect(Math.max(...seen)).toBeLessThan(MOST_BYTES);
  }
}, 180_000);

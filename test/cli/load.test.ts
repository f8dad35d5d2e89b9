/** `agent-cost load`, and `bench` with several clients, as a user types them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseParquet } from '../../src/experiments/table/parquet.ts';
import { chatServer } from '../fixtures/chatServer.ts';
import { agentCost, newFolder, onlyRecording, QUICK_BACKEND, reportOf } from './agentCost.ts';
import { rowsOf, sumOf } from './table.ts';

describe('agent-cost load', () => {
  it('sends requests when they are due, tells them apart, and counts latency from when they were due', async () => {
    const folder = newFolder();
    const args = ['load', '--agent', 'llmcompiler', '--benchmark', 'hotpotqa', '--qps', '4', '--n', '12', '--seed', '3', '--warm-up', '2', '--table', 'load.parquet'];
    const { code, stdout, stderr } = await agentCost(args, { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/^\d+ of 12 tasks .* left$/m);
    expect(stderr).toContain('llmcompiler on hotpotqa · 12 of 12 tasks after 2 to warm up');
    expect(stderr).toMatch(/^arrivals {3}4\.00\/s asked {3}[\d.]+\/s came {3}started late by /m);
    expect(stderr).toMatch(/^throughput [\d.]+\/s answered$/m);
    expect(stderr).toMatch(/^KV cache {3}mean [\d.]+ % {3}max [\d.]+ % while it worked/m);
    const rows = await parseParquet(readFileSync(join(folder, 'load.parquet')), 'load.parquet');
    const measured = rows.filter((row) => !row.warm_up);
    expect(measured.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
    expect(rows.filter((row) => row.warm_up)).toHaveLength(2);
    // Some were worked on while others were.
    const begun = measured.map(({ started_at: at, latency_ms: ms }) => [Date.parse(at), Date.parse(at) + ms!] as const);
    expect(begun.some(([from], index) => begun.some(([otherFrom, otherTo], other) => other !== index && otherFrom < from && from < otherTo))).toBe(true);
    for (const row of rows) {
      expect(row).toMatchObject({ qps: 4, clients: null, error: null, seed: 3, experiment: 'llmcompiler-hotpotqa' });
      expect(row.score).toBe(1);
      // A plan and what joins its tools, as when it is alone: nothing of the others'.
      expect(row.llm_calls).toBe(2);
      expect(row.tools_only_ms! + row.overlap_ms!).toBeGreaterThan(100);
      expect(row.llm_only_ms! + row.tools_only_ms! + row.overlap_ms! + row.other_ms!).toBeCloseTo(row.latency_ms!, 2);
      expect(Date.parse(row.started_at) - Date.parse(row.scheduled_at!)).toBeGreaterThanOrEqual(0);
    }
    // Planning and tools at once, where the machine had time for both.
    expect(sumOf(rows, 'overlap_ms')).toBeGreaterThan(0);
    const report = await reportOf(onlyRecording(folder));
    expect(report.totals).toMatchObject({ requests: 14, requestsEvidence: 'measured', llmCalls: sumOf(rows, 'llm_calls'), promptTokens: sumOf(rows, 'prompt_tokens'), completionTokens: sumOf(rows, 'completion_tokens') });
    expect(sumOf(rows, 'active_energy_wh')).toBeCloseTo(report.totals.energyWh.active!, 6);

    // The same load for engines that send more of it.
    const recording = onlyRecording(folder);
    const trace = await agentCost(['export', recording, '--format', 'aiperf', '-o', '-'], { cwd: folder });
    const entries = trace.stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { timestamp?: number; delay?: number; output_length: number });
    expect([entries.length, entries.filter(({ timestamp }) => timestamp !== undefined).length]).toEqual([report.totals.llmCalls, report.totals.requests]);
    expect(entries.reduce((sum, { output_length: tokens }) => sum + tokens, 0)).toBe(report.totals.completionTokens);
    const script = await agentCost(['export', recording, '--format', 'k6'], { cwd: folder });
    expect(script.stdout).toBe(`${recording.replace(/\.agentcost$/, '.k6.js')}\n`);
    expect(readFileSync(script.stdout.trim(), 'utf8')).toContain(`// ${report.totals.requests} requests with ${report.totals.llmCalls} calls of a model, as llmcompiler-hotpotqa made them`);
  });

  it('repeats with other seeds, each a recording, and says how sure the means are', async () => {
    const folder = newFolder();
    const { code, stdout, stderr } = await agentCost(['load', '--agent', 'chat', '--benchmark', 'sharegpt', '--clients', '3', '--n', '6', '--repeats', '2', '--seed', '5', '--backend', QUICK_BACKEND, '--json'], { cwd: folder });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^repeat 2 of 2 {3}6 of 6 tasks/m);
    const printed = JSON.parse(stdout) as { repeats: { seed: number; recordings: string[]; figures: { tasks: number; latencyMs: { p95: number } }; server: { kvUse: { max: number } } }[]; tasks: Record<string, unknown>[]; table: string };
    expect(printed.repeats.map(({ seed, figures }) => [seed, figures.tasks])).toEqual([[5, 6], [6, 6]]);
    for (const { recordings: [recording], figures, server } of printed.repeats) {
      expect(existsSync(recording!)).toBe(true);
      expect(figures.latencyMs.p95).toBeGreaterThan(0);
      expect(server.kvUse.max).toBeGreaterThan(0);
    }
    expect(new Set(printed.repeats.flatMap(({ recordings }) => recordings)).size).toBe(2);
    const rows = rowsOf(printed.table);
    expect(rows.map(({ repeat, clients, qps }) => [repeat, clients, qps])).toEqual([...Array.from({ length: 6 }, () => [1, 3, null]), ...Array.from({ length: 6 }, () => [2, 3, null])]);
    // As many at once as there are clients, and no more.
    for (const repeat of [1, 2]) {
      const stretches = rows.filter((row) => row.repeat === repeat).map(({ started_at: at, latency_ms: ms }) => [Date.parse(at), Date.parse(at) + ms!] as const);
      const atOnce = stretches.map(([from]) => stretches.filter(([otherFrom, otherTo]) => otherFrom <= from && from < otherTo - 2).length);
      expect(Math.max(...atOnce)).toBeLessThanOrEqual(3);
      expect(Math.max(...atOnce)).toBeGreaterThan(1);
    }
  });

  it('keeps the rows of requests that failed, and goes on as long as some may not', async () => {
    const folder = newFolder();
    // A server that answers only every third call.
    let calls = 0;
    const flaky = await chatServer(() => (++calls % 3 === 0 ? 'Yes.' : null));
    const run = await agentCost(['load', '--agent', 'chat', '--benchmark', 'sharegpt', '--qps', '20', '--duration', '1', '--seed', '2', '--backend', flaky.url, '--telemetry', 'off'], { cwd: folder });
    await flaky.close();
    expect(run.code).toBe(1);
    const rows = rowsOf(onlyRecording(folder).replace(/\.agentcost$/, '.csv'));
    const failed = rows.filter(({ error }) => error !== null);
    expect(rows.length).toBeGreaterThan(10);
    expect(failed.length).toBeGreaterThan(rows.length / 3);
    expect(failed.length).toBeLessThan(rows.length);
    expect(failed.every(({ error, llm_calls: llm, failed_calls: lost, prompt_tokens: tokens }) => error!.includes('not now') && llm === 1 && lost === 1 && tokens === null)).toBe(true);
    expect(run.stderr).toContain(`${failed.length} could not be worked on`);
  });

  it('says what is wrong, and leaves nothing behind', async () => {
    const folder = newFolder();
    const load = async (...args: string[]) => {
      const { code, stderr } = await agentCost(['load', '--agent', 'cot', '--benchmark', 'hotpotqa', ...args], { cwd: folder });
      return `${code} ${stderr.trim()}`;
    };
    expect(await load()).toMatch(/^2 agent-cost: load wants to know how requests come: --qps RATE, or --clients N\./);
    expect(await load('--qps', '1', '--clients', '2')).toMatch(/^2 agent-cost: load wants to know how requests come/);
    expect(await load('--qps', 'fast')).toMatch(/^2 agent-cost: --qps takes a number above 0, not "fast"\./);
    expect(await load('--clients', '2', '--duration', '5')).toMatch(/^2 agent-cost: --duration goes with --qps/);
    expect(await load('--qps', '1', '--table', 'x.txt')).toMatch(/^2 agent-cost: --table takes a file that ends in \.csv or \.parquet/);
    expect(existsSync(join(folder, '.agent-cost')) ? readdirSync(join(folder, '.agent-cost')).filter((file) => /\.(agentcost|csv)$/.test(file)) : []).toEqual([]);
  });
});

it('bench works on several tasks at once, when it is told to', async () => {
  const folder = newFolder();
  const { code, stderr } = await agentCost(['bench', '--agent', 'react', '--benchmark', 'hotpotqa', '--n', '5', '--clients', '5', '--tool-calling', 'text', '--backend', QUICK_BACKEND], { cwd: folder });
  expect(code).toBe(0);
  expect(stderr).toContain('clients    5, each with the next task when it has done one');
  const recording = onlyRecording(folder);
  const rows = rowsOf(recording.replace(/\.agentcost$/, '.csv'));
  expect(rows.map(({ task }) => task).sort()).toEqual(['own-01', 'own-02', 'own-03', 'own-04', 'own-05']);
  const report = await reportOf(recording);
  expect(report.totals).toMatchObject({ requests: 5, requestsEvidence: 'measured', llmCalls: sumOf(rows, 'llm_calls') });
  for (const { llm_calls: calls, tool_calls: tools, tools_only_ms: toolsMs, latency_ms: ms, score } of rows) {
    expect([calls, score]).toEqual([tools! + 1, 1]);
    expect(toolsMs).toBeGreaterThan(ms! / 20);
  }
});

/** `agent-cost bench` as a user types it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer } from '../../src/simulator/embeddedServer.ts';
import { agentCost, newFolder, onlyRecording, QUICK_BACKEND, reportOf } from './agentCost.ts';
import { rowsOf, sumOf } from './table.ts';

describe('agent-cost bench', () => {
  it('runs an agent under the profiler, and writes a recording and a row for each task', async () => {
    const folder = newFolder();
    const { code, stdout, stderr } = await agentCost(['bench', '--agent', 'llmcompiler', '--benchmark', 'hotpotqa', '--n', '9', '--tool-calling', 'text', '--backend', QUICK_BACKEND], { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/^5 of 5 tasks {3}score 1\.00 {3}/m);
    expect(stderr).toContain('llmcompiler on hotpotqa · 5 of 5 tasks · ');
    expect(stderr).toContain('! There are 5 tasks, not 9');
    expect(stderr).toContain('the score says nothing of a model');
    const recording = onlyRecording(folder);
    const report = await reportOf(recording);
    const rows = rowsOf(recording.replace(/\.agentcost$/, '.csv'));
    expect(rows.map(({ task, answer, score, em, end, llm_calls: calls, tool_calls: tools }) => [task, answer, score, em, end, calls, tools])).toEqual([
      ['own-01', 'Copenhagen', 1, 1, 'answered', 2, 2],
      ['own-02', 'Akashi Kaikyō Bridge', 1, 1, 'answered', 2, 2],
      ['own-03', '1341', 1, 1, 'answered', 2, 3],
      ['own-04', 'Greater Caucasus', 1, 1, 'answered', 2, 2],
      ['own-05', 'no', 1, 1, 'answered', 2, 2],
    ]);
    expect([sumOf(rows, 'llm_calls'), sumOf(rows, 'prompt_tokens'), sumOf(rows, 'completion_tokens')]).toEqual([report.totals.llmCalls, report.totals.promptTokens, report.totals.completionTokens]);
    expect(sumOf(rows, 'active_energy_wh')).toBeCloseTo(report.totals.energyWh.active!, 6);
    // Planning and tools at once, where the machine had time for both.
    expect(sumOf(rows, 'overlap_ms')).toBeGreaterThan(0);
    for (const row of rows) {
      expect(row.llm_only_ms! + row.tools_only_ms! + row.overlap_ms! + row.other_ms!).toBeCloseTo(row.latency_ms!, 2);
      expect(row).toMatchObject({ benchmark: 'hotpotqa', agent: 'llmcompiler', tool_calling: 'text', few_shot: 3, simulated: true, clients: 1, qps: null, scheduled_at: null, error: null });
    }
  });

  it('runs on a server of your own, whose only model it takes, and prints JSON alone', async () => {
    const folder = newFolder();
    const server = await startEmbeddedServer({ gpu: findGpu('h100')!, model: findModel('smollm2-135m')! });
    const { code, stdout } = await agentCost(['bench', '--agent', 'cot', '--benchmark', 'hotpotqa', '--n', '2', '--backend', server.url, '--telemetry', 'off', '--json'], { cwd: folder });
    await server.close();
    expect(code).toBe(0);
    const printed = JSON.parse(stdout) as { plan: { model: string; tasks: number; notes: string[] }; tasks: Record<string, unknown>[]; table: string };
    expect(printed.plan).toMatchObject({ model: 'HuggingFaceTB/SmolLM2-135M-Instruct', tasks: 2 });
    expect(printed.tasks.map(({ task, llm_calls: calls, score }) => [task, calls, score])).toEqual([['own-01', 1, 1], ['own-02', 1, 1]]);
    expect(existsSync(printed.table)).toBe(true);
    // What the agent's paper has, and what there is.
    expect(printed.plan.notes).toContain('Prompts have 6 worked examples, not 8: there are no more.');
  });

  it('keeps the rows of tasks that could not be worked on, and says so', async () => {
    const folder = newFolder();
    // Another server than was thought: it is not asked again.
    const wrong = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => wrong.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(wrong.address() as AddressInfo).port}/w/api.php`;
    const run = await agentCost(['bench', '--agent', 'react', '--benchmark', 'hotpotqa', '--n', '5', '--real-world'], { cwd: folder, env: { WIKI_API_URL: url } });
    wrong.close();
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(`The encyclopedia at ${url} cannot be used: it answered 404`);
    // It gives up after three in a row.
    expect(run.stderr).toContain('react on hotpotqa · 3 of 5 tasks');
    expect(run.stderr).toMatch(/score {6}– over 0, 3 could not be worked on/);
    expect(rowsOf(onlyRecording(folder).replace(/\.agentcost$/, '.csv')).map(({ end, score }) => [end, score])).toEqual([['failed', null], ['failed', null], ['failed', null]]);
  });

  it('keeps what was done when it is stopped', async () => {
    const folder = newFolder();
    let stop: (() => void) | null = null;
    const run = await agentCost(['bench', '--agent', 'react', '--benchmark', 'hotpotqa', '--n', '5', '--backend', QUICK_BACKEND], {
      cwd: folder,
      onStart: (child) => (stop = () => child.kill('SIGTERM')),
      onStderr: (sofar) => {
        if (!/^1 of 5 tasks/m.test(sofar)) return;
        stop?.();
        stop = null;
      },
    });
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('Stopped by SIGTERM.');
    const rows = rowsOf(onlyRecording(folder).replace(/\.agentcost$/, '.csv'));
    expect(rows[0]).toMatchObject({ task: 'own-01', end: 'answered', score: 1 });
    expect(rows.at(-1)).toMatchObject({ end: 'failed', score: null, error: 'Stopped by SIGTERM.' });
    expect(rows.length).toBeLessThan(5);
    expect((await reportOf(onlyRecording(folder))).run.complete).toBe(true);
  });

  it('says what is wrong, and leaves nothing behind', async () => {
    const folder = newFolder();
    const bench = async (...args: string[]) => {
      const { code, stderr } = await agentCost(['bench', ...args], { cwd: folder });
      return `${code} ${stderr.trim()}`;
    };
    expect(await bench('--agent', 'none', '--benchmark', 'hotpotqa')).toMatch(/^2 There is no agent "none"\. There are: cot, react/);
    expect(await bench('--agent', 'cot', '--benchmark', 'none')).toMatch(/^2 agent-cost: There is no benchmark "none"\. There are: hotpotqa/);
    expect(await bench('--agent', 'cot', '--benchmark', 'hotpotqa', '--n', 'some')).toMatch(/^2 agent-cost: --n takes a whole number from 1/);
    expect(await bench('--agent', 'cot', '--benchmark', 'hotpotqa', '--items', 'gone.json')).toMatch(/^2 agent-cost: --items: gone\.json is not there/);
    writeFileSync(join(folder, 'other.json'), '[{"q": 1}]');
    expect(await bench('--agent', 'cot', '--benchmark', 'hotpotqa', '--items', 'other.json')).toMatch(/^2 .*other\.json does not hold HotpotQA/);
    expect(existsSync(join(folder, '.agent-cost')) ? readdirSync(join(folder, '.agent-cost')).filter((file) => /\.(agentcost|csv)$/.test(file)) : []).toEqual([]);
  });
});

/** The load that is exported from a recording, sent by the engines that it is for: the server counts what the recording has. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/profile/report.ts';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer } from '../../src/simulator/embeddedServer.ts';
import { agentCost, newFolder, onlyRecording, reportOf, repository, runProcess } from '../cli/agentCost.ts';
import { installedAiperf, installedK6 } from './install.ts';

const REQUESTS = 8;
const folder = newFolder();
let recording: string;
let totals: Report['totals'];

beforeAll(async () => {
  const args = ['load', '--agent', 'react', '--benchmark', 'hotpotqa', '--tool-calling', 'text', '--qps', '2', '--n', String(REQUESTS), '--seed', '3'];
  const { code, stderr } = await agentCost(args, { cwd: folder });
  expect(code, stderr).toBe(0);
  recording = onlyRecording(folder);
  ({ totals } = await reportOf(recording));
  expect(totals).toMatchObject({ requests: REQUESTS, promptTokens: expect.any(Number) as number, completionTokens: expect.any(Number) as number });
});

const model = findModel('llama-3.1-8b')!;
let server: Awaited<ReturnType<typeof startEmbeddedServer>>;
beforeAll(async () => void (server = await startEmbeddedServer({ gpu: findGpu('h100')!, model })));
afterAll(() => server.close());

/** What the server's counters have risen by. */
async function servedDuring(work: () => Promise<void>): Promise<{ calls: number; promptTokens: number; completionTokens: number }> {
  const read = async () => {
    const text = await (await fetch(server.url.replace(/\/v1$/, '/metrics'))).text();
    const total = (name: string): number => [...text.matchAll(new RegExp(`^vllm:${name}_total\\{[^}]*\\} (\\S+)$`, 'gm'))].reduce((sum, [, value]) => sum + Number(value), 0);
    return { calls: total('request_success'), promptTokens: total('prompt_tokens'), completionTokens: total('generation_tokens') };
  };
  const before = await read();
  await work();
  const after = await read();
  return { calls: after.calls - before.calls, promptTokens: after.promptTokens - before.promptTokens, completionTokens: after.completionTokens - before.completionTokens };
}

async function exported(format: string, file: string): Promise<void> {
  const { code, stderr } = await agentCost(['export', recording, '--format', format, '-o', file], { cwd: folder });
  expect(code, stderr).toBe(0);
}

const recorded = () => ({ calls: totals.llmCalls, promptTokens: totals.promptTokens, completionTokens: totals.completionTokens });

describe('a recording’s calls', () => {
  it('are sent again by k6', async () => {
    await exported('k6', 'load.k6.js');
    const k6 = await installedK6();
    const summary = join(folder, 'k6.json');
    const served = await servedDuring(async () => {
      const { code, stdout, stderr } = await runProcess(k6, ['run', '--summary-export', summary, 'load.k6.js'], { cwd: folder, env: { BASE_URL: server.url, MODEL: model.name, K6_NO_USAGE_REPORT: 'true' } });
      expect(code, stdout + stderr).toBe(0);
    });
    expect(served).toEqual(recorded());
    const { metrics } = JSON.parse(readFileSync(summary, 'utf8')) as { metrics: { iterations: { count: number }; checks: { passes: number; fails: number } } };
    expect(metrics).toMatchObject({ iterations: { count: REQUESTS }, checks: { passes: totals.llmCalls, fails: 0 } });
  });

  it('are sent again by AIPerf', async () => {
    await exported('aiperf', 'load.aiperf.jsonl');
    const aiperf = await installedAiperf();
    // It counts what it sends by a tokenizer of its own; which one makes no difference to what it sends.
    const tokenizer = join(folder, 'tokenizer');
    mkdirSync(tokenizer);
    cpSync(join(repository, 'test/fixtures/tokenizer/bytes/tokenizer.json'), join(tokenizer, 'tokenizer.json'));
    writeFileSync(join(tokenizer, 'tokenizer_config.json'), '{"tokenizer_class": "PreTrainedTokenizerFast"}');
    const artifacts = join(folder, 'artifacts');
    const served = await servedDuring(async () => {
      const args = ['profile', '--model', model.name, '--url', server.url.replace(/\/v1$/, ''), '--endpoint-type', 'chat', '--streaming', '--custom-dataset-type', 'mooncake_trace', '--input-file', 'load.aiperf.jsonl', '--fixed-schedule', '--tokenizer', tokenizer, '--output-artifact-dir', artifacts, '--ui', 'none'];
      const { code, stdout, stderr } = await runProcess(aiperf, args, { cwd: folder });
      expect(code, stdout + stderr).toBe(0);
    });
    expect(served).toEqual(recorded());
    const profile = JSON.parse(readFileSync(join(artifacts, 'profile_export_aiperf.json'), 'utf8')) as Record<string, { avg: number } | null>;
    expect(profile).toMatchObject({ request_count: { avg: totals.llmCalls }, total_usage_prompt_tokens: { avg: totals.promptTokens }, total_usage_completion_tokens: { avg: totals.completionTokens } });
    expect(profile['error_request_count'] ?? null).toBeNull();
  });
});

/**
 * Ordinary programs through the profiler to a real vLLM that is already running: what we recorded against what the
 * server counted. Run it alone on the server: AGENT_COST_LIVE_URL=http://127.0.0.1:8000/v1 npm run test:live
 */
import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { Report } from '../../src/profile/report.ts';
import { agentCost, newFolder, onlyRecording, reportOf, repository, sum } from '../cli/agentCost.ts';
import { newestEnvironment } from '../hooks/python/pythons.ts';
import { fetchOnce } from '../vllm/fetchOnce.ts';

const url = process.env['AGENT_COST_LIVE_URL'];
if (!url) throw new Error('Set AGENT_COST_LIVE_URL to the base URL of a running vLLM, such as http://127.0.0.1:8000/v1.');
const origin = new URL(url).origin;
let model = '';

beforeAll(async () => {
  const models = (await (await fetchOnce(`${url}/models`)).json()) as { data: { id: string }[] };
  model = models.data[0]!.id;
});

interface Counters {
  prompt: number;
  cached: number;
  completion: number;
}

async function serverCounters(): Promise<Counters> {
  const text = await (await fetchOnce(`${origin}/metrics`)).text();
  const total = (name: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`vllm:${name}{`))
      .reduce((sumSoFar, line) => sumSoFar + Number(line.slice(line.lastIndexOf(' '))), 0);
  return { prompt: total('prompt_tokens_total'), cached: total('prompt_tokens_cached_total'), completion: total('generation_tokens_total') };
}

async function profiled(command: string[], folder: string): Promise<{ report: Report; counted: Counters; stdout: string; code: number | null }> {
  const before = await serverCounters();
  const { stdout, code, stderr } = await agentCost(['run', '--backend', url!, '--', ...command], { cwd: folder, env: { MODEL: model } });
  if (!stderr.includes('done')) throw new Error(stderr);
  const after = await serverCounters();
  return {
    report: await reportOf(onlyRecording(folder)),
    counted: { prompt: after.prompt - before.prompt, cached: after.cached - before.cached, completion: after.completion - before.completion },
    stdout,
    code,
  };
}

function expectRight({ report, counted, stdout, code }: Awaited<ReturnType<typeof profiled>>, file: string, lines: number[]): void {
  expect(stdout).toBe('plan: True\ntext: True\nchecks: 3\n'.replaceAll('True', file.endsWith('.py') ? 'True' : 'true'));
  expect(code).toBe(3);
  const calls = report.spans.filter(({ kind }) => kind === 'llm');
  expect(calls).toHaveLength(5);
  expect({ prompt: report.totals.promptTokens, cached: report.totals.cachedTokens, completion: report.totals.completionTokens }).toEqual(counted);
  expect(calls.map(({ site }) => `${site?.file}:${site?.line}`)).toEqual(lines.map((line) => `${file}:${line}`));
  expect(report.backend).toMatchObject({ kind: 'vllm', model, simulated: false });
  expect(report.backend.server).toMatchObject({ prefixCaching: true, promptTokenDetails: true });
  expect(report.backend.server!.blockTokens).toBeGreaterThan(0);
  // What it counted while it was read is what it counted from before to after, and all of it ours.
  expect(report.server).toMatchObject({ promptTokens: counted.prompt, cachedTokens: counted.cached, completionTokens: counted.completion, foreign: { requests: 0, promptTokens: 0, completionTokens: 0, mostRunning: 0 } });
  expect(sum(report.totals.agentMs)).toBeCloseTo(report.totals.wallMs, 3);
  expect(sum(report.totals.gpuMs)).toBeCloseTo(report.totals.wallMs, 3);
  for (const { llm } of calls) {
    expect([llm!.phaseEvidence, llm!.phaseSource]).toEqual(['measured', 'answer']);
    expect(llm!.prefillMs).toBeGreaterThan(0);
    expect(llm!.decodeMs).toBeGreaterThan(0);
  }
}

/** What its page says of how many requests run. */
async function running(): Promise<number> {
  const line = (await (await fetchOnce(`${origin}/metrics`)).text()).split('\n').find((each) => each.startsWith('vllm:num_requests_running{'));
  return Number(line?.slice(line.lastIndexOf(' ')));
}

/** A program of the openai package, in a folder where it is found. */
function program(source: string): { folder: string; file: string } {
  const folder = newFolder();
  const file = join(folder, 'agent.mjs');
  writeFileSync(file, `import OpenAI from 'openai';\nconst client = new OpenAI({ apiKey: 'none', maxRetries: 0 });\nconst model = process.env.MODEL;\nconst ask = (content, more) => client.chat.completions.create({ model, messages: [{ role: 'user', content }], ...more });\n${source}\nconsole.error('done');\n`);
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  return { folder, file };
}

describe('a real vLLM', () => {
  it('records a stream that is broken off as cancelled, and the server runs it no longer', async () => {
    const { folder, file } = program("const stream = await ask('Count to a thousand.', { stream: true, max_tokens: 900, ignore_eos: true });\nfor await (const _ of stream) break;");
    const { report } = await profiled([process.execPath, file], folder);
    expect(report.spans.filter(({ kind }) => kind === 'llm').map(({ status }) => status)).toEqual(['cancelled']);
    await expect.poll(running, { timeout: 10_000 }).toBe(0);
  });

  it('counts for each call what its answer says, where nothing else ends with it', async () => {
    const { folder, file } = program("for (let i = 0; i < 6; i++) {\n  const answer = await ask(`${i} ${'river '.repeat(40 * i)}`, { max_tokens: 12 + 4 * i, stream: i % 2 === 0 });\n  if (i % 2 === 0) for await (const _ of answer);\n  await new Promise((resolve) => setTimeout(resolve, 2500));\n}");
    await profiled([process.execPath, file], folder);
    const text = readFileSync(onlyRecording(folder), 'utf8');
    // A line that is changed is checked no longer.
    const untold = text.split('\n').map((line) => (line.startsWith('{"type":"callEnd"') ? JSON.stringify({ ...(JSON.parse(line) as object), server: null, crc: undefined }) : line)).join('\n');
    const phases = (recording: string) => analyze(readRecording(recording)).report.spans.flatMap(({ llm }) => (llm === null ? [] : [llm]));
    const told = phases(text);
    const counted = phases(untold).map((llm, index) => [llm, told[index]!] as const).filter(([llm]) => llm.phaseSource !== 'stream');
    for (const [llm, answer] of counted) {
      expect([answer.phaseSource, llm.phaseSource]).toEqual(['answer', 'counters']);
      for (const phase of ['queueMs', 'prefillMs', 'decodeMs'] as const) expect(Math.abs(llm[phase]! - answer[phase]!)).toBeLessThan(0.1);
    }
    // On a machine with much else to do, a page takes so long that two calls end between the same readings.
    expect(counted.length).toBeGreaterThan(0);
    expect(told).toHaveLength(6);
  });

  it('Python, openai package', async () => {
    const folder = newFolder();
    const file = join(folder, 'my_agent.py');
    copyFileSync(join(repository, 'test/fixtures/agents/my_agent.py'), file);
    expectRight(await profiled([(await newestEnvironment()).executable, file], folder), file, [14, 22, 35, 35, 35]);
  });

  it('TypeScript, openai package under tsx', async () => {
    const folder = newFolder();
    const file = join(folder, 'my_agent.ts');
    copyFileSync(join(repository, 'test/fixtures/agents/my_agent.ts'), file);
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
    expectRight(await profiled(['npx', 'tsx', file], folder), file, [18, 24, 31, 31, 31]);
  });
});

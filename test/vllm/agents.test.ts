/**
 * Each agent on each benchmark it suits, with a small real model behind a real vLLM: its answers are weak, and no task may end
 * in anything but an answer or a spent budget. The world of its tools is the bundled stand-in.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agents } from '../../src/agents/registry.ts';
import { benchmarks } from '../../src/benchmarks/registry.ts';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { agentCost, newFolder, onlyRecording, sum } from '../cli/agentCost.ts';
import { BLOCK_TOKENS, SERVED_MODEL } from './limits.ts';
import { startRealServer, type RealServer } from './realServer.ts';

/** The model's own. Agents' prompts have examples in them. */
const CONTEXT_TOKENS = 8192;
const TASKS = 3;
/** A processor writes some 50 tokens a second. */
const BUDGET = ['--iterations', '3', '--reflections', '1', '--rollouts', '1', '--children', '2'];

interface Bench {
  tasks: { task: string; end: string; answer: string | null; score: number | null; error: string | null; llm_calls: number; failed_calls: number }[];
}

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer('vllm-agents.log', [
    ...['--served-model-name', SERVED_MODEL, '--max-model-len', String(CONTEXT_TOKENS), '--block-size', String(BLOCK_TOKENS), '--enable-prefix-caching'],
    ...['--enable-auto-tool-choice', '--tool-call-parser', 'hermes', '--chat-template', fileURLToPath(new URL('toolTemplate.jinja', import.meta.url))],
  ]);
});
afterAll(() => server.stop());

/** Chats are answered until the context is full: minutes each. */
const pairs = benchmarks.filter(({ name }) => name !== 'sharegpt').flatMap((benchmark) => agents.filter(({ name }) => benchmark.agents.includes(name)).map(({ name }) => [name, benchmark.name, 'native'] as const));
/** The other form is the agents' own doing, whatever they work on. */
const inText = pairs.filter(([, benchmark]) => benchmark === 'hotpotqa').map(([agent, benchmark]) => [agent, benchmark, 'text'] as const);

describe('with a real model', () => {
  it.each([...pairs, ...inText])('%s on %s, tools called in form: %s', { timeout: 20 * 60_000 }, async (agent, benchmark, calling) => {
    const cwd = newFolder();
    const { code, stdout, stderr } = await agentCost(
      ['bench', '--agent', agent, '--benchmark', benchmark, '--tool-calling', calling, '--n', String(TASKS), ...BUDGET, '--backend', server.url, '--json'],
      { cwd },
    );
    expect(code, stderr).toBe(0);
    const { tasks } = JSON.parse(stdout) as Bench;
    expect(tasks).toHaveLength(TASKS);
    for (const { end, error, llm_calls, failed_calls } of tasks) {
      expect(['answered', 'budget'], error ?? '').toContain(end);
      expect(llm_calls).toBeGreaterThan(0);
      expect(failed_calls).toBe(0);
    }
    const { report } = analyze(readRecording(readFileSync(onlyRecording(cwd), 'utf8')));
    expect(report.totals.llmCalls).toBeGreaterThanOrEqual(sum(Object.fromEntries(tasks.map(({ task, llm_calls }) => [task, llm_calls]))));
    expect(sum(report.totals.gpuMs)).toBeCloseTo(report.totals.wallMs, 3);
    expect(report.lines.filter(({ file }) => file.includes('/src/agents/')).length).toBeGreaterThan(0);
  });
});

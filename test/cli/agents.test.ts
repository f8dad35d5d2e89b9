/** The bundled agents under the profiler, on the embedded server: what the recording shows of their concurrency. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report, ReportSpan } from '../../src/profile/report.ts';
import { startWikiServer, type WikiServer } from '../../src/benchmarks/hotpotqa/wikiServer.ts';
import { agentCost, newFolder, reportOf, repository } from './agentCost.ts';

/** The agents are TypeScript, which this Node runs as it is. */
const node24 = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');
let wiki: WikiServer;
beforeAll(async () => {
  wiki = await startWikiServer({ latencyMs: () => 400 });
});
afterAll(() => wiki.close());

async function profiled(agent: string, toolCalling: string): Promise<Report> {
  const out = join(newFolder(), 'run.agentcost');
  const { code, stdout } = await agentCost(['run', '--out', out, '--', node24, 'src/agents/main.ts', '--agent', agent, '--tool-calling', toolCalling, '--n', '1'], { cwd: repository, env: { WIKI_API_URL: wiki.url } });
  expect({ code, answered: stdout.includes('=> Copenhagen   score 1.00') }).toEqual({ code: 0, answered: true });
  return reportOf(out);
}

const named = (part: string) => (span: ReportSpan) => span.frames.some((frame) => frame.function === part);
/** Requests of the tools as they were measured, whatever the tools are called. */
const toolRequests = (report: Report) => report.spans.filter((span) => span.source === 'http');

/** The most spans that were open at once. */
function mostAtOnce(spans: readonly ReportSpan[]): number {
  return Math.max(0, ...spans.map((span) => spans.filter((other) => other.startMs <= span.startMs && other.endMs! > span.startMs).length));
}

function length(spans: readonly ReportSpan[]): number {
  return spans.reduce((sum, { startMs, endMs }) => sum + endMs! - startMs, 0);
}

it.each(['text', 'native'])("shows that LATS's branches go on at once (tool calls: %s)", async (toolCalling) => {
  const report = await profiled('lats', toolCalling);
  const calls = report.spans.filter(({ kind }) => kind === 'llm');
  const [proposals, values] = [calls.filter(named('propose')), calls.filter((call) => !named('propose')(call))];
  // Three levels of five children; two of them are evaluated, the last one ends.
  expect([proposals.length, values.length, toolRequests(report).length]).toEqual([15, 10, 10]);
  for (let level = 0; level < 3; level++) expect(mostAtOnce(proposals.slice(5 * level, 5 * level + 5))).toBe(5);
  for (let level = 0; level < 2; level++) {
    expect(mostAtOnce(values.slice(5 * level, 5 * level + 5))).toBe(5);
    expect(mostAtOnce(toolRequests(report).slice(5 * level, 5 * level + 5))).toBe(5);
  }
  // One level after the other: what a level's tools found is evaluated, and the best goes on.
  expect(Math.min(...values.slice(0, 5).map(({ startMs }) => startMs))).toBeGreaterThan(Math.max(...toolRequests(report).slice(0, 5).map(({ startMs }) => startMs)));
  // Time with a model at work is far less than the calls together.
  const { llm, overlap } = report.totals.agentMs;
  expect(length(calls)).toBeGreaterThan(2.5 * (llm + overlap));
});

it.each(['text', 'native'])("shows that LLMCompiler's tools overlap its planner's stream (tool calls: %s)", async (toolCalling) => {
  const report = await profiled('llmcompiler', toolCalling);
  const calls = report.spans.filter(({ kind }) => kind === 'llm');
  expect(calls.map((call) => (named('plan')(call) ? 'plan' : named('join')(call) ? 'join' : '?'))).toEqual(['plan', 'join']);
  const [planner, joiner] = calls as [ReportSpan, ReportSpan];
  const tools = toolRequests(report);
  expect(tools).toHaveLength(2);
  // The first began while the plan was streamed, after its first tokens; both were done when their results were joined.
  expect(tools[0]!.startMs).toBeGreaterThan(planner.startMs + planner.llm!.ttftMs!);
  expect(tools[0]!.startMs).toBeLessThan(planner.endMs!);
  for (const { endMs } of tools) expect(endMs!).toBeLessThanOrEqual(joiner.startMs + 5);
  expect(report.totals.agentMs.overlap).toBeGreaterThanOrEqual(planner.endMs! - tools[0]!.startMs - 5);
});

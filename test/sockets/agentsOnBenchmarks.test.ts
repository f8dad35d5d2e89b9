/** Every agent on every benchmark that suits it, on the embedded server, asked in words that it does not know: each ends, and is scored. */
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findAgent } from '../../src/agents/registry.ts';
import { benchmarks } from '../../src/benchmarks/registry.ts';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer, type EmbeddedServer } from '../../src/simulator/embeddedServer.ts';

let server: EmbeddedServer;
beforeAll(async () => {
  server = await startEmbeddedServer({ gpu: findGpu('h100')!, model: findModel('smollm2-135m')! });
});
afterAll(() => server.close());

const never = new AbortController().signal;

describe.each(benchmarks.filter(({ name }) => name !== 'hotpotqa'))('$title', (benchmark) => {
  it.each(benchmark.agents.flatMap((agent) => (['text', 'native'] as const).map((toolCalling) => ({ agent, toolCalling }))))('$agent, tool calls: $toolCalling', async ({ agent: name, toolCalling }) => {
    const { items } = await benchmark.open({ file: null });
    const item = items[0]!;
    // It would know the question as it stands, and answer by its script.
    const task = { ...item.task, question: 'Do what was asked for before.' };
    const agent = findAgent(name);
    const result = await agent.solve(task, {
      model: { client: new OpenAI({ baseURL: server.url, apiKey: 'none' }), name: 'any', toolCalling },
      budget: { ...agent.defaults, iterations: Math.min(3, agent.defaults.iterations), reflections: Math.min(1, agent.defaults.reflections), children: Math.min(2, agent.defaults.children), rollouts: 1 },
      log: () => undefined,
      signal: never,
    });
    expect(['answered', 'budget']).toContain(result.end);
    expect(result.counts.modelCalls).toBeGreaterThan(0);
    const { value } = await item.score(result.answer, never);
    if (benchmark.metric === 'none') expect(value).toBeNull();
    else expect(value).toBe(0);
  });
});

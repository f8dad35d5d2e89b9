import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentResult, Model } from '../../src/agents/agent.ts';
import { findAgent } from '../../src/agents/registry.ts';
import type { Benchmark, StandIns } from '../../src/benchmarks/benchmark.ts';
import { humaneval } from '../../src/benchmarks/humaneval/benchmark.ts';
import { math } from '../../src/benchmarks/math/benchmark.ts';
import { webshop } from '../../src/benchmarks/webshop/benchmark.ts';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer, type EmbeddedServer } from '../../src/simulator/embeddedServer.ts';

/** How the embedded server's script for a task says that it could not be solved. */
const GAVE_UP = 'unknown';

let server: EmbeddedServer;
beforeAll(async () => {
  server = await startEmbeddedServer({ gpu: findGpu('h100')!, model: findModel('smollm2-135m')! });
});
afterAll(() => server.close());

async function solve(benchmark: Benchmark, agentName: string, place: number, toolCalling: Model['toolCalling']): Promise<{ result: AgentResult; score: number | null }> {
  const { items } = await benchmark.open({ file: null });
  const item = items[place]!;
  const agent = findAgent(agentName);
  const { signal } = new AbortController();
  const model: Model = { client: new OpenAI({ baseURL: server.url, apiKey: 'none' }), name: 'any', toolCalling };
  const result = await agent.solve(item.task, { model, budget: agent.defaults, log: () => undefined, signal });
  return { result, score: (await item.score(result.answer, signal)).value };
}

describe.each([webshop, math, humaneval])('$name', (benchmark) => {
  let standIns: StandIns | null;
  beforeAll(async () => {
    standIns = (await benchmark.startStandIns?.()) ?? null;
    Object.assign(process.env, standIns?.environment);
  });
  afterAll(async () => {
    for (const name of Object.keys(standIns?.environment ?? {})) delete process.env[name];
    await standIns?.close();
  });

  it.each(benchmark.agents.flatMap((agent) => (['text', 'native'] as const).map((toolCalling) => ({ agent, toolCalling }))))(
    'is solved by $agent, which calls tools in $toolCalling form',
    async ({ agent, toolCalling }) => {
      const { result, score } = await solve(benchmark, agent, 1, toolCalling);
      expect(result.answer).not.toBe(GAVE_UP);
      expect({ score, end: result.end }).toEqual({ score: 1, end: 'answered' });
      if (agent === 'cot') expect(result.counts.toolCalls).toBe(0);
      else expect(result.counts.toolCalls).toBeGreaterThanOrEqual(1);
    },
  );

  it('has a script for each of its first tasks', async () => {
    for (const place of [0, 2, 3]) expect((await solve(benchmark, 'react', place, 'native')).score, `task ${place}`).toBe(1);
  });
});

describe('the other bundled tasks', () => {
  it.each([
    [math, 8],
    [humaneval, 6],
  ] as const)('of $0.name have scripts, too', async (benchmark, count) => {
    const { items } = await benchmark.open({ file: null });
    expect(items).toHaveLength(count);
    const standIns = await benchmark.startStandIns?.();
    Object.assign(process.env, standIns?.environment);
    try {
      for (let place = 4; place < count; place++) expect((await solve(benchmark, 'react', place, 'text')).score, items[place]!.task.id).toBe(1);
    } finally {
      for (const name of Object.keys(standIns?.environment ?? {})) delete process.env[name];
      await standIns?.close();
    }
  });
});

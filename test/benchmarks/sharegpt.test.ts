import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import workload from '../../profiles/workload/sharegpt.json' with { type: 'json' };
import { sharegpt } from '../../src/benchmarks/sharegpt/benchmark.ts';
import { loadTurns } from '../../src/benchmarks/sharegpt/conversations.ts';
import { estimateTokens } from '../../src/benchmarks/sharegpt/estimateTokens.ts';
import { makeConversations } from '../../src/benchmarks/sharegpt/madeUp.ts';

const never = new AbortController().signal;
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('made-up conversations', () => {
  it('are as long as published, in the mean and in the spread', () => {
    const lengths = makeConversations(4000, 7).map(({ conversations }) => conversations.map(({ value }) => estimateTokens(value)));
    const [prompts, answers] = [lengths.map(([prompt]) => prompt!), lengths.map(([, answer]) => answer!)];
    expect(mean(prompts) / workload.promptTokens.mean.value).toBeCloseTo(1, 1);
    expect(mean(answers) / workload.answerTokens.mean.value).toBeCloseTo(1, 1);
    const logs = answers.map(Math.log);
    const sigma = Math.sqrt(mean(logs.map((value) => (value - mean(logs)) ** 2)));
    expect(sigma).toBeGreaterThan(workload.answerTokens.sigma.value * 0.95);
    expect(sigma).toBeLessThan(workload.answerTokens.sigma.value * 1.05);
  });

  it('are the same for the same seed, and hardly share a beginning', () => {
    expect(makeConversations(20, 3)).toEqual(makeConversations(20, 3));
    const beginnings = makeConversations(500, 3).map(({ conversations }) => conversations[0]!.value.slice(0, 80));
    expect(new Set(beginnings).size).toBeGreaterThan(450);
  });
});

describe('the benchmark', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agent-cost-sharegpt-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has single turns, without tools and scores, for chat alone', async () => {
    const { items, notes } = await sharegpt.open({ file: null });
    expect(items.length).toBeGreaterThan(900);
    expect(sharegpt.agents).toEqual(['chat']);
    const { task } = items[0]!;
    expect(task.openEnvironment().tools).toEqual([]);
    expect(items[0]!.answerTokens).toBeGreaterThanOrEqual(4);
    expect(await items[0]!.score('anything', never)).toEqual({ value: null, parts: {} });
    expect(notes.join()).toContain('assumption');
  });

  it('takes the first turn of real conversations, and leaves out what vLLM does', async () => {
    const file = join(folder, 'sharegpt.json');
    const turn = (from: string, value: string) => ({ from, value });
    const conversations = [
      { id: 'good', conversations: [turn('human', 'What is a night train, please?'), turn('gpt', 'A train with beds in it.'), turn('human', 'More?')] },
      { id: 'answer first', conversations: [turn('gpt', 'A train with beds in it.'), turn('human', 'What is a night train?')] },
      { id: 'no answer', conversations: [turn('human', 'What is a night train, please?')] },
      { id: 'short', conversations: [turn('human', 'Hi'), turn('gpt', 'Hello, what can I do for you?')] },
      { id: 'long prompt', conversations: [turn('human', 'x'.repeat(4 * 1025)), turn('gpt', 'A train with beds in it.')] },
      { id: 'long answer', conversations: [turn('human', 'What is a night train, please?'), turn('gpt', 'x'.repeat(4 * 2048))] },
    ];
    await writeFile(file, JSON.stringify(conversations));
    const { turns, leftOut } = await loadTurns(file);
    expect(turns).toEqual([{ id: 'good', prompt: 'What is a night train, please?', promptTokens: 8, answerTokens: 6 }]);
    expect(leftOut).toBe(5);
    expect((await sharegpt.open({ file })).notes.join(' ')).toContain('5 conversations were left out');
    await writeFile(file, JSON.stringify(conversations.slice(1)));
    await expect(loadTurns(file)).rejects.toThrow(/sharegpt\.json has no conversation that begins with a question/);
    await writeFile(file, '[{"id": 1}]');
    await expect(loadTurns(file)).rejects.toThrow(/does not hold ShareGPT conversations: item 1/);
  });
});

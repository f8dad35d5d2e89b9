import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadQuestions } from '../../src/benchmarks/hotpotqa/questions.ts';
import { normalizeAnswer, scoreAnswer } from '../../src/benchmarks/hotpotqa/score.ts';
import { wikipediaLatency } from '../../src/benchmarks/hotpotqa/wikiServer.ts';

describe('score', () => {
  it('normalizes as the dataset does', () => {
    expect(normalizeAnswer('The  Queen’s College, Oxford.')).toBe('queen’s college oxford');
    expect(normalizeAnswer('An apple a day')).toBe('apple day');
    // Python takes ñ for a letter of the word; JavaScript's own word bounds don't.
    expect(normalizeAnswer('El ñandú, ñan')).toBe('el ñandú ñan');
  });

  it('gives exact match and F1', () => {
    expect(scoreAnswer('the Greater Caucasus', 'Greater Caucasus')).toEqual({ exactMatch: true, f1: 1 });
    expect(scoreAnswer('Caucasus', 'Greater Caucasus').f1).toBeCloseTo(2 / 3, 12);
    expect(scoreAnswer('Copenhagen, Denmark', 'Oslo')).toEqual({ exactMatch: false, f1: 0 });
    expect(scoreAnswer('', 'Oslo').f1).toBe(0);
  });

  it('gives yes and no no partial credit', () => {
    expect(scoreAnswer('no they were not', 'no')).toEqual({ exactMatch: false, f1: 0 });
    expect(scoreAnswer('No.', 'no')).toEqual({ exactMatch: true, f1: 1 });
  });
});

describe('latency of the small encyclopedia', () => {
  it('is that of the real one: 1.2 s in the mean, between 0.6 and 2 s, the same for the same seed', () => {
    const next = wikipediaLatency(3);
    const drawn = Array.from({ length: 2000 }, next);
    expect(drawn.reduce((sum, value) => sum + value, 0) / drawn.length).toBeGreaterThan(1120);
    expect(drawn.reduce((sum, value) => sum + value, 0) / drawn.length).toBeLessThan(1280);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(600);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(2000);
    const again = wikipediaLatency(3);
    expect(drawn.slice(0, 5)).toEqual(Array.from({ length: 5 }, again));
  });
});

describe('questions', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agent-cost-questions-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are bundled, or come from a file of the dataset', async () => {
    expect((await loadQuestions()).questions.length).toBeGreaterThanOrEqual(3);
    const file = join(folder, 'dev.json');
    await writeFile(file, JSON.stringify([{ question: 'Q?', answer: 'A', type: 'bridge' }]));
    expect((await loadQuestions(file)).questions).toEqual([{ question: 'Q?', answer: 'A', type: 'bridge' }]);
  });

  it('say which file is not one of them', async () => {
    const file = join(folder, 'other.json');
    await expect(loadQuestions(file)).rejects.toThrow(/other\.json.*ENOENT/);
    await writeFile(file, '[{"q": 1}]');
    await expect(loadQuestions(file)).rejects.toThrow(/other\.json does not hold HotpotQA questions: item 1/);
  });
});

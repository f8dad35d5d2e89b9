import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inShard, parseShard, poissonArrivals } from '../../src/agents/arrivals.ts';
import { planTasks, type TaskChoice } from '../../src/agents/plannedTasks.ts';
import { now, runClosedLoop, runOpenLoop } from '../../src/agents/runLoad.ts';
import { seededRandom } from '../../src/benchmarks/random.ts';

const choice = (over: Partial<TaskChoice>): TaskChoice => ({ items: 10, count: 10, again: false, warmUp: 0, shard: { index: 1, count: 1 }, done: new Set(), order: null, ...over });

describe('Poisson arrivals', () => {
  it('come at their rate, with gaps that are exponential, and the same for a seed', () => {
    const times = poissonArrivals(4, { count: 4000 }, seededRandom(7));
    expect(times).toEqual(poissonArrivals(4, { count: 4000 }, seededRandom(7)));
    const gaps = times.map((at, index) => at - (times[index - 1] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    // An exponential distribution deviates by its mean. 4000 gaps are within 1/√4000 of it, three times over.
    expect(Math.abs(mean / 250 - 1)).toBeLessThan(0.05);
    expect(Math.abs(deviation / mean - 1)).toBeLessThan(0.1);
    expect(gaps.every((gap) => gap > 0)).toBe(true);
  });

  it('end with the time that they are given', () => {
    const times = poissonArrivals(10, { durationMs: 30_000 }, seededRandom(3));
    expect(times.at(-1)).toBeLessThan(30_000);
    expect(times.length).toBeGreaterThan(240);
    expect(times.length).toBeLessThan(360);
    expect(() => poissonArrivals(0, { count: 1 }, seededRandom(1))).toThrow(RangeError);
  });
});

describe('which tasks are worked on', () => {
  it('are those of the shards, each in one, in any order and however many there are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 99 }), (items, count, shards, seed) => {
        const order = () => (seed === 0 ? null : seededRandom(seed));
        const whole = planTasks(choice({ items, count, order: order() }));
        const parts = Array.from({ length: shards }, (_, index) => planTasks(choice({ items, count, order: order(), shard: { index: index + 1, count: shards } })));
        const numbers = parts.flat().map(({ number }) => number);
        expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: Math.min(items, count) }, (_, index) => index + 1));
        // In a shard, too, they come in the order of the whole.
        for (const part of parts) expect(part).toEqual(whole.filter((task) => part.some(({ number }) => number === task.number)));
        for (const { item, number } of whole) expect(item).toBe(number - 1);
      }),
    );
  });

  it('are not those that are done, and begin with those that warm up, of other items', () => {
    const planned = planTasks(choice({ items: 10, count: 4, warmUp: 2, done: new Set([1, 3]) }));
    expect(planned).toEqual([
      { item: 4, number: 1, warmUp: true },
      { item: 5, number: 2, warmUp: true },
      { item: 1, number: 2, warmUp: false },
      { item: 3, number: 4, warmUp: false },
    ]);
    expect(planTasks(choice({ count: 2, warmUp: 3, done: new Set([1, 2]) }))).toEqual([]);
  });

  it('begin anew after the last where they are to come again', () => {
    expect(planTasks(choice({ items: 2, count: 5, again: true })).map(({ item, number }) => [item, number])).toEqual([[0, 1], [1, 2], [0, 3], [1, 4], [0, 5]]);
    expect(planTasks(choice({ items: 0, count: 5, again: true }))).toEqual([]);
  });

  it('of a shard that is none say so', () => {
    expect(parseShard('2/8')).toEqual({ index: 2, count: 8 });
    for (const wrong of ['', '0/2', '3/2', '1', '1/0', 'a/b']) expect(() => parseShard(wrong)).toThrow('--shard takes which part of how many');
    expect([0, 1, 2, 3].map((item) => inShard(item, { index: 2, count: 2 }))).toEqual([false, true, false, true]);
  });
});

describe('a load', () => {
  const never = new AbortController().signal;

  it('of clients is worked on by so many at once, each task once', async () => {
    let running = 0;
    let most = 0;
    const done: number[] = [];
    await runClosedLoop(
      Array.from({ length: 20 }, (_, index) => index),
      3,
      async (task) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, task % 4));
        running--;
        done.push(task);
      },
      never,
    );
    expect(most).toBe(3);
    expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it('at a rate begins each when it is due or later, whatever became of those before', async () => {
    const begun: { task: string; scheduled: number; at: number }[] = [];
    let release: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => (release = resolve));
    await runOpenLoop(
      [{ task: 'a', at: 5 }, { task: 'b', at: 10 }, { task: 'c', at: 10 }],
      async (task, scheduledAt) => {
        begun.push({ task, scheduled: scheduledAt!, at: now() });
        // The first ends only when the last has begun.
        if (task === 'c') release();
        await blocked;
      },
      never,
    );
    expect(begun.map(({ task }) => task)).toEqual(['a', 'b', 'c']);
    expect(begun[1]!.scheduled - begun[0]!.scheduled).toBeCloseTo(5, 6);
    for (const { scheduled, at } of begun) expect(at).toBeGreaterThan(scheduled - 2);
  });

  it('that is stopped begins no more', async () => {
    const stopped = new AbortController();
    const begun: number[] = [];
    await runClosedLoop([1, 2, 3], 1, async (task) => { begun.push(task); stopped.abort(); }, stopped.signal);
    await runOpenLoop([{ task: 4, at: 0 }, { task: 5, at: 60_000 }], async (task) => { begun.push(task); }, stopped.signal);
    expect(begun).toEqual([1]);
    const later = new AbortController();
    await runOpenLoop([{ task: 6, at: 0 }, { task: 7, at: 60_000 }], async (task) => { begun.push(task); later.abort(); }, later.signal);
    expect(begun).toEqual([1, 6]);
  });
});

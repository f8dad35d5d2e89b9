import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { createCostModel } from '../../src/simulator/engine/costModel.ts';
import { Engine, type EngineOptions } from '../../src/simulator/engine/engine.ts';
import type { EngineRequest, EngineStep, FinishedRequest } from '../../src/simulator/engine/engineStep.ts';
import { BLOCK_TOKENS, KvBlocks } from '../../src/simulator/engine/kvBlocks.ts';

const cost = createCostModel(findGpu('a100-40gb')!, findModel('llama-3.1-8b-instruct')!, 1);

/** Different tokens for each `from`. */
const tokens = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from * 1_000_000 + index);
const request = (id: string, arrival: number, promptTokens: number[], output = 3): EngineRequest => ({ id, arrival, promptTokens, outputTokens: tokens(output, 7777) });

/** Runs requests (in order of arrival) in virtual time until nothing is left. */
function run(requests: EngineRequest[], options: Partial<EngineOptions> = {}) {
  const engine = new Engine({ cost, ...options });
  const steps: EngineStep[] = [];
  const finished = new Map<string, FinishedRequest>();
  let now = 0;
  let next = 0;
  for (;;) {
    while (next < requests.length && requests[next]!.arrival <= now) engine.submit(requests[next++]!);
    const start = engine.nextStart(now);
    if (start === null) {
      if (next === requests.length) break;
      now = requests[next]!.arrival;
      continue;
    }
    const step = engine.step(start);
    if (step === null) throw new Error('the engine is stuck');
    steps.push(step);
    for (const one of step.finished) finished.set(one.id, one);
    now = step.end;
  }
  return { engine, steps, finished };
}

describe('prefix cache', () => {
  const prompt = tokens(1000);
  const changed = (at: number) => prompt.map((token, index) => (index === at ? -1 : token));
  const cachedOf = (second: number[], options: Partial<EngineOptions> = {}) =>
    run([request('first', 0, prompt), request('second', 10_000, second)], options).finished.get('second')!.cachedTokens;

  it('finds 992 tokens of a 1,000-token prompt repeated, 0 when its first token changed, 496 when its 500th did', () => {
    expect(cachedOf(prompt)).toBe(992);
    expect(cachedOf(changed(0))).toBe(0);
    expect(cachedOf(changed(499))).toBe(496);
  });

  it('always leaves the last token to compute', () => {
    const even = tokens(1024);
    const { finished } = run([request('first', 0, even), request('second', 10_000, even)]);
    expect(finished.get('second')!.cachedTokens).toBe(1008);
  });

  it('finds nothing when it is off', () => {
    expect(cachedOf(prompt, { prefixCaching: false })).toBe(0);
  });

  it('keeps the answer too, for the prompt that continues the conversation', () => {
    const first = request('first', 0, tokens(100), 60);
    const next = [...first.promptTokens, ...first.outputTokens, ...tokens(40, 5)];
    const { finished } = run([first, request('second', 10_000, next)]);
    // The last token of an answer is never computed: 159 tokens are, 9 blocks of them full.
    expect(finished.get('second')!.cachedTokens).toBe(144);
  });

  it('is shared by requests that come in the same step', () => {
    const { finished } = run([request('first', 0, prompt), request('second', 0, prompt)]);
    expect(finished.get('first')!.cachedTokens).toBe(0);
    expect(finished.get('second')!.cachedTokens).toBe(992);
  });

  it('evicts what was used longest ago', () => {
    const small = { kvBlocks: 40 };
    const a = tokens(256, 1);
    const b = tokens(256, 2);
    const again = (second: number[]) => [request('a', 0, a), request('b', 1000, b), request('c', 2000, tokens(240, 3)), request('again', 3000, second)];
    expect(run(again(b), small).finished.get('again')!.cachedTokens).toBe(240);
    expect(run(again(a), small).finished.get('again')!.cachedTokens).toBeLessThan(240);
  });

  it('forgets when it is told to', () => {
    const engine = new Engine({ cost });
    engine.submit(request('first', 0, prompt, 1));
    engine.step(0);
    expect(engine.blocks.cachedBlocks).toBeGreaterThan(0);
    engine.blocks.resetPrefixCache();
    expect(engine.blocks.cachedBlocks).toBe(0);
    engine.submit(request('second', 0, prompt, 1));
    expect(engine.step(1000)!.finished[0]!.cachedTokens).toBe(0);
  });

  it('makes a repeated prompt faster to read', () => {
    const { finished } = run([request('first', 0, prompt), request('second', 10_000, prompt)]);
    const prefill = (id: string) => finished.get(id)!.times.firstToken - finished.get(id)!.times.firstScheduled;
    expect(prefill('second')).toBeLessThan(prefill('first') / 5);
  });
});

describe('scheduler', () => {
  it('batches: eight requests together take less than twice the time of one', () => {
    const alone = run([request('alone', 0, tokens(32), 50)]);
    const eight = run(Array.from({ length: 8 }, (_, index) => request(`r${index}`, 0, tokens(32, index), 50)));
    const makespan = (result: typeof alone) => result.steps.at(-1)!.end;
    expect(makespan(eight)).toBeLessThan(2 * makespan(alone));
    expect(makespan(eight)).toBeGreaterThan(makespan(alone));
    expect(Math.max(...eight.steps.map(({ batch }) => batch))).toBe(8);
  });

  it('queues what is over max_num_seqs, first come, first served, and says for how long', () => {
    const { finished, steps } = run([request('a', 0, tokens(100), 10), request('b', 1, tokens(100, 1), 10), request('c', 2, tokens(100, 2), 10)], { maxSequences: 1 });
    const times = (id: string) => finished.get(id)!.times;
    expect(times('a').firstScheduled).toBe(0);
    expect(times('b').firstScheduled).toBe(times('a').lastToken);
    expect(times('c').firstScheduled).toBe(times('b').lastToken);
    expect(times('c').firstScheduled - times('c').arrival).toBeCloseTo(times('b').lastToken - 2, 9);
    expect(steps.every(({ batch }) => batch === 1)).toBe(true);
  });

  it('reads a long prompt in chunks, and lets others decode meanwhile', () => {
    const { steps, finished } = run([request('short', 0, tokens(16), 40), request('long', 30, tokens(5000, 1), 2)], { maxBatchedTokens: 2048 });
    const mixed = steps.filter(({ state }) => state === 'mixed');
    expect(mixed.map(({ tokens: computed }) => computed)).toEqual([2048, 2048, 5000 - 2 * 2047 + 1]);
    expect(mixed.every(({ emitted }) => emitted.some(({ id }) => id === 'short'))).toBe(true);
    expect(finished.get('long')!.times.firstToken).toBe(mixed.at(-1)!.end);
  });

  it('names the states: prefill, then decode', () => {
    const { steps } = run([request('one', 0, tokens(500), 4)]);
    expect(steps.map(({ state }) => state)).toEqual(['prefill', 'decode', 'decode', 'decode']);
    expect(steps.map(({ watts }) => watts)).toEqual([340, 260, 260, 260]);
  });

  it('books most of a mixed step on the request that reads its prompt', () => {
    const { steps } = run([request('short', 0, tokens(16), 40), request('long', 30, tokens(1500, 1), 2)]);
    const mixed = steps.find(({ state }) => state === 'mixed')!;
    const share = (id: string) => mixed.shares.find((one) => one.id === id)!.share;
    expect(share('long')).toBeGreaterThan(0.9);
    expect(share('short')).toBeGreaterThan(0);
    expect(mixed.watts).toBeGreaterThan(330);
    expect(mixed.watts).toBeLessThan(340);
  });

  it('preempts the latest request when blocks run out, and still finishes all', () => {
    const { finished, engine, steps } = run([request('a', 0, tokens(64), 100), request('b', 1, tokens(64, 1), 100)], { kvBlocks: 12 });
    expect(engine.counters.preemptions).toBeGreaterThan(0);
    expect(finished.get('a')!.preemptions).toBe(0);
    expect(finished.get('b')!.preemptions).toBeGreaterThan(0);
    const emitted = steps.flatMap((step) => step.emitted).filter(({ id }) => id === 'b');
    expect(emitted.map(({ index }) => index)).toEqual(tokens(100));
  });

  it('frees everything of an aborted request, waiting or running', () => {
    const engine = new Engine({ cost, maxSequences: 1 });
    engine.submit(request('running', 0, tokens(100), 50));
    engine.submit(request('waiting', 0, tokens(100, 1), 50));
    const step = engine.step(0)!;
    expect([engine.running, engine.waiting]).toEqual([1, 1]);
    expect(engine.abort('waiting')).toBe(true);
    expect(engine.abort('running')).toBe(true);
    expect(engine.abort('running')).toBe(false);
    expect([engine.running, engine.waiting, engine.blocks.used]).toEqual([0, 0, 0]);
    expect(engine.nextStart(step.end)).toBeNull();
  });

  it('refuses what could never run', () => {
    const engine = new Engine({ cost, kvBlocks: 4 });
    expect(() => engine.submit(request('large', 0, tokens(62), 3))).toThrow(/does not fit into a KV cache of 64/);
    expect(() => engine.submit(request('empty', 0, []))).toThrow(RangeError);
    expect(() => engine.submit({ ...request('silent', 0, tokens(3)), outputTokens: [] })).toThrow(RangeError);
  });
});

describe("vLLM's scheduler of 0.6", () => {
  const v0 = { scheduler: 'v0' as const };

  it('stops those that write while a prompt is read, whole', () => {
    const { steps, finished } = run([request('short', 0, tokens(16), 40), request('long', 30, tokens(5000, 1), 2)], { ...v0, maxBatchedTokens: 8192 });
    expect(steps.map(({ state }) => state)).not.toContain('mixed');
    const reading = steps.filter(({ state }) => state === 'prefill');
    expect(reading.map(({ tokens: computed, emitted }) => [computed, emitted.map(({ id }) => id)])).toEqual([[16, ['short']], [5000, ['long']]]);
    // What V1 spreads over steps in which both get on.
    expect(finished.get('short')!.times.lastToken).toBeGreaterThan(reading[1]!.end);
  });

  it('reads as many prompts at once as its budget takes', () => {
    const { steps } = run([request('a', 0, tokens(900)), request('b', 0, tokens(900, 1)), request('c', 0, tokens(900, 2))], { ...v0, maxBatchedTokens: 2048 });
    expect(steps.slice(0, 3).map(({ state, batch }) => [state, batch])).toEqual([['prefill', 2], ['prefill', 1], ['decode', 3]]);
  });

  it('finds a prompt in the prefix cache once its step is over, and not in the same', () => {
    const prompt = tokens(1000);
    const cached = (second: number) => run([request('first', 0, prompt), request('second', second, prompt)], v0).finished.get('second')!.cachedTokens;
    expect([cached(0), cached(10_000)]).toEqual([0, 992]);
  });

  it('leaves those that run some room to grow', () => {
    // 200 blocks, of which the first leaves 100; the second asks for 99, which leaves less than a hundredth.
    const both = [request('a', 0, tokens(1600), 10), request('b', 1, tokens(1580, 1), 2)];
    const begins = (options: Partial<EngineOptions>) => {
      const { finished } = run(both, { ...options, kvBlocks: 200 });
      return finished.get('b')!.times.firstScheduled >= finished.get('a')!.times.lastToken;
    };
    expect([begins(v0), begins({})]).toEqual([true, false]);
  });

  it('lets nobody in for whom not all blocks are free, also those that it would share with one that runs', () => {
    const prompt = tokens(800);
    const begins = (options: Partial<EngineOptions>) => run([request('first', 0, prompt, 100), request('second', 500, prompt)], { kvBlocks: 100, ...options }).finished;
    const [inV0, inV1] = [begins(v0), begins({})];
    expect(inV0.get('second')!.times.firstScheduled).toBeGreaterThanOrEqual(inV0.get('first')!.times.lastToken);
    expect(inV1.get('second')!.times.firstScheduled).toBeLessThan(inV1.get('first')!.times.lastToken);
    expect(inV0.get('second')!.cachedTokens).toBe(784);
  });

  it('preempts the latest request when blocks run out, and still finishes all', () => {
    const { finished, engine } = run([request('a', 0, tokens(64), 100), request('b', 1, tokens(64, 1), 100)], { ...v0, kvBlocks: 12 });
    expect(engine.counters.preemptions).toBeGreaterThan(0);
    expect([finished.get('a')!.preemptions, finished.get('b')!.outputTokens]).toEqual([0, 100]);
  });
});

describe('priorities', () => {
  const byPriority = { schedulingPolicy: 'priority' as const };
  const ranked = (id: string, arrival: number, priority: number, promptTokens: number[], output = 3) => ({ ...request(id, arrival, promptTokens, output), priority });

  it('lets the lowest in first, among equals the first that came, and stops nobody for it', () => {
    const { finished } = run(
      [ranked('running', 0, 9, tokens(100), 20), ranked('later', 1, 5, tokens(100, 1)), ranked('first', 2, -1, tokens(100, 2)), ranked('earlier', 0.5, 5, tokens(100, 3)), request('unsaid', 3, tokens(100, 4))],
      { ...byPriority, maxSequences: 1 },
    );
    const order = [...finished.values()].sort((a, b) => a.times.firstScheduled - b.times.firstScheduled).map(({ id }) => id);
    expect(order).toEqual(['running', 'first', 'unsaid', 'earlier', 'later']);
    expect([...finished.values()].every(({ preemptions }) => preemptions === 0)).toBe(true);
  });

  it('is not held up by one that has not come yet', () => {
    const engine = new Engine({ cost, ...byPriority });
    engine.submit(ranked('urgent, in a minute', 60_000, -5, tokens(50)));
    engine.submit(ranked('here', 0, 5, tokens(50, 1), 1));
    expect(engine.nextStart(0)).toBe(0);
    expect(engine.step(0)!.finished.map(({ id }) => id)).toEqual(['here']);
    expect(engine.nextStart(10)).toBe(60_000);
  });

  it('preempts the lowest priority rather than the latest', () => {
    const both = [ranked('low', 0, 1, tokens(64), 100), ranked('high', 1, 0, tokens(64, 1), 100)];
    const preempted = (options: Partial<EngineOptions>) => [...run(both, { ...options, kvBlocks: 12 }).finished.values()].filter(({ preemptions }) => preemptions > 0).map(({ id }) => id);
    expect([preempted(byPriority), preempted({})]).toEqual([['low'], ['high']]);
  });

  it('gives up what was planned for the one that is preempted, and has it computed later', () => {
    // In one step the first fills its fourth block and the second needs its fifth, of eight.
    const { steps, engine } = run([ranked('low', 0, 1, tokens(62), 20), ranked('high', 0, 0, tokens(63, 1), 20)], { ...byPriority, kvBlocks: 8 });
    expect(engine.counters.preemptions).toBeGreaterThan(0);
    const emitted = (wanted: string) => steps.flatMap((step) => step.emitted).filter(({ id }) => id === wanted);
    for (const id of ['low', 'high']) expect(emitted(id).map(({ index }) => index)).toEqual(tokens(20));
    const third = steps[2]!;
    expect([third.batch, third.tokens, third.shares.map(({ id }) => id)]).toEqual([1, 1, ['high']]);
  });

  it('is not to be had of V0', () => {
    expect(() => new Engine({ cost, ...byPriority, scheduler: 'v0' })).toThrow(/V0 is simulated without priorities/);
  });
});

describe.each([
  ['v1', 'fcfs'],
  ['v1', 'priority'],
  ['v0', 'fcfs'],
] as const)('whatever comes in, with scheduler %s, %s', (scheduler, schedulingPolicy) => {
  const load = fc.record({
    kvBlocks: fc.integer({ min: 12, max: 60 }),
    maxSequences: fc.integer({ min: 1, max: 6 }),
    maxBatchedTokens: fc.integer({ min: 8, max: 128 }),
    prefixCaching: fc.boolean(),
    requests: fc.array(fc.record({ gap: fc.integer({ min: 0, max: 60 }), priority: fc.integer({ min: -2, max: 2 }), shared: fc.integer({ min: 0, max: 80 }), own: fc.integer({ min: 1, max: 60 }), output: fc.integer({ min: 1, max: 40 }) }), { minLength: 1, maxLength: 12 }),
  });
  const toRequests = (list: { gap: number; priority: number; shared: number; own: number; output: number }[]) => {
    let arrival = 0;
    return list.map(({ gap, priority, shared, own, output }, index) => {
      arrival += gap;
      return { id: `r${index}`, arrival, priority, promptTokens: [...tokens(shared), ...tokens(own, index + 1)], outputTokens: tokens(output, 100 + index) };
    });
  };

  it('loses no request, no token and no block, keeps its limits, and shares sum to 1', () => {
    fc.assert(
      fc.property(load, ({ requests: list, ...options }) => {
        const requests = toRequests(list);
        const { engine, steps, finished } = run(requests, { ...options, scheduler, schedulingPolicy });
        expect(finished.size).toBe(requests.length);
        expect(engine.blocks.used).toBe(0);
        expect([engine.running, engine.waiting]).toEqual([0, 0]);
        // One assertion for all steps: thousands of them are slow.
        const problems: string[] = [];
        const check = (holds: boolean, problem: string) => holds || problems.push(problem);
        let end = 0;
        const emitted = new Map<string, number>();
        for (const step of steps) {
          check(step.start >= end && step.end > step.start, `a step from ${step.start} to ${step.end} after one that ended at ${end}`);
          end = step.end;
          check(Math.abs(step.shares.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9, 'shares that do not sum to 1');
          check(
            step.shares.every(({ share }) => share > 0),
            'a share of nothing',
          );
          check(step.batch <= options.maxSequences, `a batch of ${step.batch}`);
          if (scheduler === 'v1') check(step.tokens <= options.maxBatchedTokens, `${step.tokens} tokens in a step`);
          // A prompt over the budget is read alone.
          else check(step.state !== 'mixed' && (step.state === 'decode' || step.batch === 1 || step.tokens <= options.maxBatchedTokens), `${step.tokens} tokens in a step of ${step.batch} (${step.state})`);
          check(step.kvTokens <= options.kvBlocks * BLOCK_TOKENS, `${step.kvTokens} tokens in the KV cache`);
          for (const { id, index } of step.emitted) {
            check(index === (emitted.get(id) ?? 0), `token ${index} of ${id} out of order`);
            emitted.set(id, index + 1);
          }
        }
        expect(problems).toEqual([]);
        for (const { id, arrival, promptTokens, outputTokens } of requests) {
          const { times, cachedTokens } = finished.get(id)!;
          expect(emitted.get(id)).toBe(outputTokens.length);
          expect(times.arrival).toBe(arrival);
          expect(times.firstScheduled).toBeGreaterThanOrEqual(arrival);
          expect(times.firstToken).toBeGreaterThan(times.firstScheduled);
          expect(times.lastToken).toBeGreaterThanOrEqual(times.firstToken);
          expect(cachedTokens % BLOCK_TOKENS).toBe(0);
          expect(cachedTokens).toBeLessThan(promptTokens.length);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('does the same again', () => {
    fc.assert(
      fc.property(load, ({ requests, ...options }) => {
        const again = { ...options, scheduler, schedulingPolicy };
        expect(run(toRequests(requests), again).steps).toEqual(run(toRequests(requests), again).steps);
      }),
      { numRuns: 50 },
    );
  });

  it('conserves blocks under any use of the pool', () => {
    const actions = fc.array(fc.oneof(fc.record({ take: fc.integer({ min: 0, max: 9 }) }), fc.record({ give: fc.nat() }), fc.record({ share: fc.nat() })), { maxLength: 60 });
    fc.assert(
      fc.property(actions, (list) => {
        const pool = new KvBlocks(16);
        const held: number[][] = [];
        let hash = 1;
        for (const action of list) {
          if ('take' in action && action.take <= pool.free) {
            const blocks = pool.allocate(action.take);
            for (const block of blocks) pool.cache(block, hash++);
            held.push(blocks);
          } else if ('give' in action && held.length > 0) pool.release(held.splice(action.give % held.length, 1)[0]!);
          else if ('share' in action && held.length > 0) {
            const blocks = held[action.share % held.length]!;
            pool.hold(blocks);
            held.push(blocks);
          }
          expect(pool.used + pool.free).toBe(16);
          expect(pool.used).toBe(new Set(held.flat()).size);
        }
        for (const block of new Set(held.flat())) expect(pool.references(block)).toBe(held.flat().filter((one) => one === block).length);
      }),
    );
  });
});

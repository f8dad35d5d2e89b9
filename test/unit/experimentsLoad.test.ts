import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOTPOTQA } from '../../src/experiments/behaviour/shipped.ts';
import { latencyShares, type RequestOutcome } from '../../src/experiments/outcome.ts';
import { ends, RequestBuilder, type AgentRequest } from '../../src/experiments/requests/request.ts';
import { runLoad, type LoadOptions } from '../../src/experiments/runLoad.ts';
import { startServer } from '../../src/experiments/servers.ts';
import { estimate, medianOf, percentileOf } from '../../src/experiments/statistics.ts';
import { TimeLine } from '../../src/experiments/timeLine.ts';
import { AGENTS, requestsOf } from '../../src/experiments/workload.ts';

const tokens = (count: number, from: number) => Array.from({ length: count }, (_, index) => from * 100_000 + index);

/** A plan of 40 tokens, of which a tool waits for the 10th, and a call that waits for both. */
function planned(toolMs: number): AgentRequest {
  const builder = new RequestBuilder();
  const plan = builder.call('plan', [], () => tokens(100, 1), tokens(40, 2));
  const tool = builder.tool([{ part: plan, tokens: 10 }], toolMs);
  builder.call('join', ends([plan, tool]), () => tokens(120, 3), tokens(5, 4));
  return { parts: builder.parts, solved: true };
}

function run(options: Partial<LoadOptions> & Pick<LoadOptions, 'next'>) {
  const { engine, idleWatts } = startServer('8B');
  return runLoad(engine, { load: { clients: 1 }, requests: 1, idleWatts, ...options });
}

describe('a load', () => {
  it('begins a tool when the tokens are there that it waits for, and a call when all is there', () => {
    const { requests, server } = run({ next: () => planned(5000) });
    const { calls, tools, end, arrival } = requests[0]!;
    const [plan, join] = calls;
    const decodeMs = (plan!.times.lastToken - plan!.times.firstToken) / 39;
    expect(tools[0]!.from).toBeCloseTo(plan!.times.firstToken + 9 * decodeMs, 0);
    expect(join!.times.arrival).toBe(tools[0]!.to);
    expect(end).toBe(join!.times.lastToken);
    const { llmMs, toolMs, overlapMs } = latencyShares(requests[0]!);
    expect(overlapMs).toBeCloseTo(plan!.times.lastToken - tools[0]!.from, 6);
    expect(llmMs + toolMs - overlapMs).toBeCloseTo(end - arrival, 6);
    expect(server.gpuMs.idle).toBeCloseTo(tools[0]!.to - plan!.times.lastToken, 6);
  });

  it('waits for the plan where the tool is done sooner', () => {
    const { calls } = run({ next: () => planned(1) }).requests[0]!;
    expect(calls[1]!.times.arrival).toBe(calls[0]!.times.lastToken);
  });

  it('lets the GPU wait while a call is on its way to the engine, and counts that as the call’s time', () => {
    const chat = (): AgentRequest => {
      const builder = new RequestBuilder();
      builder.call('answer', [], () => tokens(100, 1), tokens(5, 2));
      return { parts: builder.parts, solved: null };
    };
    const [far, near] = [run({ next: chat, requestMs: 20 }), run({ next: chat })];
    const [call] = far.requests[0]!.calls;
    expect(call!.sent).toBe(0);
    expect(call!.times.arrival).toBe(20);
    expect(far.server.gpuMs.idle).toBe(20);
    expect(near.server.gpuMs.idle).toBe(0);
    expect(latencyShares(far.requests[0]!).llmMs).toBeCloseTo(latencyShares(near.requests[0]!).llmMs + 20, 9);
  });

  it('of one client has one request after another; of more as many at once as there are clients', () => {
    const next = () => planned(1000);
    const one = run({ next, requests: 4 }).requests;
    one.slice(1).forEach(({ arrival }, index) => expect(arrival).toBe(one[index]!.end));
    const three = run({ next, requests: 9, load: { clients: 3 } }).requests;
    const atOnce = three.map(({ arrival }) => three.filter((other) => other.arrival <= arrival && arrival < other.end).length);
    expect(Math.max(...atOnce)).toBe(3);
    expect(three).toHaveLength(9);
  });

  it('at a rate comes at that rate, however long answers take', () => {
    const { requests } = run({ next: () => planned(20_000), requests: 400, load: { perSecond: 2, seed: 5 } });
    const spanSeconds = (requests.at(-1)!.arrival - requests[0]!.arrival) / 1000;
    expect(399 / spanSeconds).toBeGreaterThan(1.75);
    expect(399 / spanSeconds).toBeLessThan(2.25);
    // Exponential gaps: their deviation is as large as their mean.
    const gaps = requests.slice(1).map(({ arrival }, index) => arrival - requests[index]!.arrival);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(deviation / mean).toBeGreaterThan(0.85);
    expect(deviation / mean).toBeLessThan(1.15);
  });

  it('does not measure what warms up', () => {
    let made = 0;
    const next = () => {
      made += 1;
      return planned(made <= 2 ? 60_000 : 10);
    };
    const { requests, server } = run({ next, requests: 3, warmUp: 2 });
    expect(made).toBe(5);
    expect(requests).toHaveLength(3);
    expect(server.wallMs).toBeCloseTo(requests.at(-1)!.end - requests[0]!.arrival, 6);
    expect(server.gpuMs.idle).toBeLessThan(100);
  });

  it('knows no energy where idle power is not known and the GPU idled', () => {
    expect(run({ next: () => planned(5000), idleWatts: null }).server.joules).toBeNull();
    expect(run({ next: () => planned(1), idleWatts: null }).server.joules).toBeGreaterThan(0);
  });

  it('refuses what cannot be run', () => {
    expect(() => run({ next: () => ({ parts: [], solved: null }) })).toThrow(/at least one part/);
    expect(() => run({ next: () => ({ parts: [{ kind: 'tool', after: [{ part: 0 }], ms: 1 }], solved: null }) })).toThrow(/part 0 waits for part 0/);
    expect(() => run({ next: () => planned(1), requests: 0 })).toThrow(/at least one request/);
    expect(() => run({ next: () => planned(1), load: { clients: 0 } })).toThrow(/a client or a rate/);
    expect(() => run({ next: () => planned(1), load: { perSecond: 0, seed: 1 } })).toThrow(/a client or a rate/);
  });

  it('answers every call of every agent once, accounts for every millisecond, and does the same again', () => {
    fc.assert(
      fc.property(fc.constantFrom(...AGENTS), fc.integer({ min: 1, max: 1000 }), fc.constantFrom({ clients: 1 }, { clients: 4 }, { perSecond: 0.7, seed: 3 }), fc.boolean(), (agent, seed, load, prefixCaching) => {
        const once = () => {
          const made: AgentRequest[] = [];
          const make = requestsOf({ agent, behaviour: HOTPOTQA }, '8B', seed);
          const { engine, idleWatts } = startServer('8B', prefixCaching);
          const outcome = runLoad(engine, {
            load,
            requests: 4,
            idleWatts,
            next: () => {
              made.push(make());
              return made.at(-1)!;
            },
          });
          return { made, outcome };
        };
        const { made, outcome } = once();
        const roles = (request: RequestOutcome) => request.calls.map(({ role, outputTokens }) => `${role} ${outputTokens}`).toSorted();
        expect(outcome.requests.map(roles)).toEqual(made.map(({ parts }) => parts.flatMap((part) => (part.kind === 'call' ? [`${part.role} ${part.output.length}`] : [])).toSorted()));
        const { prefill, decode, mixed, idle } = outcome.server.gpuMs;
        expect(prefill + decode + mixed + idle).toBeCloseTo(outcome.server.wallMs, 6);
        for (const request of outcome.requests) {
          const { llmMs, toolMs, overlapMs } = latencyShares(request);
          // Nothing else takes time, but that calls of one moment leave a millisecond apart, which is at most what a batch of them does.
          expect(request.end - request.arrival - (llmMs + toolMs - overlapMs)).toBeGreaterThan(-1e-6);
          expect(request.end - request.arrival - (llmMs + toolMs - overlapMs)).toBeLessThan(1e-6);
        }
        expect(once().outcome).toEqual(outcome);
      }),
      { numRuns: 12 },
    );
  });
});

describe('a time line', () => {
  it('gives what is due in order of time, and of one time in the order that it came', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 })), (times) => {
        const line = new TimeLine<number>();
        times.forEach((at, index) => line.add(at, index));
        const taken: { at: number; item: number }[] = [];
        for (let due = line.take(); due !== undefined; due = line.take()) taken.push({ at: due.at, item: due.item });
        const expected = times.map((at, item) => ({ at, item })).toSorted((a, b) => a.at - b.at || a.item - b.item);
        expect(taken).toEqual(expected);
        expect(line.next).toBeNull();
      }),
    );
  });
});

describe('means of repeats', () => {
  it('have the margin of Student’s t', () => {
    // Mean 2, deviation 1, of three: t of 2 degrees is 4.303.
    const { mean, margin } = estimate([1, 2, 3])!;
    expect(mean).toBe(2);
    expect(margin).toBeCloseTo(4.303 / Math.sqrt(3), 9);
    expect(estimate([5])).toEqual({ mean: 5, margin: null });
    expect(estimate([5, null])).toBeNull();
    expect(() => estimate([])).toThrow(RangeError);
  });

  it('and percentiles lie between ranks', () => {
    expect(percentileOf([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(medianOf([3, 1, 2])).toBe(2);
    expect(() => percentileOf([], 0.5)).toThrow(RangeError);
  });
});

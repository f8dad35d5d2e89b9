import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { createCostModel } from '../../src/simulator/engine/costModel.ts';
import { Engine } from '../../src/simulator/engine/engine.ts';
import { runSessions, streamSessions, type Session, type SessionResult, type Turn } from '../../src/simulator/virtualTime.ts';

const gpu = findGpu('a100-40gb')!;
const cost = createCostModel(gpu, findModel('llama-3.1-8b-instruct')!, 1);
const idleWatts = gpu.idleWatts!.value;
const tokens = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from * 100_000 + index);
const turn = (pauseMs: number, prompts: number[], output = 4): Turn => ({ pauseMs, calls: prompts.map((prompt) => ({ promptTokens: tokens(50, prompt), outputTokens: tokens(output, 99) })) });

describe('sessions in virtual time', () => {
  it('asks each turn when the one before is answered and the pause is over, all of its calls', () => {
    const { sessions } = runSessions(new Engine({ cost }), [{ arrival: 500, turns: [turn(0, [1]), turn(1000, [2, 3])] }], idleWatts);
    const [first, ...others] = sessions[0]!.calls;
    expect(first!.times.arrival).toBe(500);
    expect(others.map(({ times }) => times.arrival)).toEqual([first!.times.lastToken + 1000, first!.times.lastToken + 1000]);
    expect(sessions[0]!.end).toBe(Math.max(...others.map(({ times }) => times.lastToken)));
  });

  it('sends the calls of a turn one after the other, if told to, so that the first fills the cache for the rest', () => {
    const calls = Array.from({ length: 3 }, () => ({ promptTokens: tokens(160), outputTokens: tokens(3, 99) }));
    const cached = (staggerMs: number) => runSessions(new Engine({ cost, scheduler: 'v0' }), [{ arrival: 0, turns: [{ pauseMs: 0, staggerMs, calls }] }], idleWatts).sessions[0]!.calls.map(({ cachedTokens }) => cachedTokens);
    expect(cached(0)).toEqual([0, 0, 0]);
    expect(cached(1).toSorted((a, b) => a - b)).toEqual([0, 144, 144]);
  });

  it('takes sessions one by one as they arrive, and hands out each when it ends', () => {
    const sessions = Array.from({ length: 40 }, (_, index): Session => ({ arrival: index * 200, turns: [turn(0, [index]), turn(index === 0 ? 3000 : 0, [index + 50])] }));
    let taken = 0;
    const held: number[] = [];
    const ended = new Map<number, SessionResult>();
    const totals = streamSessions(
      new Engine({ cost }),
      (function* () {
        for (const session of sessions) {
          taken += 1;
          yield session;
        }
      })(),
      idleWatts,
      (result, number) => {
        ended.set(number, result);
        held.push(taken - ended.size);
      },
    );
    const { sessions: results, ...same } = runSessions(new Engine({ cost }), sessions, idleWatts);
    expect(sessions.map((_, number) => ended.get(number))).toEqual(results);
    expect(totals).toEqual(same);
    expect([...ended.keys()].indexOf(0)).toBeGreaterThan(10);
    expect(Math.max(...held)).toBeLessThan(6);
  });

  it('refuses a session that comes after a later one', () => {
    expect(() => streamSessions(new Engine({ cost }), [{ arrival: 5, turns: [turn(0, [1])] }, { arrival: 4, turns: [turn(0, [2])] }], null, () => undefined)).toThrow(/arrives at 4 ms comes after one that arrives at 5 ms/);
  });

  it('counts idle power in pauses, and knows no mean where it is not known', () => {
    const sessions: Session[] = [{ arrival: 0, turns: [turn(0, [1]), turn(5000, [2])] }];
    const { gpuMs, wallMs, meanWatts } = runSessions(new Engine({ cost }), sessions, idleWatts);
    expect(gpuMs.idle).toBeCloseTo(5000, 6);
    expect(meanWatts! * wallMs).toBeCloseTo(idleWatts * gpuMs.idle + gpu.prefillWatts!.value * gpuMs.prefill + gpu.decodeWatts!.value * gpuMs.decode, 3);
    expect(runSessions(new Engine({ cost }), sessions, null).meanWatts).toBeNull();
    expect(runSessions(new Engine({ cost }), [{ arrival: 0, turns: [turn(0, [1])] }], null).meanWatts).toBeGreaterThan(0);
  });

  it('refuses sessions with nothing in them, and calls that never fit', () => {
    expect(() => runSessions(new Engine({ cost }), [{ arrival: 0, turns: [] }], null)).toThrow(/at least one turn/);
    expect(() => runSessions(new Engine({ cost }), [{ arrival: 0, turns: [{ pauseMs: 0, calls: [] }] }], null)).toThrow(/at least one call/);
    expect(() => runSessions(new Engine({ cost, kvBlocks: 2 }), [{ arrival: 0, turns: [turn(0, [1])] }], null)).toThrow(/does not fit/);
  });

  it('answers every call, accounts for every millisecond and joule, and does the same again, whatever the sessions are', () => {
    const aTurn = fc.record({ pauseMs: fc.integer({ min: 0, max: 300 }), staggerMs: fc.integer({ min: 0, max: 20 }), calls: fc.array(fc.record({ shared: fc.integer({ min: 0, max: 60 }), own: fc.integer({ min: 1, max: 40 }), output: fc.integer({ min: 1, max: 12 }) }), { minLength: 1, maxLength: 4 }) });
    const load = fc.record({ scheduler: fc.constantFrom('v0' as const, 'v1' as const), kvBlocks: fc.integer({ min: 10, max: 40 }), maxSequences: fc.integer({ min: 1, max: 5 }), sessions: fc.array(fc.record({ arrival: fc.integer({ min: 0, max: 500 }), turns: fc.array(aTurn, { minLength: 1, maxLength: 4 }) }), { minLength: 1, maxLength: 5 }) });
    fc.assert(
      fc.property(load, ({ sessions: drawn, ...options }) => {
        let unused = 1;
        const sessions = drawn.map(({ arrival, turns }): Session => ({ arrival, turns: turns.map(({ calls, ...rest }) => ({ ...rest, calls: calls.map(({ shared, own, output }) => ({ promptTokens: [...tokens(shared), ...tokens(own, unused++)], outputTokens: tokens(output, 99) })) })) }));
        const run = runSessions(new Engine({ cost, ...options }), sessions, idleWatts);
        expect(run.sessions.map(({ calls }) => calls.length)).toEqual(sessions.map(({ turns }) => turns.reduce((sum, { calls }) => sum + calls.length, 0)));
        const { prefill, decode, mixed, idle } = run.gpuMs;
        expect(prefill + decode + mixed + idle).toBeCloseTo(run.wallMs, 6);
        expect(run.wallMs).toBeCloseTo(Math.max(...run.sessions.map(({ end }) => end)) - Math.min(...sessions.map(({ arrival }) => arrival)), 6);
        expect(run.meanWatts).toBeGreaterThanOrEqual(idleWatts);
        expect(run.meanWatts).toBeLessThanOrEqual(gpu.prefillWatts!.value);
        expect(runSessions(new Engine({ cost, ...options }), sessions, idleWatts)).toEqual(run);
      }),
      { numRuns: 60 },
    );
  });
});

import { describe, expect, it } from 'vitest';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { createCostModel } from '../../src/simulator/engine/costModel.ts';
import { RealTimeEngine } from '../../src/simulator/realTimeEngine.ts';

describe('handing out against the clock', () => {
  it('begins before tokens are due where it takes long, by little, and ends no answer before its time', async () => {
    const engine = new RealTimeEngine({ cost: createCostModel(findGpu('h100')!, findModel('llama-3.1-8b-instruct')!, 1) });
    /** How long before it was due each token came, and each end. */
    const early: number[] = [];
    const endedEarly: number[] = [];
    const slow = 1;
    const ask = (id: string) =>
      new Promise<void>((resolve) => {
        engine.submit({ id, promptTokens: [1, 2, 3], outputTokens: Array.from({ length: 8 }, (_, index) => index) }, id, {
          onPlanned: () => undefined,
          onToken(_index, at) {
            early.push(at - engine.now());
            for (const until = engine.now() + slow; engine.now() < until; );
          },
          onFinish({ times }) {
            endedEarly.push(times.lastToken - engine.now());
            resolve();
          },
        });
      });
    // A machine with other work to do may be late for all of some steps.
    for (let round = 0; round < 50 && !early.some((ms) => ms > 0); round++) await Promise.all([0, 1, 2, 3].map((stream) => ask(`${round}-${stream}`)));
    engine.close();
    expect(Math.max(...early)).toBeGreaterThan(0);
    expect(Math.max(...early)).toBeLessThanOrEqual(1.5);
    expect(Math.max(...endedEarly)).toBeLessThanOrEqual(0);
  });
});

/** A few cases of the suite with a fixed seed, as part of `npm test`. */
import { describe, expect, it } from 'vitest';
import { cases } from './cases/list.ts';
import { play } from './play.ts';

const SEED = 8;
const NAMES = ['profiler-kill', 'profiler-term', 'upstream-kill', 'host-kill'];
/** On a machine where eight processes want two processors, the recorder's thread may have to wait for its turn. */
const LOSS_MS = 3000;

describe('agents’ answers and the recording are as promised after', () => {
  it.each(cases.filter(({ name }) => NAMES.includes(name)))('$name', async (one) => {
    const played = await play(one, { seed: SEED, rounds: 1, python: '', options: { lossMs: LOSS_MS, full: false, languages: ['Node'] } });
    expect(played).toMatchObject({ missing: null, problems: [], passed: 1 });
    expect(played.calls).toBeGreaterThanOrEqual(24);
  }, 180_000);
});

/** What the program's own code waits for between its calls. */
import { describe, expect, it } from 'vitest';
import { hookedSuite, bareEnvironment, lineOf, runProgram, spansOf } from './harness.ts';
import { NODE_MAJORS } from './nodes.ts';

const suite = hookedSuite();
const { runs, nodes } = suite;

describe.each(NODE_MAJORS)('Node %i', (major) => {
  it('sees sleeps, files and threads, and what is no wait it leaves out', async () => {
    const node = nodes.get(major) ?? '';
    const bare = await runProgram(node, ['waits.mjs'], { ...bareEnvironment(), OPENAI_BASE_URL: `${suite.server.url}/TOKEN/v1` });
    const environment = runs.environment(`${suite.server.url}/TOKEN`);
    const hooked = await runProgram(node, ['waits.mjs'], environment);
    expect(bare.code, bare.stderr).toBe(0);
    expect(hooked).toEqual(bare);
    const spans = spansOf(runs.events(environment));
    const waits = spans.filter(({ source }) => source === 'wait');
    const at = (name: string) => waits.filter(({ frames }) => frames.some(({ line }) => line === lineOf('waits.mjs', name)));
    for (const [name, activity] of [['slept', 'sleep'], ['nap', 'sleep'], ['inPlace', 'sleep'], ['pause', 'sleep'], ['promisified', 'sleep'], ['stand', 'sleep']] as const) {
      expect(at(name).map((span) => span.activity), name).toEqual([activity]);
      for (const span of at(name)) expect((span.ended?.t ?? 0) - span.t, name).toBeGreaterThanOrEqual(19);
    }
    for (const span of at('read')) expect(span.activity).toBe('file');
    expect(at('read').length).toBeGreaterThan(0);
    expect(at('slept')[0]?.frames.map((frame) => [frame.function, frame.line])).toEqual([
      ['sleep', lineOf('waits.mjs', 'sleep')],
      [null, lineOf('waits.mjs', 'slept')],
    ]);
    expect(waits.filter(({ name }) => name === 'stopEarly')).toEqual([]);
    expect(waits.filter(({ name }) => name === 'raceAgainstTime')).toEqual([]);
    const functions = new Map(spans.filter(({ source }) => source === 'function').map((span) => [span.id, span.name]));
    for (const span of waits) {
      expect(span).toMatchObject({ kind: 'other', evidence: 'measured', ended: { status: 'ok' } });
      // In the function that waited, where that has a probe.
      if (span.parent !== null) expect(span.frames.map((frame) => frame.function)).toContain(functions.get(span.parent));
    }
    expect(at('slept').map(({ parent }) => parent)).toEqual([null]);
    expect(at('inPlace').map(({ parent }) => functions.get(parent ?? ''))).toEqual(['waitInPlace']);
  });
});

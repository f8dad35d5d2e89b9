/** After which model call the program's functions ran, where several conversations go on at once. */
import { beforeEach, describe, expect, it } from 'vitest';
import { bareEnvironment, comparable, hookedSuite, programs, runProgram, spansOf } from './harness.ts';
import { NODE_MAJORS } from './nodes.ts';

const suite = hookedSuite();
beforeEach(() => void (suite.server.seen.length = 0));

describe.each(NODE_MAJORS)('Node %i', (major) => {
  it('names the call that came before in the same conversation', async () => {
    const node = suite.nodes.get(major) ?? '';
    const bare = await runProgram(node, ['conversations.mjs'], { ...bareEnvironment(), OPENAI_BASE_URL: `${suite.server.url}/TOKEN/v1` }, programs);
    suite.server.seen.length = 0;
    const environment = suite.runs.environment(`${suite.server.url}/TOKEN`);
    const hooked = await runProgram(node, ['conversations.mjs'], environment, programs);
    expect(comparable(hooked)).toEqual(comparable(bare));

    const promptOf = new Map(suite.server.calls.map(({ tag, prompt }) => [tag?.id, prompt]));
    const searches = spansOf(suite.runs.events(environment)).filter(({ source, name }) => source === 'function' && name === 'search');
    const count = (prompt: string): number => searches.filter(({ after }) => after !== undefined && promptOf.get(after) === prompt).length;
    for (const n of [0, 1, 2]) {
      for (const way of ['sdk', 'streamed', 'fetched']) expect(count(`${way} ${n}`), `${way} ${n}`).toBe(3);
      expect(count(`direct ${n}`), `direct ${n}`).toBe(2);
    }
    // Of two calls that are waited for at once, the one that was made later.
    expect([count('left'), count('right')]).toEqual([0, 1]);
    expect(searches.length).toBe(3 * 9 + 6 + 1);
  });
});

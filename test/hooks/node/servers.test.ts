/** Requests that a program answers: what it does for each is inside of that one. */
import { describe, expect, it } from 'vitest';
import { bareEnvironment, hookedSuite, runProgram, spansOf } from './harness.ts';
import { NODE_MAJORS } from './nodes.ts';

const suite = hookedSuite();
const { runs, nodes } = suite;

describe.each(NODE_MAJORS)('Node %i', (major) => {
  it('has the calls of each request that is answered inside of it, and says nothing of others', async () => {
    const node = nodes.get(major) ?? '';
    const bare = await runProgram(node, ['servers.mjs'], { ...bareEnvironment(), OPENAI_BASE_URL: `${suite.server.url}/TOKEN/v1` });
    const before = suite.server.calls.length;
    const environment = runs.environment(`${suite.server.url}/TOKEN`);
    const hooked = await runProgram(node, ['servers.mjs'], environment);
    expect(bare.code, bare.stderr).toBe(0);
    expect(hooked).toEqual(bare);
    const spans = spansOf(runs.events(environment));
    const served = spans.filter(({ kind }) => kind === 'agent');
    expect(served.map(({ name }) => name).sort()).toEqual(['POST /ask', 'POST /ask/', 'POST /ask/', 'POST /ask/']);
    for (const span of served) expect(span).toMatchObject({ source: 'http', parent: null, frames: [] });
    /** The innermost request that is around what has this parent. */
    const home = (id: string | null | undefined): string | null => {
      const span = spans.find((each) => each.id === id);
      return span === undefined ? null : span.kind === 'agent' ? span.id : home(span.parent);
    };
    const homes = new Map(suite.server.calls.slice(before).map(({ prompt, tag }) => [prompt, home(tag?.parent)]));
    expect(homes.size).toBe(10);
    expect([homes.get('before'), homes.get('after')]).toEqual([null, null]);
    const found = ['a', 'b', 'c', 'd'].map((body) => {
      expect(homes.get(`second ${body}`), body).toBe(homes.get(`first ${body}`));
      return homes.get(`first ${body}`);
    });
    expect(new Set(found)).toEqual(new Set(served.map(({ id }) => id)));
    const outcomes = new Map(served.map(({ id, ended }) => [id, ended?.status]));
    expect(found.map((id) => outcomes.get(id ?? ''))).toEqual(['ok', 'error', 'ok', 'ok']);
    const waits = spans.filter(({ source, activity }) => source === 'wait' && activity === 'sleep');
    expect(waits.filter(({ parent }) => home(parent) !== null)).toHaveLength(4);
  });
});

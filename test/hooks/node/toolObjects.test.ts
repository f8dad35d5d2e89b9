/** Tools that are objects with a name and a function. */
import { describe, expect, it } from 'vitest';
import { bareEnvironment, comparable, hookedSuite, lineOf, runProgram, spansOf } from './harness.ts';
import { NODE_MAJORS } from './nodes.ts';

const suite = hookedSuite();
const { runs, nodes } = suite;

describe.each(NODE_MAJORS)('Node %i', (major) => {
  it('calls the functions of tools by the names that stand beside them', async () => {
    const node = nodes.get(major) ?? '';
    const bare = await runProgram(node, ['toolObjects.mjs'], { ...bareEnvironment(), OPENAI_BASE_URL: `${suite.server.url}/TOKEN/v1` });
    const environment = runs.environment(`${suite.server.url}/TOKEN`);
    expect(comparable(await runProgram(node, ['toolObjects.mjs'], environment))).toEqual(comparable(bare));
    const found = spansOf(runs.events(environment)).filter(({ source }) => source === 'function');
    expect(found.map(({ name, frames, ended }) => [name, frames[0]?.function, frames[0]?.line, ended?.status])).toEqual([
      ['search_web', 'run', lineOf('toolObjects.mjs', 'run'), 'ok'],
      ['broken', 'handler', lineOf('toolObjects.mjs', 'handler'), 'error'],
      ['get_weather', 'execute', lineOf('toolObjects.mjs', 'execute'), 'ok'],
    ]);
  });
});

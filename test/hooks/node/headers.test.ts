/** The header that says who called: it arrives by each kind of agent, and never shows in headers of the program's. */
import { expect, it } from 'vitest';
import { bareEnvironment, hookedSuite, lineOf, programs, runProgram } from './harness.ts';
import { NODE_MAJORS } from './nodes.ts';

const suite = hookedSuite();
const { runs, nodes } = suite;
const PROMPTS = ['first', 'second', 'one', 'two', 'three', 'four', 'five'];

it.each(NODE_MAJORS)('comes with each request of Node %i', async (major) => {
  const node = nodes.get(major) ?? '';
  const bare = await runProgram(node, ['headers.mjs'], { ...bareEnvironment(), OPENAI_BASE_URL: `${suite.server.url}/TOKEN/v1` }, programs);
  suite.server.seen.length = 0;
  expect(await runProgram(node, ['headers.mjs'], runs.environment(`${suite.server.url}/TOKEN`), programs)).toEqual(bare);
  expect(bare).toMatchObject({ code: 0, stderr: '' });
  const lines = suite.server.calls.map(({ prompt, tag }) => [prompt, tag?.frames.map(({ line }) => line)]);
  expect(lines.sort()).toEqual(PROMPTS.map((prompt) => [prompt, expect.arrayContaining([lineOf('headers.mjs', prompt)]) as unknown]).sort());
});

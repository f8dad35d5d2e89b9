/** Code that is handed to `eval` or `new Function` with its name, by bundlers and development servers: calls are on the lines that the user wrote. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bareEnvironment, hookedSuite, lineOf, programs, runProgram } from './harness.ts';
import { NODE_MAJORS } from './nodes.ts';

const suite = hookedSuite();
const folder = join(programs, 'evaluated');

/** How it is run, and what stands on the stack, innermost first: file and site. */
const CASES: [name: string, script: string, chain: [file: string, site: string][], ...args: string[]][] = [
  ['webpack’s eval-source-map', 'bundled/eval-source-map.cjs', [['src/ask.js', 'webpack'], ['src/agent.js', 'webpack-caller']]],
  ['webpack’s eval, which makes no map', 'bundled/eval.cjs', [['src/ask.js', 'webpack'], ['src/agent.js', 'webpack-caller']]],
  ['Vite’s module runner', 'vite.mjs', [['src/typed.ts', 'vite'], ['src/typed.ts', 'vite-caller']]],
  ['a test runner’s functions, with their map', 'runner.cjs', [['src/typed.ts', 'vite'], ['src/typed.ts', 'vite-caller']], 'function'],
  ['a test runner’s scripts, with their map', 'runner.cjs', [['src/typed.ts', 'vite'], ['src/typed.ts', 'vite-caller']], 'script'],
  ['a test runner’s scripts, whose map it keeps', 'runner.cjs', [['src/typed.ts', 'vite'], ['src/typed.ts', 'vite-caller']], 'context'],
  ['a function made of a file', 'plugin.cjs', [['src/plugin.js', 'plugin'], ['plugin.cjs', 'plugin-caller']]],
];

describe.each(NODE_MAJORS)('Node %i', (major) => {
  it.each(CASES)('maps %s to the lines of the user’s files', async (_, script, chain, ...args) => {
    const node = suite.nodes.get(major) ?? '';
    const bare = await runProgram(node, [script, ...args], { ...bareEnvironment(), OPENAI_BASE_URL: `${suite.server.url}/v1` }, folder);
    expect(bare).toMatchObject({ code: 0, stderr: '' });
    suite.server.seen.length = 0;
    expect(await runProgram(node, [script, ...args], suite.runs.environment(`${suite.server.url}/TOKEN`), folder)).toEqual(bare);
    expect(suite.server.calls).toHaveLength(1);
    const frames = suite.server.calls[0]?.tag?.frames ?? [];
    expect(frames.slice(0, chain.length).map(({ file, line }) => [file, line])).toEqual(chain.map(([file, site]) => [join(folder, file), lineOf(`evaluated/${file}`, site)]));
  });

  it.each(['function', 'script'])('leaves what is said of code that cannot be compiled as it is (%s)', async (way) => {
    const node = suite.nodes.get(major) ?? '';
    const bare = await runProgram(node, ['runner.cjs', way, 'const = 1;'], bareEnvironment(), folder);
    expect(bare).toMatchObject({ code: 1, stderr: expect.stringContaining('SyntaxError') as string });
    expect(await runProgram(node, ['runner.cjs', way, 'const = 1;'], suite.runs.environment(`${suite.server.url}/TOKEN`), folder)).toEqual(bare);
  });

  it('says why there is no line where a piece cannot be told from its file’s', async () => {
    const program = `
      const piece = 'return fetch(url, { method: "POST", body: JSON.stringify({ messages: [] }) }).then((answer) => answer.status);\\n//# sourceURL=webpack-internal:///./src/elsewhere.js';
      setTimeout(new Function('url', piece), 1, process.env.OPENAI_BASE_URL + '/chat/completions');`;
    suite.server.seen.length = 0;
    const outcome = await runProgram(suite.nodes.get(major) ?? '', ['-e', program], suite.runs.environment(`${suite.server.url}/TOKEN`), folder);
    expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(suite.server.calls.map(({ tag }) => [tag?.frames, tag?.unattributed])).toEqual([[[], expect.stringContaining('without a source map') as string]]);
  });
});

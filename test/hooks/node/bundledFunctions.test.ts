/** Functions of programs in one file with their packages: the program's own are measured as in its sources, and no package's. */
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { bareEnvironment, comparable, hookedSuite, programs, runProgram, spansOf } from './harness.ts';
import { NODE_MAJORS, type NodeMajor } from './nodes.ts';

const suite = hookedSuite();
const { runs, nodes } = suite;
let folder = '';

const ESBUILD: Record<string, BuildOptions> = {
  'esbuild.mjs': {},
  'esbuild-map.mjs': { sourcemap: 'linked' },
  'esbuild-inline.mjs': { sourcemap: 'inline' },
  'esbuild-min.mjs': { sourcemap: 'linked', minify: true },
  'esbuild-min-inline.mjs': { sourcemap: 'inline', minify: true },
};

beforeAll(async () => {
  folder = join(runs.folder, 'bundled');
  cpSync(join(programs, 'bundled'), folder, { recursive: true });
  cpSync(join(folder, 'tool-kit'), join(folder, 'node_modules/tool-kit'), { recursive: true });
  for (const [file, options] of Object.entries(ESBUILD)) {
    await build({ absWorkingDir: folder, entryPoints: ['src/agent.mjs'], outfile: `out/${file}`, bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'warning', ...options });
  }
});

/** The functions that are measured, with what stands where the first frame says that they are, once it is seen that the program did not change. */
async function functionsOf(major: NodeMajor, args: string[]): Promise<[name: string, text: string][]> {
  const node = nodes.get(major) ?? '';
  const bare = await runProgram(node, args, { ...bareEnvironment(), OPENAI_BASE_URL: `${suite.server.url}/TOKEN/v1` }, folder);
  const environment = runs.environment(`${suite.server.url}/TOKEN`);
  const hooked = await runProgram(node, args, environment, folder);
  expect(comparable(hooked)).toEqual(comparable(bare));
  expect(bare).toMatchObject({ code: 0, stderr: '' });
  const spans = spansOf(runs.events(environment)).filter(({ source }) => source === 'function');
  for (const { ended, name } of spans) expect(ended?.status, name).toBe('ok');
  return spans.map(({ name, frames: [own] }) => [name, own === undefined ? '' : textAt(own.file, own.line, own.column ?? 1)]);
}

/** The text of a file from a line and column (1-based) on, to the line's end. */
function textAt(file: string, line: number, column: number): string {
  return readFileSync(file, 'utf8').split('\n')[line - 1]?.slice(column - 1) ?? '';
}

const ALL = ['ask', 'fail', 'lookUp', 'lookUp', 'search', 'search', 'search'];
const NAMED = ['ask', 'fail', 'search', 'search', 'search'];

describe.each(NODE_MAJORS)('Node %i', (major) => {
  it.each(['esbuild.mjs', 'esbuild-map.mjs', 'esbuild-inline.mjs', 'webpack-dev.mjs', 'webpack-plain.mjs', 'rollup.mjs'])('measures those of %s, as it is', async (file) => {
    const functions = await functionsOf(major, [`out/${file}`]);
    expect(functions.map(([name]) => name).sort()).toEqual(ALL);
    for (const [name, text] of functions) expect(text).toMatch(new RegExp(`\\b${name}\\(`));
  });

  it.each([
    ['esbuild-map.mjs', ALL],
    ['esbuild-min.mjs', NAMED],
    ['esbuild-min-inline.mjs', NAMED],
    ['webpack-dev.mjs', ALL],
    ['webpack-min.mjs', NAMED],
    ['rollup.mjs', ALL],
    ['rollup-min.mjs', NAMED],
  ])('measures those of %s by the map that Node applies', async (file, names) => {
    const functions = await functionsOf(major, ['--enable-source-maps', `out/${file}`]);
    expect(functions.map(([name]) => name).sort()).toEqual(names);
    for (const [name, text] of functions) expect(text).toMatch(new RegExp(`\\b${name}\\(`));
  });
});

it('leaves alone a minified one whose map Node does not apply', async () => {
  for (const file of ['esbuild-min.mjs', 'webpack-min.mjs', 'rollup-min.mjs']) expect(await functionsOf(24, [`out/${file}`])).toEqual([]);
});

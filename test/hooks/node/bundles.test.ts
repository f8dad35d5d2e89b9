/** Programs in one file with their SDKs: each call is on the line of the program's own that made it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { build } from 'esbuild';
import { bareEnvironment, hookedSuite, parentOf, programs, root, runProgram, spansOf } from './harness.ts';
import { NODE_MAJORS } from './nodes.ts';

const suite = hookedSuite();
const { runs, nodes } = suite;
const PROGRAM = 'withSdks.mjs';
const PROMPTS = ['plain', 'streamed', 'runner', 'heard', 'listener', 'chained', 'busy', 'busy', 'tools', 'inside', 'tools', 'message', 'messages'];

const BUNDLES = {
  'plain.mjs': { format: 'esm' },
  'minified.cjs': { format: 'cjs', minify: true },
  'mapped.mjs': { format: 'esm', minify: true, sourcemap: true },
} as const;

/** Each Node with a bundle that has headings and one that has none; one of them with a map, which Node applies or not. */
const CASES = [...NODE_MAJORS.flatMap((major) => [{ major, file: 'plain.mjs' as const, args: [] }, { major, file: 'minified.cjs' as const, args: [] }]), ...[['--enable-source-maps'], []].map((args) => ({ major: 24 as const, file: 'mapped.mjs' as const, args }))];

beforeAll(async () => {
  for (const [file, options] of Object.entries(BUNDLES)) {
    // What CommonJS cannot wait for at its outermost.
    const source = readFileSync(join(programs, PROGRAM), 'utf8').replace(/^console\.log[^]*$/m, (end) => (options.format === 'cjs' ? `(async () => {\n${end}})();\n` : end));
    await build({ stdin: { contents: source, sourcefile: join(programs, PROGRAM), resolveDir: root }, outfile: join(runs.folder, file), bundle: true, platform: 'node', target: 'node20', logLevel: 'error', ...options });
  }
});

/** The text of a file from a line and column (1-based) on. */
function textAt(file: string, line: number, column: number): string {
  return readFileSync(file, 'utf8').split('\n').slice(line - 1).join('\n').slice(column - 1);
}

describe.each(CASES)('Node $major, $file $args', ({ major, file, args }) => {
  it('shows each call where the program makes it, and its tools', async () => {
    const command = [...args, join(runs.folder, file)];
    const bare = await runProgram(nodes.get(major) ?? '', command, { ...bareEnvironment(), OPENAI_BASE_URL: `${suite.server.url}/TOKEN/v1` }, runs.folder);
    suite.server.seen.length = 0;
    const environment = runs.environment(`${suite.server.url}/TOKEN`);
    expect(await runProgram(nodes.get(major) ?? '', command, environment, runs.folder)).toEqual(bare);
    expect(bare).toMatchObject({ code: 0, stderr: '' });
    const { calls } = suite.server;
    expect(calls.map(({ prompt }) => prompt)).toEqual(PROMPTS);
    // Without headings and without a map, what a stream's listener calls is taken for the stream's own.
    for (const { prompt, tag } of calls.filter((call) => call.prompt !== 'listener' || file !== 'minified.cjs')) {
      const [own] = tag?.frames ?? [];
      expect(own === undefined ? tag?.unattributed : textAt(own.file, own.line, own.column ?? 1), prompt).toMatch(new RegExp(`^\\w+\\(\\w+\\(["'\`]${prompt}["'\`]`));
      if (args.length > 0) expect(own?.file).toBe(join(programs, PROGRAM));
    }
    const spans = spansOf(runs.events(environment));
    const tools = spans.filter(({ source }) => source === 'toolRunner');
    expect(tools.map(({ name, ended }) => [name, ended?.status])).toEqual([['lookup', 'ok']]);
    expect(parentOf(spans, calls.find(({ prompt }) => prompt === 'inside')?.tag?.parent ?? null)).toBe(tools[0]?.id);
  });
});

it('shows no line of a bundled package as the program’s', async () => {
  suite.server.seen.length = 0;
  await runProgram(nodes.get(24) ?? '', [join(runs.folder, 'plain.mjs')], runs.environment(`${suite.server.url}/TOKEN`), runs.folder);
  const own = readFileSync(join(runs.folder, 'plain.mjs'), 'utf8').split('\n').findIndex((line) => line.endsWith(PROGRAM)) + 1;
  expect(own).toBeGreaterThan(1);
  expect(suite.server.calls.flatMap(({ tag }) => tag?.frames ?? []).filter(({ line }) => line < own)).toEqual([]);
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { HookedRuns, bareEnvironment, lineOf, programs, root, runProgram, spansOf, type Outcome } from './harness.ts';
import { ModelServer, type SeenRequest } from './modelServer.ts';
import { NODE_MAJORS, findNode, type NodeMajor } from './nodes.ts';

const PROMPTS = ['await', 'all-1', 'all-2', 'then-1', 'then-2', 'late', 'stream-true', 'stream', 'with-response', 'parse', 'post', 'nested'];
/** openai 7 wants Node 22. */
const PAIRS = NODE_MAJORS.flatMap((node) => (node < 22 ? [[node, 6] as const] : [[node, 6] as const, [node, 7] as const]));
const TSX = join(root, 'node_modules/tsx/dist/cli.mjs');

const runs = new HookedRuns();
const nodes = new Map<NodeMajor, string>();
let server: ModelServer;

beforeAll(async () => {
  await runs.build();
  server = await ModelServer.start();
  for (const major of NODE_MAJORS) nodes.set(major, await findNode(major));
}, 600_000);
afterAll(async () => {
  await server.close();
  runs.remove();
});

async function runBoth(major: NodeMajor, args: string[], extra: Record<string, string> = {}) {
  const node = nodes.get(major) ?? '';
  const bare = await runProgram(node, args, { ...bareEnvironment(), ...extra, OPENAI_BASE_URL: `${server.url}/v1` });
  server.seen.length = 0;
  const environment = { ...runs.environment(`${server.url}/TOKEN`), ...extra };
  const hooked = await runProgram(node, args, environment);
  return { bare, hooked, environment, calls: [...server.calls] };
}

function expectSame(hooked: Outcome, bare: Outcome): void {
  expect(bare.code, bare.stderr).toBe(0);
  expect(hooked).toEqual(bare);
}

function sites(calls: readonly SeenRequest[]): Record<string, string> {
  return Object.fromEntries(calls.map(({ prompt, tag }) => [prompt, `${tag?.frames[0]?.file ?? '–'}:${tag?.frames[0]?.line ?? 0}`]));
}

describe.each(PAIRS)('Node %i, openai %i', (major, version) => {
  it.each(['mjs', 'cjs'])('attributes every way to call to its line (%s)', async (kind) => {
    const { bare, hooked, calls, environment } = await runBoth(major, [`openai${version}.${kind}`]);
    expectSame(hooked, bare);
    expect(calls.every(({ url }) => url === '/TOKEN/v1/chat/completions')).toBe(true);
    const file = join(programs, 'calls.mjs');
    expect(sites(calls)).toEqual(Object.fromEntries(PROMPTS.map((prompt) => [prompt, `${file}:${lineOf('calls.mjs', prompt)}`])));
    const nested = calls.find(({ prompt }) => prompt === 'nested')?.tag;
    expect(nested?.frames.slice(0, 2)).toMatchObject([{ function: 'helper' }, { function: 'nested', line: lineOf('calls.mjs', 'caller') }]);
    expect(nested?.unattributed).toBeNull();
    expect(new Set(calls.map(({ tag }) => tag?.id)).size).toBe(calls.length);
    const events = runs.events(environment);
    expect(events.map(({ type }) => type)).toEqual(['hello', 'bye']);
    expect(events[0]).toMatchObject({ runtime: 'node', pid: calls[0]?.tag?.pid });
  });

  it.each(['ts', 'mts'])('maps what tsx runs back to TypeScript (.%s)', async (kind) => {
    const file = `typed${version}.${kind}`;
    const { bare, hooked, calls } = await runBoth(major, [TSX, file]);
    expectSame(hooked, bare);
    expect(calls.map(({ tag }) => tag?.frames.slice(0, 2))).toMatchObject([
      [
        { file: join(programs, file), line: lineOf(file, 'typed'), function: 'answer' },
        { file: join(programs, file), line: lineOf(file, 'typed-caller'), function: 'main' },
      ],
    ]);
  });

  it('sees the functions that the tool runner calls, and what they call', async () => {
    const file = `tools${version}.mjs`;
    const { bare, hooked, environment, calls } = await runBoth(major, [file], { WEB_URL: server.url });
    expectSame(hooked, bare);
    expect(hooked.stdout).toContain('RangeError: boom');
    const spans = spansOf(runs.events(environment));
    const named = (name: string, source: string) => spans.find((span) => span.name === name && span.source === source);
    expect(spans.filter(({ source }) => source === 'toolRunner').map(({ name, callId, ended }) => [name, callId, ended?.status]).sort()).toEqual([
      ['boom', 'call_0', 'error'],
      ['lookup', 'call_0', 'ok'],
      ['refuse', 'call_2', 'ok'],
      ['summarize', 'call_1', 'ok'],
    ]);
    expect(named('lookup', 'toolRunner')?.frames[0]).toMatchObject({ file: join(programs, file), line: lineOf(file, 'runner') });
    expect(named('boom', 'toolRunner')?.ended?.error).toBe('boom');
    expect(named('refuse', 'toolRunner')?.ended?.resultBytes).toBe(2);
    expect(named('lookup', 'http')).toMatchObject({
      parent: named('lookup', 'toolRunner')?.id,
      detail: expect.stringMatching(/^GET 127\.0\.0\.1:\d+\/wiki\/page$/) as string,
      frames: [{ line: lineOf(file, 'lookup') }, { line: lineOf(file, 'runner') }],
    });
    expect(JSON.stringify(spans)).not.toContain('secret');
    const inside = calls.find(({ prompt }) => prompt === 'inside')?.tag;
    expect(inside?.parent).toBe(named('summarize', 'toolRunner')?.id);
    expect(inside?.frames.map(({ line }) => line)).toEqual([lineOf(file, 'inside'), lineOf(file, 'runner')]);
    const turns = calls.filter(({ prompt }) => prompt === 'runner').map(({ tag }) => [tag?.frames[0]?.line, tag?.parent]);
    expect(turns).toEqual([[lineOf(file, 'runner'), null], [lineOf(file, 'runner'), null]]);
  });
});

describe.each(NODE_MAJORS)('Node %i', (major) => {
  it('works in worker threads, each with a file and a name of its own', async () => {
    const { bare, hooked, environment, calls } = await runBoth(major, ['workers.mjs']);
    expectSame(hooked, bare);
    expect(calls.map(({ tag }) => [tag?.thread, tag?.frames[1]?.line])).toEqual([
      ['main', lineOf('workers.mjs', 'main')],
      ['worker-1', lineOf('workers.mjs', 'worker')],
    ]);
    const files = [...runs.eventFiles(environment)].map(([name, events]) => [name.replace(/\d+(?=-\d)/, 'PID'), events.map(({ type }) => type)]);
    expect(files.sort()).toEqual([
      ['events-PID-0.ndjson', ['hello', 'bye']],
      ['events-PID-1.ndjson', ['hello', 'bye']],
    ]);
  });
});

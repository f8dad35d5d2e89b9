import { describe, expect, it } from 'vitest';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { closedUrl } from '../../fixtures/freePort.ts';
import { hookedSuite, bareEnvironment, lineOf, programs, root, runProgram, parentOf, spansOf, withoutFunctions, type Outcome } from './harness.ts';
import type { SeenRequest } from './modelServer.ts';
import { NODE_MAJORS, type NodeMajor } from './nodes.ts';

const PROMPTS = ['await', 'all-1', 'all-2', 'then-1', 'then-2', 'late', 'stream-true', 'stream', 'with-response', 'parse', 'post', 'nested'];
/** openai 7 wants Node 22. */
const PAIRS = NODE_MAJORS.flatMap((node) => (node < 22 ? [[node, 6] as const] : [[node, 6] as const, [node, 7] as const]));
const TSX = join(root, 'node_modules/tsx/dist/cli.mjs');

const suite = hookedSuite();
const { runs, nodes } = suite;

async function runBoth(major: NodeMajor, args: string[], extra: Record<string, string> = {}) {
  const node = nodes.get(major) ?? '';
  const bare = await runProgram(node, args, { ...bareEnvironment(), ...extra, OPENAI_BASE_URL: `${suite.server.url}/v1` });
  suite.server.seen.length = 0;
  const environment = { ...runs.environment(`${suite.server.url}/TOKEN`), ...extra };
  const hooked = await runProgram(node, args, environment);
  return { bare, hooked, environment, calls: [...suite.server.calls] };
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
    const functions = spansOf(events);
    expect(functions.filter(({ source }) => source !== 'function' && source !== 'wait' && source !== 'sampled')).toEqual([]);
    expect(events.flatMap(({ type }) => (/^span/.test(type) ? [] : [type]))).toEqual(['hello', 'bye']);
    expect(events[0]).toMatchObject({ runtime: 'node', pid: calls[0]?.tag?.pid });
  });

  it('keeps the lines of clients that the user made of the SDK\'s', async () => {
    const { bare, hooked, calls } = await runBoth(major, [`subclasses${version}.mjs`]);
    expectSame(hooked, bare);
    const line = (site: string): number => lineOf('subclasses.mjs', site);
    expect(calls.map(({ prompt, tag }) => [prompt, tag?.frames.slice(0, 2).map((frame) => frame.line)])).toEqual([
      ['override', [line('override'), line('override-caller')]],
      ['wrapper', [line('wrapper'), line('wrapper-caller')]],
      ['prepared', [line('prepared'), line('prepared-caller')]],
      ['main', [line('prepared-caller'), expect.any(Number)]],
    ]);
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

  if (major >= 24)
    it('needs no map where Node strips the types itself', async () => {
    const file = `typed${version}.mts`;
    const { bare, hooked, calls } = await runBoth(major, [file]);
    expectSame(hooked, bare);
    expect(calls.map(({ tag }) => tag?.frames[0])).toMatchObject([{ file: join(programs, file), line: lineOf(file, 'typed'), function: 'answer' }]);
  });

  it('sees the functions that the tool runner calls, and what they call', async () => {
    const file = `tools${version}.mjs`;
    const { bare, hooked, environment, calls } = await runBoth(major, [file], { WEB_URL: suite.server.url });
    expectSame(hooked, bare);
    expect(hooked.stdout).toContain('RangeError: boom');
    const all = spansOf(runs.events(environment));
    const spans = withoutFunctions(all);
    const named = (name: string, source: string) => spans.find((span) => span.name === name && span.source === source);
    expect(spans.filter(({ source }) => source === 'toolRunner').map(({ name, callId, ended }) => [name, callId, ended?.status]).sort()).toEqual([
      ['boom', 'call_0', 'error'],
      ['lookup', 'call_0', 'ok'],
      ['refuse', 'call_2', 'ok'],
      ['summarize', 'call_1', 'ok'],
    ]);
    expect(named('lookup', 'toolRunner')?.frames).toMatchObject([{ file: join(programs, file), line: lineOf(file, 'lookup') - 1, function: 'lookup' }, { line: lineOf(file, 'runner') }]);
    expect(named('boom', 'toolRunner')?.ended?.error).toBe('boom');
    expect(named('refuse', 'toolRunner')?.ended?.resultBytes).toBe(2);
    expect(named('lookup', 'http')).toMatchObject({
      parent: named('lookup', 'toolRunner')?.id,
      detail: expect.stringMatching(/^GET 127\.0\.0\.1:\d+\/wiki\/page$/) as string,
      frames: [{ line: lineOf(file, 'lookup') }, { line: lineOf(file, 'runner') }],
    });
    expect(JSON.stringify(spans)).not.toContain('secret');
    const inside = calls.find(({ prompt }) => prompt === 'inside')?.tag;
    expect(parentOf(all, inside?.parent ?? null)).toBe(named('summarize', 'toolRunner')?.id);
    expect(inside?.frames.map(({ line }) => line)).toEqual([lineOf(file, 'inside'), lineOf(file, 'runner')]);
    const turns = calls.filter(({ prompt }) => prompt === 'runner').map(({ tag }) => [tag?.frames[0]?.line, parentOf(all, tag?.parent ?? null)]);
    expect(turns).toEqual([[lineOf(file, 'runner'), null], [lineOf(file, 'runner'), null]]);
  });
});

describe.each(NODE_MAJORS)('Node %i', (major) => {
  it.each([
    ['--enable-source-maps', 'typed6.mts', lineOf('typed6.mts', 'typed')],
    ['--no-deprecation', 'typed6.mjs', 0],
  ])('maps compiled TypeScript only where the process itself does (%s)', async (option, expected, line) => {
    const folder = join(runs.folder, `compiled-${major}${option}`);
    mkdirSync(folder);
    copyFileSync(join(programs, 'typed6.mts'), join(folder, 'typed6.mts'));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const compiled = transpileModule(readFileSync(join(folder, 'typed6.mts'), 'utf8'), {
      fileName: 'typed6.mts',
      compilerOptions: { sourceMap: true, target: ScriptTarget.ES2022, module: ModuleKind.ESNext },
    });
    writeFileSync(join(folder, 'typed6.mjs'), `// one more line\n${compiled.outputText.replace('typed6.js.map', 'typed6.mjs.map')}`);
    writeFileSync(join(folder, 'typed6.mjs.map'), (compiled.sourceMapText ?? '').replace('"mappings":"', '"mappings":";'));
    const { bare, hooked, calls } = await runBoth(major, [option, join(folder, 'typed6.mjs')]);
    expectSame(hooked, bare);
    const running = compiled.outputText.split('\n').findIndex((text) => text.includes('site: typed') && !text.includes('caller')) + 2;
    expect(calls[0]?.tag?.frames[0]).toMatchObject({ file: join(folder, expected), line: line === 0 ? running : line, function: 'answer' });
  });

  it('leaves Error as the program set it up', async () => {
    const program = `
      Error.stackTraceLimit = 3;
      Error.prepareStackTrace = (error, sites) => 'mine ' + sites.length;
      const OpenAI = require('openai-v6');
      new OpenAI().chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'mine' }] }).then(() => console.log(new Error('x').stack, Error.stackTraceLimit));`;
    const { bare, hooked, calls } = await runBoth(major, ['-e', program]);
    expectSame(hooked, bare);
    expect(hooked.stdout).toMatch(/^mine [123] 3\n$/);
    expect(calls).toHaveLength(1);
  });

  it.each(['Object.freeze(Error)', 'delete Error.captureStackTrace', "Object.defineProperty(Error, 'stackTraceLimit', { value: 0 })"])('finds the line where the program did %s', async (change) => {
    const file = join(runs.folder, 'hardened.cjs');
    writeFileSync(file, `${change};\nconst request = { method: 'POST', body: '{"model":"m","messages":[{"role":"user","content":"mine"}]}' };\nfetch(process.env.OPENAI_BASE_URL + '/chat/completions', request).then(({ status }) => console.log(status));\n`);
    const { bare, hooked, calls } = await runBoth(major, [file]);
    expectSame(hooked, bare);
    expect(calls.map(({ tag }) => tag?.frames[0])).toEqual([expect.objectContaining({ file, line: 3 })]);
  });

  it.each(major >= 22 ? ['undici', 'undici7', 'undici8'] : ['undici', 'undici7'])('routes calls of the undici package (%s), leaves mocks and proxies alone, and says which it cannot route', async (name) => {
    const program = `
      import { Agent, Client, MockAgent, Pool, ProxyAgent, fetch, request, stream } from '${name}';
      import { Writable } from 'node:stream';
      const options = (prompt) => ({ method: 'POST', headers: { 'x-mine': 'kept' }, body: JSON.stringify({ messages: [{ role: 'user', content: prompt }] }) });
      const elsewhere = process.env.WEB_URL + '/v1/chat/completions';
      const client = new Client(process.env.WEB_URL);
      const mock = new MockAgent();
      mock.disableNetConnect();
      mock.get('http://mocked.example').intercept({ path: '/v1/chat/completions', method: 'POST' }).reply(200, { mocked: true });
      const proxy = new ProxyAgent({ uri: process.env.CLOSED_URL });
      async function ask() {
        await (await request(process.env.OPENAI_BASE_URL + '/chat/completions', options('environment'))).body.json();
        const answer = await fetch(elsewhere, options('fetch'));
        console.log(answer.url === elsewhere, (await answer.json()).choices.length);
        await (await request(elsewhere, { ...options('request'), headers: ['x-mine', 'kept'], dispatcher: new Agent() })).body.json();
        await stream(elsewhere, options('stream'), () => new Writable({ write: (chunk, encoding, done) => done() }));
        await Promise.all([1, 2, 3].map(async () => (await request(elsewhere, { ...options('busy'), dispatcher: new Agent({ connections: 1 }) })).body.json()));
        await (await client.request({ path: '/v1/chat/completions', ...options('client') })).body.json();
        console.log(await (await request('http://mocked.example/v1/chat/completions', { ...options('mock'), dispatcher: mock })).body.json());
        await request(elsewhere, { ...options('proxy'), dispatcher: proxy }).catch((error) => console.log(error.code));
        await (await request(process.env.WEB_URL + '/wiki/page')).body.json();
      }
      await ask();`;
    const { bare, hooked, environment, calls } = await runBoth(major, ['--input-type=module', '-e', program], { WEB_URL: suite.server.url, CLOSED_URL: await closedUrl() });
    expectSame(hooked, bare);
    expect(calls.map(({ prompt, url, tag, headers }) => [prompt, url, tag !== null, headers['x-mine']])).toEqual([
      ...['environment', 'fetch', 'request', 'stream', 'busy', 'busy', 'busy'].map((prompt) => [prompt, '/TOKEN/v1/chat/completions', true, 'kept']),
      ['client', '/v1/chat/completions', false, 'kept'],
    ]);
    expect(calls.filter(({ headers }) => 'x-agent-cost-call' in headers)).toHaveLength(7);
    const events = runs.events(environment);
    expect(events.filter(({ type }) => type === 'note')).toMatchObject([{ code: 'not-routed', message: expect.stringContaining('127.0.0.1') as string }]);
    const { host } = new URL(suite.server.url);
    const unrouted = `POST ${host}/v1/chat/completions (model call, not routed: with a client, pool or proxy of the undici package)`;
    const requests = withoutFunctions(spansOf(events)).map(({ kind, detail, ended }) => [kind, detail, ended?.status]);
    expect(requests.filter(([, detail]) => !String(detail).startsWith('CONNECT'))).toEqual([
      ['other', unrouted, 'ok'],
      ['tool', `GET ${host}/wiki/page`, 'ok'],
    ]);
  });

  it.each(major >= 22 ? ['undici', 'undici7', 'undici8'] : ['undici', 'undici7'])('routes calls over HTTP/2 of the undici package (%s)', async (name) => {
    const environment = runs.environment(`${suite.server.url}/TOKEN`);
    suite.server.seen.length = 0;
    expect(await runProgram(nodes.get(major) ?? '', ['undiciHttp2.mjs', name], environment)).toEqual({ code: 0, stdout: 'request 1\nfetch 1\nglobal 1\n', stderr: '' });
    expect(suite.server.calls.map(({ prompt, origin, tag }) => [prompt, origin, tag?.frames[0]?.line])).toEqual(['request', 'fetch', 'global'].map((prompt) => [prompt, 'https://llm.test:8443/v1', lineOf('undiciHttp2.mjs', prompt)]));
  });

  it('works in worker threads, each with a file and a name of its own', async () => {
    const { bare, hooked, environment, calls } = await runBoth(major, ['workers.mjs']);
    expectSame(hooked, bare);
    expect(calls.map(({ tag }) => [tag?.thread, tag?.frames[1]?.line])).toEqual([
      ['main', lineOf('workers.mjs', 'main')],
      ['worker-1', lineOf('workers.mjs', 'worker')],
    ]);
    const files = [...runs.eventFiles(environment)].map(([name, events]) => [name.replace(/\d+(?=-\d)/, 'PID'), events.flatMap(({ type }) => (/^span/.test(type) ? [] : [type]))]);
    expect(files.sort()).toEqual([
      ['events-PID-0.ndjson', ['hello', 'bye']],
      ['events-PID-1.ndjson', ['hello', 'bye']],
    ]);
  });
});

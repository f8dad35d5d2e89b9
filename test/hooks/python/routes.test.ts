/** Where LLM calls go: through the environment's proxies or not, with and without a profiler at the other end. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SessionFile } from '../../../src/protocol/hook.ts';
import { freePort } from '../../fixtures/freePort.ts';
import { fullServer } from '../../fixtures/fullServer.ts';
import { newestEnvironment, environment as environmentOf, findPythons } from './pythons.ts';
import { Session, markedLines, program, programs, python } from './runs.ts';
import { StandIn, TOKEN } from './standIn.ts';

const newest = await newestEnvironment();
const oldest = findPythons()[0];
const withHttpx = oldest === undefined ? newest : await environmentOf(oldest, 'openai-1');
const withHttp2 = await newestEnvironment('http2');

let server: StandIn;
let closedPort: number;
const sessions: Session[] = [];
beforeAll(async () => {
  server = await StandIn.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  server.arrived.length = 0;
  closedPort = await freePort();
});
afterEach(() => sessions.splice(0).forEach((session) => session.remove()));

function session(values: Partial<SessionFile> & { routeUrl: string }): Session {
  const made = new Session(values);
  sessions.push(made);
  return made;
}

describe.each([newest, withHttpx])('$title', (environment) => {
  it("keeps the environment's proxies away from the route", async () => {
    const dead = `http://127.0.0.1:${closedPort}`;
    const proxies = { HTTP_PROXY: dead, http_proxy: dead, HTTPS_PROXY: dead, https_proxy: dead, NO_PROXY: '', no_proxy: '' };
    const here = session({ routeUrl: server.routeUrl });
    const byEnvironment = await program(environment, 'one_call.py', { ...here.env(), ...proxies, OPENAI_BASE_URL: `${server.routeUrl}/v1` });
    expect(byEnvironment).toEqual({ exit: 0, stdout: 'answer to one\n', stderr: '' });
    expect(server.call('one')).toMatchObject({ origin: null });
    server.arrived.length = 0;
    const byProgram = await program(environment, 'plain.py', { ...here.env(), ...proxies, PROGRAM_BASE_URL: 'https://api.example.com/v1' });
    expect(byProgram).toMatchObject({ exit: 0, stderr: '' });
    expect(server.arrived.every((call) => call.tag !== null && call.origin === 'https://api.example.com/v1')).toBe(true);
    expect(server.arrived.length).toBeGreaterThanOrEqual(8);
  });

  it('goes where the program meant to once the profiler is gone, and says so', async () => {
    const gone = session({ routeUrl: `http://127.0.0.1:${closedPort}/t0ken`, backend: 'direct' });
    const outcome = await program(environment, 'plain.py', { ...gone.env(), PROGRAM_BASE_URL: `${server.address}/v1` });
    expect(outcome).toEqual(await program(environment, 'plain.py', { PROGRAM_BASE_URL: `${server.address}/v1` }));
    expect(server.arrived.every((call) => call.tag === null && call.path.startsWith('/v1/'))).toBe(true);
    expect(gone.events().flatMap((event) => (event.type === 'note' ? [event.code] : []))).toEqual(['profiler-gone']);
  });

  it('goes past a profiler that can hold no more connections, says so, and comes back to it', async () => {
    // The call, and the look whether anybody is there.
    const full = await fullServer(Number(new URL(server.address).port));
    try {
      const there = session({ routeUrl: full.url + TOKEN, backend: 'fixed', fallbackUrl: `${server.address}/v1` });
      const outcome = await program(environment, 'one_call.py', { ...there.env(), OPENAI_BASE_URL: `${full.url}${TOKEN}/v1`, CALLS: '3' });
      expect(outcome).toEqual({ exit: 0, stdout: 'answer to one\n'.repeat(3), stderr: '' });
      expect(server.arrived.filter(({ tag }) => tag === null)).toHaveLength(1);
      expect(server.arrived.filter(({ tag }) => tag !== null)).toHaveLength(2);
      expect(there.events().flatMap((event) => (event.type === 'note' ? [event.code] : []))).toEqual(['calls-past-profiler']);
    } finally {
      full.close();
    }
  });

  it('goes to the fixed server when the environment named the route', async () => {
    const route = `http://127.0.0.1:${closedPort}/t0ken`;
    const gone = session({ routeUrl: route, backend: 'fixed', fallbackUrl: `${server.address}/v1` });
    const outcome = await program(environment, 'one_call.py', { ...gone.env(), OPENAI_BASE_URL: `${route}/v1`, CALLS: '2' });
    expect(outcome).toEqual({ exit: 0, stdout: 'answer to one\nanswer to one\n', stderr: '' });
    expect(server.arrived.map((call) => [call.path, call.tag])).toEqual([
      ['/v1/chat/completions', null],
      ['/v1/chat/completions', null],
    ]);
  });
});

it('lets the error through when the embedded server is gone', async () => {
  const gone = session({ routeUrl: `http://127.0.0.1:${closedPort}/t0ken`, backend: 'sim' });
  const outcome = await program(newest, 'one_call.py', { ...gone.env(), PROGRAM_BASE_URL: `${server.address}/v1` });
  expect(outcome.exit).toBe(1);
  expect(outcome.stderr.trimEnd().split('\n').at(-1)).toContain('openai.APIConnectionError');
  expect(server.arrived).toEqual([]);
});

it.each(['httpx', 'httpx2'])('routes calls over HTTP/2 (%s)', async (library) => {
  const here = session({ routeUrl: server.routeUrl });
  const outcome = await python(withHttp2.executable, [join(programs, 'http2.py'), library], { ...here.env(), PROGRAM_BASE_URL: 'https://llm.test/v1' });
  expect(outcome).toEqual({ exit: 0, stdout: 'answer to both True\nanswer to only True\nanswer to async True\ndata: [DONE]\n', stderr: '' });
  const sites = ['both', 'only', 'async', 'stream'];
  expect(server.arrived.map(({ label, origin, tag }) => [label, origin, tag?.frames[0]?.line])).toEqual(sites.map((label) => [label, 'https://llm.test/v1', markedLines('http2.py').get(label)?.[0]]));
});

it('tells LLM calls from other requests by method, path, host and body', async () => {
  const here = session({ routeUrl: server.routeUrl });
  const cases: [method: string, url: string, body: string | null, expected: [path: string, origin: string] | null][] = [
    ['POST', 'https://api.openai.com/v1/chat/completions', null, ['/v1/chat/completions', 'https://api.openai.com/v1']],
    ['POST', 'http://gpu:8000/v1/completions', '{"model":"m"}', ['/v1/completions', 'http://gpu:8000/v1']],
    ['POST', 'https://me:pw@host.example/api/v1/embeddings', '{"model":"m"}', ['/v1/embeddings', 'https://host.example/api/v1']],
    [
      'POST',
      'https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1',
      null,
      ['/v1/chat/completions?api-version=1', 'https://x.openai.azure.com/openai/deployments/d'],
    ],
    ['GET', 'http://gpu:8000/v1/models', null, ['/v1/models', 'http://gpu:8000/v1']],
    ['GET', 'https://shop.example/models', null, null],
    ['GET', 'https://cars.example/v1/models', null, null],
    ['POST', 'https://api.openai.com/v1/files', null, ['/v1/files', 'https://api.openai.com/v1']],
    ['POST', 'https://survey.example/v1/responses', '{"answers":[1]}', null],
    ['POST', 'https://survey.example/forms/3/responses', '{"model":"m"}', null],
    ['GET', 'https://host.example/v1/chat/completions', null, null],
    ['POST', 'https://host.example/v1/files', null, null],
  ];
  const code = [
    'import json, sys',
    'from agent_cost_hook import routing',
    'out = []',
    `for method, url, body, _ in json.loads(sys.argv[1]):`,
    '    plan = routing.plan(method, url, None if body is None else body.encode())',
    '    out.append(plan and [plan.url, plan.headers["x-agent-cost-origin"], plan.host])',
    'print(json.dumps(out))',
  ].join('\n');
  const outcome = await python(newest.executable, ['-c', code, JSON.stringify(cases)], here.env());
  expect(outcome.stderr).toBe('');
  const host = new URL(server.address).host;
  expect(JSON.parse(outcome.stdout)).toEqual(
    cases.map(([, , , expected]) => (expected === null ? null : [`${server.routeUrl}${expected[0]}`, expected[1], host])),
  );
});

it('sends no more than the limit of a tag, the innermost frames first', async () => {
  const here = session({ routeUrl: server.routeUrl });
  const code = [
    'import json, sys',
    'from agent_cost_hook import calls',
    'name = "/somewhere/" + "d" * 900 + "/f%d.py"',
    'functions = [lambda: calls.headers(None)["x-agent-cost-call"]]',
    'for n in range(18):',
    '    scope = {"inner": functions[-1]}',
    '    exec(compile("def f%d(): return inner()" % n, name % n, "exec"), scope)',
    '    functions.append(scope["f%d" % n])',
    'text = functions[-1]()',
    'tag = json.loads(text)',
    'print(len(text) <= 6000, [frame["function"] for frame in tag["frames"]][:3], len(tag["frames"]))',
  ].join('\n');
  const outcome = await python(newest.executable, ['-c', code], here.env());
  expect(outcome).toEqual({ exit: 0, stdout: "True ['<lambda>', 'f0', 'f1'] 7\n", stderr: '' });
});

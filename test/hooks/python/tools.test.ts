/** Tools of Python programs: requests that are no LLM calls, child processes, functions that the SDK runs. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { environment, findPythons, newestEnvironment } from './pythons.ts';
import { Session, markedLines, program, python, type SpanPair } from './runs.ts';
import { StandIn } from './standIn.ts';

const pythons = findPythons();
const oldest = pythons[0];
const newest = await newestEnvironment();
// The oldest and the newest interpreter: they differ most in the libraries that they get.
const covered = oldest === undefined || oldest.version === newest.python.version ? [newest] : [await environment(oldest, 'openai-newest'), newest];

let server: StandIn;
let session: Session;
beforeAll(async () => {
  server = await StandIn.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.arrived.length = 0;
  session = new Session({ routeUrl: server.routeUrl });
});
afterEach(() => session.remove());

/** What there is to know of a span beside ids and times. */
function summary({ start, ends }: SpanPair) {
  const [end] = ends;
  return {
    kind: start.kind,
    source: start.source,
    detail: start.detail,
    line: start.frames[0]?.line,
    ends: ends.length,
    status: end?.status,
    error: end?.error,
    bytes: end?.resultBytes,
  };
}

describe.each(covered)('$title', (environment) => {
  it('measures requests and child processes, each once and with the line that made it', async () => {
    const env = { TOOL_URL: `${server.address}/tool` };
    const bare = await program(environment, 'tools.py', env);
    expect(bare.exit).toBe(0);
    const hooked = await program(environment, 'tools.py', { ...env, ...session.env() });
    expect(hooked).toEqual(bare);

    const host = new URL(server.address).host;
    const marked = markedLines('tools.py');
    const http = (name: string, path: string, more = {}) => [
      name,
      {
        kind: 'tool',
        source: 'http',
        detail: `GET ${host}/tool/${path}`,
        line: marked.get(name)?.[0],
        ends: 1,
        status: 'ok',
        error: null,
        bytes: Buffer.byteLength(`page /tool/${path}`),
        ...more,
      },
    ];
    const process = (name: string, more = {}) => [
      name,
      { kind: 'tool', source: 'process', detail: expect.stringMatching(/^python/) as string, line: marked.get(name)?.[0], ends: 1, status: 'ok', error: null, bytes: null, ...more },
    ];
    const spans = session.spans();
    expect(spans.map((span) => span.start.name)).toEqual([...new Set(spans.map((span) => span.start.name))]);
    const found = Object.fromEntries(spans.map((span) => [span.start.name === host ? '(module)' : span.start.name, summary(span)]));
    expect(found).toEqual(
      Object.fromEntries([
        http('search_httpx', 'httpx', { bytes: 'page /tool/httpx?q=secret'.length }),
        http('search_requests', 'requests'),
        http('search_requests_late', 'late'),
        http('search_urllib', 'urllib'),
        http('search_urllib3', 'urllib3'),
        http('missing', 'missing', { status: 'error', error: 'HTTP 404', bytes: 'nothing here'.length }),
        http('refused', '', { detail: 'GET 127.0.0.1:9/refused', status: 'error', error: expect.stringMatching(/^ConnectError: /) as string, bytes: null }),
        http('search_async', 'async'),
        http('search_aiohttp', 'aiohttp'),
        http('(module)', 'top'),
        process('run_program'),
        process('run_failing', { status: 'error', error: 'exit code 3' }),
        process('run_async'),
      ]),
    );
    for (const { start, ends } of spans) expect(ends[0]?.t).toBeGreaterThanOrEqual(start.t);
    expect(JSON.stringify(session.events().filter((event) => event.type !== 'hello'))).not.toContain('q=secret');
  });
});

// The SDK has a tool runner since openai 3; the newest interpreter has that or a newer one.
it('measures functions that the tool runner of the openai package runs, with what they do inside', async () => {
  expect(newest.openai).toBeGreaterThanOrEqual(3);
  const env = { TOOL_URL: `${server.address}/tool`, OPENAI_BASE_URL: `${server.routeUrl}/v1` };
  const bare = await program(newest, 'runner.py', { ...env, OPENAI_BASE_URL: `${server.address}/v1` });
  expect(bare).toMatchObject({ exit: 0, stdout: 'done\n' });
  server.arrived.length = 0;
  const hooked = await program(newest, 'runner.py', { ...env, ...session.env() });
  expect(hooked).toEqual(bare);

  const marked = markedLines('runner.py');
  const [tool, inside] = session.spans();
  expect(tool?.start).toMatchObject({ kind: 'tool', source: 'toolRunner', name: 'lookup', callId: 'call1', parent: null });
  expect(tool?.start.frames.slice(0, 2).map((frame) => frame.line)).toEqual([marked.get('lookup')?.[0], marked.get('run')?.[0]]);
  expect(tool?.ends).toMatchObject([{ status: 'ok', resultBytes: 'page /tool/insidex'.length }]);
  expect(inside?.start).toMatchObject({ source: 'http', name: 'lookup' });
  // Where functions are measured, the tool's own stands between.
  const between = session.functions().find(({ start }) => start.id === inside?.start.parent);
  expect(between === undefined ? inside?.start.parent : between.start.parent).toBe(tool?.start.id);
  expect(inside?.start.frames[0]?.line).toBe(marked.get('inside')?.[0]);
  expect(server.arrived.map((call) => [call.tag?.frames[0]?.line, call.tag?.parent])).toEqual([
    [marked.get('run')?.[0], null],
    [marked.get('run')?.[0], null],
  ]);
});

it('keeps secrets in command lines and paths out of the event files', async () => {
  const code = 'import os, urllib.request as u; u.urlopen(os.environ["TOOL_URL"] + "/bot12345:AAExampleToken0123456789/send").read()';
  await python(newest.executable, ['-c', code, '--api-key=sk-example-0123456789'], { ...session.env(), TOOL_URL: `${server.address}/tool` });
  const [span] = session.spans();
  expect(span?.start.detail).toBe(`GET ${new URL(server.address).host}/tool/…/send`);
  expect(span?.start.frames).toMatchObject([{ file: '<string>', line: 1, function: '<module>' }]);
  expect(JSON.stringify(session.events())).not.toMatch(/sk-example|AAExample/);
});

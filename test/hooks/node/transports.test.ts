import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { closedUrl } from '../../fixtures/freePort.ts';
import { fullServer } from '../../fixtures/fullServer.ts';
import { HookedRuns, bareEnvironment, lineOf, programs, runProgram, spansOf } from './harness.ts';
import { ModelServer } from './modelServer.ts';
import { NODE_MAJORS, findNode, type NodeMajor } from './nodes.ts';

const runs = new HookedRuns();
const nodes = new Map<NodeMajor, string>();
let route: ModelServer;
let upstream: ModelServer;
let refusing: string;

beforeAll(async () => {
  await runs.build();
  route = await ModelServer.start();
  upstream = await ModelServer.start();
  refusing = await closedUrl();
  for (const major of NODE_MAJORS) nodes.set(major, await findNode(major));
}, 600_000);
afterAll(async () => {
  await route.close();
  await upstream.close();
  runs.remove();
});

const FETCH = ['string', 'url', 'request', 'request-init', 'streaming-body', 'headers', 'response-url'];
const HTTP = ['http-string', 'http-url', 'http-options', 'http-array', 'http-agent'];
const HTTPS = ['https-fetch', 'https-agent', 'https-plain'];

/** A process in the place of the profiler that is killed by the first request that it gets, once it has answered as far as the request's path says. */
class DyingProxy {
  readonly url: string;
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.url = `http://127.0.0.1:${port}`;
    this.pid = child.pid ?? 0;
  }

  static async start(node: string): Promise<DyingProxy> {
    const code = `
      const server = require('net').createServer((socket) => {
        let text = '';
        const die = () => process.kill(process.pid, 'SIGKILL');
        socket.setEncoding('utf8').on('data', (part) => {
          text += part;
          if (text.includes('"answered"')) socket.write('HTTP/1.1 200 OK\\r\\ncontent-length: 10\\r\\n\\r\\nhel', () => setTimeout(die, 50));
          // Whole, or as much of it as will come.
          else if (/"(?:end|chunks|array|signal|timeout|destroyed|unfinished)"/.test(text)) setTimeout(die, 50);
        });
      });
      server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
    const child = spawn(node, ['-e', code], { env: bareEnvironment(), stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    return new DyingProxy(child, Number(port.toString()));
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

describe.each(NODE_MAJORS)('Node %i', (major) => {
  it('redirects LLM requests of fetch and http to the proxy, however they are made', async () => {
    const node = nodes.get(major) ?? '';
    const base = `${upstream.url}/odd/api/v1`;
    const bare = await runProgram(node, ['transports.mjs'], { ...bareEnvironment(), BASE_URL: base });
    expect(bare).toMatchObject({ code: 0, stderr: '' });
    route.seen.length = 0;
    upstream.seen.length = 0;
    const hooked = await runProgram(node, ['transports.mjs'], { ...runs.environment(`${route.url}/TOKEN`), BASE_URL: base });
    expect(hooked).toEqual(bare);
    expect(upstream.seen).toEqual([]);
    const chats = route.seen.filter(({ method }) => method === 'POST');
    expect(chats.map(({ prompt }) => prompt)).toEqual([...FETCH, ...HTTP]);
    for (const { prompt, url, origin, tag, headers } of chats) {
      expect([prompt, url, origin]).toEqual([prompt, '/TOKEN/v1/chat/completions?api-version=1', base]);
      expect([prompt, tag?.frames[0]]).toMatchObject([prompt, { file: join(programs, 'transports.mjs'), line: lineOf('transports.mjs', prompt) }]);
      expect(headers.host).toBe(new URL(route.url).host);
    }
    expect(chats.filter(({ headers }) => headers['x-mine'] === 'yes').map(({ prompt }) => prompt)).toEqual(['string', 'url', 'request', 'request-init', 'headers', 'response-url', 'http-array']);
    expect(route.seen.find(({ method }) => method === 'GET')).toMatchObject({ url: '/TOKEN/v1/models', origin: base });
  });

  // Node 20 has no process.getBuiltinModule in all of its releases.
  it.each(major === 20 ? ['import', 'require', 'secure'] : ['import', 'require', 'builtin', 'secure'])('sees what is done with Node’s modules that a program gets by %s', async (way) => {
    const node = nodes.get(major) ?? '';
    const environment = { BASE_URL: `${upstream.url}/v1`, WAY: way };
    const bare = await runProgram(node, ['ways.mjs'], { ...bareEnvironment(), ...environment });
    expect(bare).toEqual({ stdout: '200\ntrue\n', stderr: '', code: 0 });
    route.seen.length = 0;
    const hooked = { ...runs.environment(`${route.url}/TOKEN`), ...environment };
    expect(await runProgram(node, ['ways.mjs'], hooked)).toEqual(bare);
    expect(route.seen.map(({ prompt, tag }) => [prompt, tag?.frames[0]?.file])).toEqual([[way, join(programs, 'ways.mjs')]]);
    expect(spansOf(runs.events(hooked)).filter(({ source }) => source === 'process').map(({ frames }) => frames[0]?.file)).toEqual([join(programs, 'ways.mjs')]);
  });

  it('redirects https, with an agent of its own too, to the proxy in plain http', async () => {
    route.seen.length = 0;
    const environment = { ...runs.environment(`${route.url}/TOKEN`), BASE_URL: `${upstream.url}/v1`, HTTPS_BASE_URL: 'https://llm.test:8443/v1' };
    const hooked = await runProgram(nodes.get(major) ?? '', ['transports.mjs'], environment);
    expect(hooked).toMatchObject({ code: 0, stderr: '' });
    const secure = route.seen.filter(({ origin }) => origin === 'https://llm.test:8443/v1');
    expect(secure.map(({ prompt, tag }) => [prompt, tag?.frames[0]?.line])).toEqual(HTTPS.map((prompt) => [prompt, lineOf('transports.mjs', prompt)]));
    expect(secure.map(({ headers }) => headers.host)).toEqual(HTTPS.map(() => new URL(route.url).host));
  });

  it('records other requests and child processes as tools', async () => {
    const node = nodes.get(major) ?? '';
    const extra = { WEB_URL: upstream.url, CLOSED_URL: refusing };
    const bare = await runProgram(node, ['webTools.mjs'], { ...bareEnvironment(), ...extra, OPENAI_BASE_URL: `${upstream.url}/v1` });
    expect(bare).toMatchObject({ code: 0, stderr: '' });
    route.seen.length = 0;
    const environment = { ...runs.environment(`${route.url}/TOKEN`), ...extra };
    const hooked = await runProgram(node, ['webTools.mjs'], environment);
    expect(hooked).toEqual(bare);

    const spans = spansOf(runs.events(environment));
    const host = new URL(upstream.url).host;
    const shown = (source: string) => spans.filter((span) => span.source === source).map(({ kind, name, detail, ended }) => [kind, name, detail, ended?.status, ended?.error]);
    expect(shown('http')).toEqual([
      ['tool', 'search', `GET ${host}/wiki/page`, 'ok', null],
      ['tool', 'slow', `GET ${host}/wiki/slow`, 'ok', null],
      ['tool', 'moved', `GET ${host}/wiki/moved`, 'ok', null],
      ['tool', 'missing', `GET ${host}/wiki/missing`, 'error', 'HTTP 404'],
      ['tool', 'refused', `GET ${new URL(refusing).host}/`, 'error', 'ECONNREFUSED'],
      ['tool', 'cancelled', `GET ${host}/wiki/slow`, 'cancelled', expect.any(String)],
      ['tool', 'classic', `GET ${host}/wiki/slow`, 'ok', null],
      ['tool', 'classicRefused', `GET ${new URL(refusing).host}/`, 'error', 'ECONNREFUSED'],
    ]);
    for (const name of ['slow', 'classic']) {
      const span = spans.find((one) => one.name === name);
      expect(span?.ended?.resultBytes).toBe(10);
      // Until the body's second half, and not only its head.
      expect((span?.ended?.t ?? 0) - (span?.t ?? 0)).toBeGreaterThan(140);
    }
    expect(spans.find(({ name }) => name === 'search')?.frames[0]).toMatchObject({ file: join(programs, 'webTools.mjs'), line: lineOf('webTools.mjs', 'fetch') });
    expect(spans.find(({ name }) => name === 'classic')?.frames[0]).toMatchObject({ line: lineOf('webTools.mjs', 'http') });
    expect(shown('process').map(([kind, , ...rest]) => [kind, ...rest])).toEqual([
      ['tool', 'echo exec', 'ok', null],
      ['tool', 'node', 'ok', null],
      ['tool', 'node', 'error', 'exit code 3'],
      ['tool', 'no-such-program-here', 'error', 'could not be started'],
      ['tool', 'echo sync', 'ok', null],
      ['tool', 'node', 'ok', null],
      ['tool', 'node', 'error', 'exit code 4'],
      ['tool', expect.stringMatching(/^node /), 'ok', null],
    ]);
    const lines = spans.filter(({ source }) => source === 'process').map(({ frames }) => frames[0]?.line);
    for (const site of ['exec', 'spawn', 'execSync', 'fork']) expect(lines).toContain(lineOf('webTools.mjs', site));
    expect(JSON.stringify(spans)).not.toContain('secret');
    // The forked child is hooked as well.
    expect(route.calls.map(({ prompt, tag }) => [prompt, tag?.frames[1]?.line])).toEqual([['child', lineOf('child.cjs', 'child-caller')]]);
    expect(runs.eventFiles(environment).size).toBeGreaterThan(1);
  });

  it('watches requests over HTTP/2, and says of those to a model that they are not routed', async () => {
    const node = nodes.get(major) ?? '';
    const bare = await runProgram(node, ['http2.mjs'], bareEnvironment());
    expect(bare).toMatchObject({ code: 0, stderr: '', stdout: 'said said\nrefused\nNGHTTP2_INTERNAL_ERROR\nsaid\n' });
    const environment = runs.environment(`${route.url}/TOKEN`);
    expect(await runProgram(node, ['http2.mjs'], environment)).toEqual(bare);
    const events = runs.events(environment);
    const spans = spansOf(events).filter(({ source }) => source === 'http');
    expect(spans.map(({ kind, name, detail, ended }) => [kind, name, detail?.replace(/:\d+/, ''), ended?.status, ended?.error])).toEqual([
      ['tool', 'ask', 'GET 127.0.0.1/page', 'ok', null],
      ['tool', 'ask', 'GET 127.0.0.1/missing', 'error', 'HTTP 404'],
      ['tool', expect.stringMatching(/^127\.0\.0\.1:\d+$/), 'GET 127.0.0.1/never', 'cancelled', expect.any(String)],
      ['tool', expect.stringMatching(/^127\.0\.0\.1:\d+$/), 'GET 127.0.0.1/reset', 'error', 'HTTP/2 stream closed with error code 2'],
      ['other', 'ask', 'POST 127.0.0.1/v1/chat/completions (model call, not routed: over HTTP/2)', 'ok', null],
    ]);
    expect(spans[0]?.frames.map(({ line }) => line).slice(0, 2)).toEqual([lineOf('http2.mjs', 'request'), lineOf('http2.mjs', 'lookup')]);
    expect(spans[4]?.frames.map(({ line }) => line)).toContain(lineOf('http2.mjs', 'model'));
    expect(events.filter(({ type }) => type === 'note')).toMatchObject([{ code: 'not-routed', message: expect.stringContaining('HTTP/2') as string }]);
  });

  it.each(['fetch', 'http'])('goes direct when the proxy is gone (%s)', async (kind) => {
    const send =
      kind === 'fetch'
        ? `fetch(url, { method: 'POST', body }).then((r) => r.status)`
        : `new Promise((done) => require('http').request(url, { method: 'POST' }, (r) => { r.resume(); done(r.statusCode); }).on('error', (e) => done(e.code)).end(body))`;
    const program = `
      const body = JSON.stringify({ messages: [{ role: 'user', content: 'direct' }] });
      (async () => {
        for (const url of [process.env.BASE_URL + '/chat/completions', process.env.OPENAI_BASE_URL + '/chat/completions', process.env.BASE_URL + '/chat/completions'])
          console.log(await ${send});
      })();`;
    const run = async (changes: Parameters<HookedRuns['environment']>[1]) => {
      upstream.seen.length = 0;
      const environment = { ...runs.environment(`${refusing}/TOKEN`, changes), BASE_URL: `${upstream.url}/own/v1` };
      const { stdout } = await runProgram(nodes.get(major) ?? '', ['-e', program], environment);
      return [stdout.trim().split('\n'), upstream.seen.map(({ url, tag, origin }) => [url, tag, origin])];
    };
    const direct = (url: string) => [url, null, null];
    const all = [direct('/own/v1/chat/completions'), direct('/fall/v1/chat/completions'), direct('/own/v1/chat/completions')];
    const fixed = { backend: 'fixed', fallbackUrl: `${upstream.url}/fall/v1` } as const;
    // The profiler's process has ended: noticed before anything is sent.
    expect(await run({ ...fixed, profilerPid: 2 ** 22 + 1 })).toEqual([['200', '200', '200'], all]);
    // It lives, but nobody listens: what was refused is sent again, and what follows goes direct.
    expect(await run(fixed)).toEqual([['200', '200', '200'], all]);
    // A simulated server has no substitute: the program must not start to spend money elsewhere.
    const [simulated, seen] = await run({ backend: 'sim', profilerPid: 2 ** 22 + 1 });
    expect(seen).toEqual([]);
    expect(simulated).toEqual(kind === 'fetch' ? [''] : ['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED']);
  });

  it.each(['fetch', 'http'])('sends past a proxy that can hold no more connections what that cut, says so, and comes back to it (%s)', async (kind) => {
    const send =
      kind === 'fetch'
        ? `fetch(url, { method: 'POST', body }).then((r) => r.text())`
        : `new Promise((done) => require('http').request(url, { method: 'POST', agent: false }, (r) => { r.resume(); done(r.statusCode); }).on('error', (e) => done(e.code)).end(body))`;
    const program = `
      const url = process.env.OPENAI_BASE_URL + '/chat/completions';
      const body = JSON.stringify({ messages: [{ role: 'user', content: 'x' }] });
      (async () => { for (let i = 0; i < 3; i++) await ${send}; })();`;
    // The call, and the look whether anybody is there.
    const full = await fullServer(Number(new URL(route.url).port));
    route.seen.length = 0;
    upstream.seen.length = 0;
    try {
      const environment = runs.environment(`${full.url}/TOKEN`, { backend: 'fixed', fallbackUrl: `${upstream.url}/v1` });
      expect(await runProgram(nodes.get(major) ?? '', ['-e', program], environment)).toMatchObject({ code: 0, stderr: '' });
      expect(upstream.seen.map(({ tag }) => tag)).toEqual([null]);
      expect(route.seen.map(({ tag }) => tag !== null)).toEqual([true, true]);
      expect(runs.events(environment).filter(({ type }) => type === 'note')).toMatchObject([{ code: 'calls-past-profiler', message: expect.stringContaining('ulimit -n') as string }]);
    } finally {
      full.close();
    }
  });

  it('sends a request of http that was under way again when the profiler dies, if that is not too late', async () => {
    const node = nodes.get(major) ?? '';
    const ask = async (how: string) => {
      const dying = await DyingProxy.start(node);
      upstream.seen.length = 0;
      try {
        const environment = { ...runs.environment(`${dying.url}/TOKEN`, { backend: 'direct', profilerPid: dying.pid }), BASE_URL: `${upstream.url}/v1` };
        return [await runProgram(node, ['underway.cjs', how], environment), upstream.seen.map(({ prompt, headers, tag }) => [prompt, headers['x-mine'], headers['content-length'] !== undefined, headers.host, tag])];
      } finally {
        dying.stop();
      }
    };
    const bare = async (how: string) => {
      upstream.seen.length = 0;
      const outcome = await runProgram(node, ['underway.cjs', how], { ...bareEnvironment(), BASE_URL: `${upstream.url}/v1` });
      return [outcome, upstream.seen.map(({ prompt, headers, tag }) => [prompt, headers['x-mine'], headers['content-length'] !== undefined, headers.host, tag])];
    };
    for (const how of ['end', 'chunks', 'array', 'signal', 'timeout']) {
      const expected = await bare(how);
      expect(expected, how).toMatchObject([{ code: 0, stderr: '' }, [[how, 'kept', how !== 'chunks', new URL(upstream.url).host, null]]]);
      expect(await ask(how), how).toEqual(expected);
    }
    // The model has begun to answer, the program has given up, or has not sent all: as before.
    for (const [how, stdout] of [['answered', 'hel ECONNRESET'], ['destroyed', 'mine close'], ['unfinished', 'ECONNRESET close']]) {
      const [outcome, seen] = await ask(how ?? '');
      expect([how, outcome, seen]).toEqual([how, { code: 0, stdout: `${stdout}\n`, stderr: '' }, []]);
    }
  });
});

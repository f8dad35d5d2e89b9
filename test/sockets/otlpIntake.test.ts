/** Exports of traces over real sockets: taken, answered in their own words, held to limits. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { collectorListens } from '../../src/instrument/collector.ts';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { jsonAnswer } from './scriptedUpstream.ts';

const traces = Buffer.from(readFileSync(join(import.meta.dirname, '../fixtures/otlp/traces.b64'), 'utf8'), 'base64');
const ANSWER = { id: 'r1', object: 'chat.completion', model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }], usage: { prompt_tokens: 10, completion_tokens: 5 } };

let fixture: ProxyFixture | null = null;
afterEach(async () => {
  await fixture?.close();
  fixture = null;
});

async function start(options: Parameters<typeof startFixture>[1] = {}): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  fixture = await startFixture((_, socket) => void socket.write(jsonAnswer(200, ANSWER)), options);
  const { port, token } = fixture;
  return (path, init = {}) => fetch(`http://127.0.0.1:${port}${token}${path}`, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body: traces, ...init });
}

const spans = () => fixture!.lines.filter((line) => line.type === 'traceSpan');
const json = { 'content-type': 'application/json' };

describe('an export', () => {
  it('is recorded, and answered with an empty response of its own kind', async () => {
    const post = await start();
    const answer = await post('/otlp/v1/traces');
    expect([answer.status, answer.headers.get('content-type'), (await answer.arrayBuffer()).byteLength]).toEqual([200, 'application/x-protobuf', 0]);
    expect(spans()).toHaveLength(3);
    const other = await post('/otlp/v1/traces', { headers: json, body: '{"resourceSpans":[]}' });
    expect([other.status, other.headers.get('content-type'), await other.text()]).toEqual([200, 'application/json', '{}']);
  });

  it('may be compressed, chunked, and sent to the bare address', async () => {
    const post = await start();
    const compressed = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' };
    expect((await post('/otlp', { headers: compressed, body: gzipSync(traces) })).status).toBe(200);
    const stream = new ReadableStream({
      start(controller) {
        for (let at = 0; at < traces.length; at += 100) controller.enqueue(traces.subarray(at, at + 100));
        controller.close();
      },
    });
    expect((await post('/otlp/', { body: stream, duplex: 'half' })).status).toBe(200);
    expect(spans()).toHaveLength(6);
  });

  it('of logs and metrics is taken and left', async () => {
    const post = await start();
    for (const signal of ['logs', 'metrics']) expect((await post(`/otlp/v1/${signal}`)).status).toBe(200);
    expect(spans()).toEqual([]);
  });

  it('that is partly unusable is told so', async () => {
    const post = await start();
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 'x' }, {}] }] }] });
    expect(await (await post('/otlp/v1/traces', { headers: json, body })).json()).toEqual({ partialSuccess: { rejectedSpans: '2', errorMessage: expect.any(String) as unknown } });
  });

  it('that cannot be read is refused in its own words, and the connection goes on', async () => {
    const post = await start();
    const bad = await post('/otlp/v1/traces', { headers: json, body: '{' });
    expect(bad.status).toBe(400);
    expect(await bad.json()).toEqual({ code: 3, message: expect.stringMatching(/not JSON/) as unknown });
    const binary = await post('/otlp/v1/traces', { body: Buffer.from('hello') });
    expect([binary.status, Buffer.from(await binary.arrayBuffer()).toString('latin1')]).toEqual([400, expect.stringContaining('not a protobuf')]);
    expect((await post('/otlp/v1/traces')).status).toBe(200);
  });

  it('of more than 64 MiB is refused, whether it says so or not', async () => {
    const post = await start();
    const large = Buffer.alloc(64 * 1024 * 1024 + 1);
    const refusal = async (init: RequestInit) => {
      try {
        return (await post('/otlp/v1/traces', init)).status;
      } catch {
        // The answer came, and the connection went, while the rest was still being sent.
        return 413;
      }
    };
    expect(await refusal({ body: large })).toBe(413);
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(large.subarray(0, 1024 * 1024));
      },
    });
    expect(await refusal({ body: stream, duplex: 'half' })).toBe(413);
    expect(spans()).toEqual([]);
  });

  it.each(['GET', 'PUT'])('by %s, under another path or without the token is no export', async (method) => {
    const post = await start();
    expect((await post('/otlp/v1/traces', { method, ...(method === 'GET' ? { body: null } : {}) })).status).toBe(404);
    expect((await post('/otlp/v1/profiles')).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${fixture!.port}/otlp/v1/traces`, { method: 'POST', body: traces })).status).toBe(404);
    expect((await post('/otlp/v1/traces', { headers: { 'content-type': 'application/x-protobuf', origin: 'https://evil.example' } })).status).toBe(404);
  });
});

describe('calls', () => {
  it('have the answer’s id, by which traces are joined', async () => {
    await start();
    await fixture!.proxied('POST', '/v1/chat/completions', '{"model":"m","messages":[]}');
    expect(await fixture!.ends(1)).toMatchObject([{ responseId: 'r1' }]);
  });

  it('of a program without a hook are recorded under the name that it sends, which goes no further', async () => {
    await start();
    await fixture!.proxied('POST', '/v1/chat/completions', '{"model":"m","messages":[]}', { 'x-agent-cost-program': 'billing' });
    await fixture!.ends(1);
    expect(fixture!.calls()[0]).toMatchObject({ pid: null, frames: [], unattributed: expect.stringMatching(/on the wire only.*“billing”/) as unknown });
    expect(Object.keys(fixture!.upstream.requests[0]!.headers).some((name) => name.toLowerCase().startsWith('x-agent-cost'))).toBe(false);
  });
});

describe('listening', () => {
  const asked = (host: string) => fetch(`http://127.0.0.1:${fixture!.port}${fixture!.token}/v1/models`, { headers: { host } }).then(({ status }) => status);

  it('is on loopback, and answers to its names alone', async () => {
    await start();
    expect(fixture!.proxy.routeUrl).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect(await rawStatus('evil.example')).toBe(404);
    expect(await asked('localhost')).toBe(200);
  });

  it('elsewhere, when asked for, answers to any name, but only with the token', async () => {
    await start({ listen: '0.0.0.0' });
    expect(fixture!.proxy.routeUrl).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect(await rawStatus('host.docker.internal:8080')).toBe(200);
    expect((await fetch(`http://127.0.0.1:${fixture!.port}/v1/models`)).status).toBe(404);
  });

  /** `fetch` does not let the host be chosen. */
  async function rawStatus(host: string): Promise<number> {
    const { exchange } = await import('./rawClient.ts');
    const { statusLine } = await exchange(fixture!.port, Buffer.from(`GET ${fixture!.token}/v1/models HTTP/1.1\r\nhost: ${host}\r\n\r\n`));
    return Number(statusLine.split(' ')[1]);
  }
});

it('a collector that listens already is found', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  expect(await collectorListens([port])).toBe(true);
  await new Promise((resolve) => server.close(resolve));
  expect(await collectorListens([port])).toBe(false);
});

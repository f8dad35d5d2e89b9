/** The proxy serves the holder of its secret route, and tells nobody else anything. */
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { exchange, requestBytes } from './rawClient.ts';
import { jsonAnswer, startUpstream } from './scriptedUpstream.ts';

let fixture: ProxyFixture | null = null;
afterEach(async () => {
  await fixture?.close();
  fixture = null;
});

const answering = () => startFixture((_request, socket) => void socket.write(jsonAnswer(200, { object: 'list', data: [] })));

async function status(method: string, path: string, host: string, headers: Record<string, string> = {}): Promise<string> {
  const answer = await exchange(fixture!.port, requestBytes(method, path, host, null, headers));
  return answer.statusLine.split(' ')[1]!;
}

describe('the route', () => {
  it('lets in who knows the token, under any name of loopback', async () => {
    fixture = await answering();
    for (const host of ['localhost', `127.0.0.1:${fixture.port}`, '[::1]:80', 'LOCALHOST:1']) expect(await status('GET', `${fixture.token}/v1/models`, host)).toBe('200');
  });

  it('is closed to everything else, with the same few words', async () => {
    fixture = await answering();
    const { token } = fixture;
    const wrong = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
    const refused: [string, string, Record<string, string>?][] = [
      ['/', 'localhost'],
      ['/v1/models', 'localhost'],
      [`${wrong}/v1/models`, 'localhost'],
      [`${token.slice(0, 5)}/v1/models`, 'localhost'],
      [token, 'localhost'],
      [`${token}/`, 'localhost'],
      [`${token}/metrics`, 'localhost'],
      [`${token}x/v1/models`, 'localhost'],
      [`${token}/v1`, 'localhost'],
      [`${token}/v1/models`, 'evil.example'],
      [`${token}/v1/models`, `127.0.0.1.evil.example:${fixture.port}`],
      [`${token}/v1/models`, 'localhost', { origin: 'http://localhost:3000' }],
      [`${token}/v1/models`, 'localhost', { origin: 'null' }],
      [`${token}/v1/../metrics`, 'localhost'],
      [`${token}/v1/..`, 'localhost'],
      [`${token}/v1/%2e%2e/metrics`, 'localhost'],
      [`${token}/v1/%2E./metrics`, 'localhost'],
      [`${token}/v1/a%2f..%2fmetrics`, 'localhost'],
      [`${token}/v1/a\\..\\metrics`, 'localhost'],
      [`http://127.0.0.1:${fixture.upstream.port}/v1/models`, 'localhost'],
      [`http://localhost${token}/v1/models`, 'localhost'],
      ['*', 'localhost'],
    ];
    const bodies = new Set<string>();
    for (const [path, host, headers] of refused) {
      const answer = await exchange(fixture.port, requestBytes('GET', path, host, null, headers));
      expect(`${path} ${answer.statusLine}`).toMatch(/ 404 /);
      bodies.add(answer.body.toString());
    }
    expect([...bodies]).toEqual(['{"error":{"message":"Not Found","type":"not_found","param":null,"code":404}}']);
    expect(fixture.upstream.requests).toEqual([]);
    expect(fixture.lines.filter(({ type }) => type === 'call')).toEqual([]);
  });

  it('makes no tunnel', async () => {
    fixture = await answering();
    const text = await new Promise<string>((resolve) => {
      let received = '';
      const socket = connect({ port: fixture!.port, host: '127.0.0.1' }, () => socket.write(`CONNECT 127.0.0.1:${fixture!.upstream.port} HTTP/1.1\r\nhost: localhost\r\n\r\n`));
      socket.on('data', (bytes) => (received += bytes.toString())).on('close', () => resolve(received)).on('error', () => resolve(received));
    });
    expect(text).not.toContain(' 200 ');
    expect(fixture.upstream.sockets.size).toBe(0);
  });

  it('refuses a request whose length is told in two ways', async () => {
    fixture = await answering();
    const answer = await exchange(fixture.port, Buffer.from(`POST ${fixture.token}/v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET`));
    expect(answer.statusLine).toContain('400');
    expect(fixture.upstream.requests).toEqual([]);
  });
});

describe('the server that a program meant', () => {
  it('is called when the backend is direct, at the base that it named', async () => {
    const elsewhere = await startUpstream((_request, socket) => void socket.write(jsonAnswer(200, { here: true })));
    fixture = await startFixture((_request, socket) => void socket.write(jsonAnswer(200, { here: false })), { direct: true });
    const origin = `http://127.0.0.1:${elsewhere.port}/openai/deployments/x`;
    const answer = await fixture.proxied('POST', '/v1/chat/completions?api-version=2', '{}', { 'x-agent-cost-origin': origin });
    expect(fixture.calls().at(-1)?.server).toBe(`127.0.0.1:${elsewhere.port}`);
    expect(answer.body.toString()).toBe('{"here":true}');
    expect(elsewhere.requests[0]!.path).toBe('/openai/deployments/x/chat/completions?api-version=2');
    expect((await fixture.proxied('POST', '/v1/chat/completions', '{}')).body.toString()).toBe('{"here":false}');
    await fixture.ends(2);
    expect(fixture.calls()[0]!.path).toBe('/v1/chat/completions');
    await elsewhere.close();
  });

  it('is not called when the backend is fixed, is no http, or is the profiler itself', async () => {
    fixture = await startFixture((_request, socket) => void socket.write(jsonAnswer(200, { fixed: true })), { direct: true });
    for (const origin of ['file:///etc/passwd', 'nonsense', `http://127.0.0.1:${fixture.port}/v1`, `http://localhost:${fixture.port}`]) {
      expect((await fixture.proxied('POST', '/v1/chat/completions', '{}', { 'x-agent-cost-origin': origin })).statusLine).toContain('400');
    }
    expect(fixture.upstream.requests).toEqual([]);
    await fixture.close();
    fixture = await answering();
    await fixture.proxied('POST', '/v1/chat/completions', '{}', { 'x-agent-cost-origin': 'http://127.0.0.1:9/v1' });
    expect(fixture.upstream.requests).toHaveLength(1);
  });
});

describe('who called', () => {
  it('is read from the hook’s header, with the SDK’s retries counted', async () => {
    fixture = await answering();
    const tag = { v: 1, id: '7-main-1', pid: 7, thread: 'main', frames: [{ file: '/a.py', line: 3, column: null, function: 'f' }], unattributed: null, parent: '7-s1' };
    await fixture.proxied('POST', '/v1/chat/completions', '{}', { 'x-agent-cost-call': JSON.stringify(tag), 'x-stainless-retry-count': '2' });
    await fixture.proxied('POST', '/v1/chat/completions', '{}', { 'x-agent-cost-call': JSON.stringify({ ...tag, frames: [], unattributed: 'no user frame' }) });
    await fixture.proxied('POST', '/v1/chat/completions', '{}', { 'x-agent-cost-call': JSON.stringify({ ...tag, frames: [{ file: 1 }] }) });
    await fixture.proxied('POST', '/v1/chat/completions', '{}');
    await fixture.ends(4);
    const [full, frameless, malformed, none] = fixture.calls();
    expect(full).toMatchObject({ pid: 7, thread: 'main', frames: tag.frames, unattributed: null, parent: '7-s1', attempt: 3 });
    expect(frameless).toMatchObject({ pid: 7, frames: [], unattributed: 'no user frame', attempt: 1 });
    expect(malformed).toMatchObject({ pid: null, frames: [] });
    expect(malformed!.unattributed).toContain('could not be read');
    expect(none!.unattributed).toBe('seen on the wire only: the hook was not in the program that made this call');
  });
});

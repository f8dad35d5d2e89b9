/** Servers that speak HTTP/2 alone: by TLS, where that is found out, and without, where it is said. The program's side stays HTTP/1.1. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkBackend } from '../../src/profiler/backendCheck.ts';
import { http2Headers } from '../../src/proxy/http2Request.ts';
import { makeAuthority, makeCertificate } from '../fixtures/certificates.ts';
import { startHttp2Upstream, type Http2Script, type Http2Upstream } from './http2Upstream.ts';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { exchange, requestBytes } from './rawClient.ts';
import { delta, event, jsonAnswer, pause, until, usageEvent } from './scriptedUpstream.ts';

const CHAT = '/v1/chat/completions';
const BODY = JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'x' }] });
const authority = makeAuthority('Corp Root');
const tls = makeCertificate(authority, ['127.0.0.1']);

let folder: string;
let caFile: string;
let upstream: Http2Upstream | null = null;
let fixture: ProxyFixture | null = null;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'h2-'));
  caFile = join(folder, 'corp.pem');
  writeFileSync(caFile, authority.cert);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await fixture?.close();
  await upstream?.close();
  fixture = upstream = null;
});

async function before(script: Http2Script, options: Parameters<typeof startHttp2Upstream>[1] = {}): Promise<{ fixture: ProxyFixture; upstream: Http2Upstream }> {
  upstream = await startHttp2Upstream(script, options);
  fixture = await startFixture((_request, socket) => void socket.write(jsonAnswer(500, {})), { upstreamUrl: upstream.url, caFile });
  return { fixture, upstream };
}

const STREAM = { ':status': 200, 'content-type': 'text/event-stream' };
const words: Http2Script = async ({ body }, stream) => {
  const asked = JSON.parse(body.toString()) as { stream_options?: { include_usage?: boolean } };
  stream.respond(STREAM);
  for (const word of ['a', 'b', 'c']) {
    stream.write(event(delta(word)));
    await pause(5);
  }
  stream.end((asked.stream_options?.include_usage === true ? event(usageEvent(3, 3, null)) : '') + event('[DONE]'));
};
const SAID = ['a', 'b', 'c'].map((word) => event(delta(word))).join('') + event('[DONE]');

describe.each([
  ['by TLS', { tls }],
  ['without TLS', {}],
] as const)('a server of HTTP/2 alone, %s', (_name, place) => {
  it('streams, with usage recorded and hidden, on one session', async () => {
    const { fixture, upstream } = await before(words, place);
    for (let i = 0; i < 3; i++) {
      const answer = await fixture.proxied('POST', CHAT, BODY, { 'X-Odd': 'é', authorization: 'Bearer k' });
      expect([answer.statusLine, answer.broken, answer.body.toString()]).toEqual(['HTTP/1.1 200 OK', false, SAID]);
    }
    const ends = await fixture.ends(3);
    for (const end of ends) expect(end).toMatchObject({ status: 'ok', text: 'abc', usage: { promptTokens: 3, completionTokens: 3 } });
    expect(ends[0]!.chunkGaps).toHaveLength(3);
    expect(upstream.opened()).toBe(1);
    const { headers } = upstream.requests[0]!;
    expect(headers).toMatchObject({ ':method': 'POST', ':path': CHAT, ':authority': `127.0.0.1:${upstream.port}`, ':scheme': place === undefined || !('tls' in place) ? 'http' : 'https', 'x-odd': 'é', authorization: 'Bearer k', 'accept-encoding': 'identity' });
    expect(headers).not.toHaveProperty('connection');
  });

  it('says who it is', async () => {
    const { upstream } = await before(({ headers }, stream) => {
      stream.respond({ ':status': headers[':path'] === '/v1/models' ? 200 : 404, 'content-type': 'application/json' });
      stream.end(JSON.stringify({ object: 'list', data: [{ id: 'm', owned_by: 'vllm' }] }));
    }, place);
    expect(await checkBackend(upstream.url, { model: null, authorization: null, caFile })).toMatchObject({ kind: 'vllm', model: 'm' });
  });
});

describe('over HTTP/2', () => {
  it('many calls share sessions, no more on each than the server takes', async () => {
    let open = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const { fixture, upstream } = await before(async (_request, stream) => {
      most = Math.max(most, ++open);
      await new Promise<void>((resolve) => waiting.push(resolve));
      stream.respond(STREAM);
      stream.end(event(delta('x')) + event('[DONE]'));
      open--;
    }, { settings: { maxConcurrentStreams: 8 } });
    // The first tells how many at once are taken.
    const first = fixture.proxied('POST', CHAT, BODY);
    await until(() => waiting.length === 1, 'the first call');
    const others = Array.from({ length: 23 }, () => fixture.proxied('POST', CHAT, BODY));
    await until(() => waiting.length === 24, 'all calls at once');
    expect([most, upstream.opened()]).toEqual([24, 3]);
    for (const go of waiting) go();
    for (const answer of await Promise.all([first, ...others])) expect(answer.body.toString()).toBe(event(delta('x')) + event('[DONE]'));
    expect((await fixture.ends(24)).every(({ status }) => status === 'ok')).toBe(true);
  });

  it('a client that goes away cancels its stream alone', async () => {
    const closed: [number, number][] = [];
    const { fixture, upstream } = await before((_request, stream, number) => {
      stream.respond(STREAM);
      stream.write(event(delta('x')));
      stream.on('close', () => closed.push([number, stream.rstCode]));
    });
    const stays = connect(fixture.port, '127.0.0.1');
    stays.write(requestBytes('POST', `${fixture.token}${CHAT}`, 'localhost', BODY));
    await until(() => upstream.requests.length === 1, 'the first call');
    await exchange(fixture.port, requestBytes('POST', `${fixture.token}${CHAT}`, 'localhost', BODY), (bytes, socket) => {
      if (bytes.includes('data:')) socket.destroy();
    });
    await until(() => closed.length > 0, 'the stream to be reset');
    expect(closed).toEqual([[2, constants.NGHTTP2_CANCEL]]);
    expect((await fixture.ends(1))[0]).toMatchObject({ status: 'cancelled', id: 'c2' });
    expect([upstream.sessions.size, upstream.opened()]).toEqual([1, 1]);
    stays.destroy();
    await fixture.ends(2);
  });

  it('a slow reader makes the server wait, and no other', async () => {
    const written = new Map<number, number>();
    const piece = 'x'.repeat(16_384);
    const { fixture } = await before(async ({ body }, stream, number) => {
      stream.respond({ ':status': 200, 'content-type': 'text/plain' });
      if (!body.includes('slow')) {
        stream.end('quick');
        return;
      }
      for (let i = 0; i < 4000; i++) {
        written.set(number, (i + 1) * piece.length);
        if (!stream.write(piece)) await new Promise((resolve) => stream.once('drain', resolve));
      }
      stream.end();
    });
    const slow = connect(fixture.port, '127.0.0.1');
    slow.pause();
    slow.write(requestBytes('POST', `${fixture.token}/v1/x`, 'localhost', 'slow'));
    // What was written stands still when all buffers on the way are full.
    let last = -1;
    await until(() => written.size > 0, 'the slow call');
    for (let still = 0; still < 20; ) {
      await pause(20);
      still = written.get(1) === last ? still + 1 : 0;
      last = written.get(1)!;
    }
    expect(last).toBeLessThan(30 * 1024 * 1024);
    expect((await fixture.proxied('POST', '/v1/x', 'quick')).body.toString()).toBe('quick');
    let got = 0;
    slow.on('data', (bytes) => (got += bytes.length)).resume();
    await fixture.ends(2);
    await until(() => got > 4000 * piece.length, 'the rest');
    slow.destroy();
  });

  it('trailers pass, and a length is kept', async () => {
    const { fixture } = await before(({ headers }, stream) => {
      if (headers[':path'] === '/v1/length') {
        stream.respond({ ':status': 201, 'content-type': 'text/plain', 'content-length': '5', 'x-two': ['a', 'b'] });
        stream.end('12345');
        return;
      }
      stream.respond({ ':status': 200, 'content-type': 'text/plain' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': 'abc' }));
      stream.end('body');
    });
    const trailing = await fixture.proxied('POST', '/v1/trailers', '{}');
    expect(trailing.rawBody.toString()).toBe('4\r\nbody\r\n0\r\nx-checksum: abc\r\n\r\n');
    const whole = await fixture.proxied('POST', '/v1/length', '{}');
    expect([whole.statusLine, whole.rawBody.toString(), whole.headers.filter(([name]) => name !== 'date')]).toEqual(['HTTP/1.1 201 Created', '12345', [['content-type', 'text/plain'], ['content-length', '5'], ['x-two', 'a'], ['x-two', 'b']]]);
  });

  it('answers without a body, and words before the answer, are what they are', async () => {
    const { fixture } = await before(({ headers }, stream) => {
      if (headers[':path'] === '/v1/hints') stream.additionalHeaders({ ':status': 103, link: '</a>; rel=preload' });
      stream.respond({ ':status': headers[':method'] === 'DELETE' ? 204 : 200, ...(headers[':method'] === 'HEAD' ? { 'content-length': '7' } : {}) }, { endStream: headers[':method'] !== 'GET' });
      if (headers[':method'] === 'GET') stream.end('{}');
    });
    expect((await fixture.proxied('DELETE', '/v1/x', null, { connection: 'close' })).statusLine).toBe('HTTP/1.1 204 No Content');
    let received = '';
    const socket = connect(fixture.port, '127.0.0.1');
    socket.on('data', (bytes) => (received += bytes.toString('latin1')));
    socket.write(Buffer.concat([requestBytes('HEAD', `${fixture.token}/v1/x`, 'localhost', null), requestBytes('GET', `${fixture.token}/v1/hints`, 'localhost', null)]));
    await until(() => received.endsWith('0\r\n\r\n'), 'both answers');
    socket.destroy();
    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\ncontent-length: 7\r\n[^]*\r\n\r\nHTTP\/1\.1 103 Early Hints\r\nlink: <\/a>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*\r\n2\r\n\{\}\r\n0\r\n\r\n$/);
  });

  it('bodies in chunks and of a length are streamed on', async () => {
    const { fixture, upstream } = await before((_request, stream) => {
      stream.respond({ ':status': 200, 'content-length': '2' });
      stream.end('ok');
    });
    const long = Buffer.alloc(3_000_000, 'y');
    expect((await fixture.proxied('POST', '/v1/files', long)).body.toString()).toBe('ok');
    const chunked = Buffer.from(`POST ${fixture.token}/v1/files HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n`);
    expect((await exchange(fixture.port, chunked)).body.toString()).toBe('ok');
    expect(upstream.requests.map(({ body, headers }) => [body.length, headers['content-length']])).toEqual([[3_000_000, '3000000'], [7, undefined]]);
  });

  it('a request that the server has not looked at is sent again, and sessions that it leaves are followed by new ones', async () => {
    let refuse = true;
    const early = (stream: ServerHttp2Stream): void => {
      if (!refuse) return;
      refuse = false;
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    };
    const { fixture, upstream } = await before(words, { early });
    expect((await fixture.proxied('POST', CHAT, BODY)).body.toString()).toBe(SAID);
    for (const session of upstream.sessions) session.goaway(constants.NGHTTP2_NO_ERROR);
    // It takes its time to arrive.
    while (upstream.opened() < 2) expect((await fixture.proxied('POST', CHAT, BODY)).body.toString()).toBe(SAID);
    expect(fixture.lines.filter((line) => line.type === 'callEnd').every(({ status }) => status === 'ok')).toBe(true);
  });

  it('what is under way ends while the server leaves', async () => {
    let go = (): void => undefined;
    const { fixture, upstream } = await before(async (_request, stream) => {
      stream.respond(STREAM);
      stream.write(event(delta('a')));
      await new Promise<void>((resolve) => (go = resolve));
      stream.end(event('[DONE]'));
    });
    const answer = fixture.proxied('POST', CHAT, BODY);
    await until(() => upstream.requests.length === 1, 'the call');
    for (const session of upstream.sessions) session.close();
    await pause(0);
    go();
    expect((await answer).body.toString()).toBe(event(delta('a')) + event('[DONE]'));
    expect((await fixture.ends(1))[0]).toMatchObject({ status: 'ok' });
  });

  it.each([
    ['a stream that is reset', (stream: ServerHttp2Stream) => stream.destroy(new Error('no more'))],
    ['a session that ends at once', (stream: ServerHttp2Stream) => stream.session!.destroy()],
  ])('%s breaks the answer off, and is recorded as that', async (_name, fail) => {
    const { fixture } = await before(async (_request, stream) => {
      stream.respond(STREAM);
      stream.write(event(delta('a')));
      await pause(20);
      fail(stream);
    });
    const answer = await fixture.proxied('POST', CHAT, BODY);
    expect([answer.broken, answer.body.toString()]).toEqual([true, expect.stringContaining('"content":"a"')]);
    expect((await fixture.ends(1))[0]).toMatchObject({ status: 'error', text: 'a' });
  });

  it('WebSockets are refused in words', async () => {
    const { fixture } = await before(words);
    const answer = await exchange(fixture.port, requestBytes('GET', `${fixture.token}/v1/realtime`, 'localhost', null, { connection: 'Upgrade', upgrade: 'websocket' }));
    expect(answer.statusLine).toContain('502');
    expect(answer.body.toString()).toContain('it speaks HTTP/2 alone, and takes no WebSockets over it');
  });

  it('a server that speaks something else gets a 502 that says so', async () => {
    fixture = await startFixture((_request, socket) => void socket.end('no\r\n'), { upstreamUrl: 'h2c://127.0.0.1:1/v1' });
    expect((await fixture.proxied('POST', CHAT, BODY)).body.toString()).toContain('h2c://127.0.0.1:1/v1 could not be reached (ECONNREFUSED)');
  });
});

it('has the request’s headers in the words of HTTP/2', () => {
  expect(http2Headers('POST /v1/x?a=1 HTTP/1.1\r\nHost: h:1\r\nX-A: 1\r\nx-a: 2\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\nContent-Type: a/b\r\n\r\n', 'http')).toEqual({
    ':method': 'POST', ':scheme': 'http', ':authority': 'h:1', ':path': '/v1/x?a=1', 'x-a': ['1', '2'], 'content-type': 'a/b',
  });
});

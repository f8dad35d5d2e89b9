/** What stands behind the last chunk of a request reaches the server. */
import { afterEach, describe, expect, it } from 'vitest';
import { startHttp2Upstream, type Http2Upstream } from './http2Upstream.ts';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { exchange, unchunk, type RawAnswer } from './rawClient.ts';
import { asksForUsage, jsonAnswer } from './scriptedUpstream.ts';

const BODY = JSON.stringify({ model: 'm', stream: true, messages: [] });
const TRAILERS = 'X-Sum: abc\r\nx-sum: d\xe9f\r\nX-Took:\t1 ms \r\n';

let fixture: ProxyFixture | null = null;
let overHttp2: Http2Upstream | null = null;

afterEach(async () => {
  await fixture?.close();
  await overHttp2?.close();
  fixture = overHttp2 = null;
});

const started = async (options: Parameters<typeof startFixture>[1] = {}): Promise<ProxyFixture> => {
  fixture = await startFixture((_request, socket) => void socket.write(jsonAnswer(200, {})), options);
  return fixture;
};

function send(to: ProxyFixture, path: string, trailers: string, body = BODY): Promise<RawAnswer> {
  const half = body.length >> 1;
  const chunks = [body.slice(0, half), body.slice(half)].map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
  return exchange(to.port, Buffer.from(`POST ${to.token}${path} HTTP/1.1\r\nHost: localhost\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n${trailers}\r\n`, 'latin1'));
}

const behindLastChunk = (body: Buffer): string | undefined => /\r\n0\r\n([^]*)\r\n$/.exec(body.toString('latin1'))?.[1];

describe('a request’s trailers', () => {
  it.each(['/v1/chat/completions', '/v1/files'])('are passed on behind its body, to %s', async (path) => {
    const proxy = await started();
    expect((await send(proxy, path, TRAILERS)).statusLine).toContain('200');
    const [request] = proxy.upstream.requests;
    expect(request!.headers).toMatchObject({ 'transfer-encoding': 'chunked', trailer: 'X-Sum' });
    expect(request!.headers).not.toHaveProperty('content-length');
    expect(behindLastChunk(request!.body)).toBe('X-Sum: abc\r\nx-sum: d\xe9f\r\nX-Took: 1 ms\r\n');
    expect(JSON.parse(unchunk(request!.body)!.toString())).toMatchObject({ model: 'm', stream: true });
    expect(asksForUsage({ ...request!, body: unchunk(request!.body)! })).toBe(path !== '/v1/files');
    expect((await proxy.ends(1))[0]).toMatchObject({ status: 'ok', httpStatus: 200 });
  });

  it('are sent again where a server refuses to tell of usage', async () => {
    const proxy = await started();
    proxy.upstream.script = (_request, socket, number) => void socket.write(number === 1 ? jsonAnswer(400, { error: { message: 'unknown field stream_options' } }) : jsonAnswer(200, {}));
    expect((await send(proxy, '/v1/chat/completions', TRAILERS)).statusLine).toContain('200');
    expect(proxy.upstream.requests.map(({ body }) => behindLastChunk(body)?.startsWith('X-Sum: abc\r\n'))).toEqual([true, true]);
    expect(unchunk(proxy.upstream.requests[1]!.body)!.toString()).toBe(BODY);
  });

  it('do not keep the connection from the next request', async () => {
    const proxy = await started();
    for (let i = 0; i < 2; i++) await send(proxy, '/v1/chat/completions', TRAILERS);
    expect(proxy.upstream.requests).toHaveLength(2);
  });

  it.each(['Content-Length: 3', 'transfer-encoding: chunked', 'Host: elsewhere.test', 'Authorization: Bearer other', 'Content-Encoding: gzip', 'x-agent-cost-call-id: c9', 'Connection: close'])('that belong before the body are not passed on: %s', async (field) => {
    const proxy = await started();
    await send(proxy, '/v1/files', `${field}\r\nX-Sum: abc\r\n`);
    expect(behindLastChunk(proxy.upstream.requests[0]!.body)).toBe('X-Sum: abc\r\n');
  });

  it.each(['no field\r\n', 'X Sum: abc\r\n', ': abc\r\n', 'X-Sum: a\0b\r\n', ' X-Folded: abc\r\n'])('that are none end the connection: %j', async (trailers) => {
    const proxy = await started();
    await expect(send(proxy, '/v1/chat/completions', trailers)).rejects.toThrow('no answer');
    expect(proxy.upstream.requests).toEqual([]);
  });

  it.each(['/v1/chat/completions', '/v1/files'])('go over HTTP/2, to %s', async (path) => {
    const found: unknown[] = [];
    overHttp2 = await startHttp2Upstream((_request, stream) => {
      stream.respond({ ':status': 200, 'content-length': 2 });
      stream.end('{}');
    }, { early: (stream) => void stream.on('trailers', (fields) => found.push({ ...fields })) });
    const proxy = await started({ upstreamUrl: overHttp2.url });
    expect((await send(proxy, path, TRAILERS)).statusLine).toContain('200');
    expect((await send(proxy, path, '')).statusLine).toContain('200');
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ 'x-sum': 'abc, d\xe9f', 'x-took': '1 ms' });
    expect(JSON.parse(overHttp2.requests[0]!.body.toString())).toMatchObject({ model: 'm' });
  });
});

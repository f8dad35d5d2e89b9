/** WebSockets to servers that speak HTTP/2 alone (RFC 8441). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority, makeCertificate } from '../fixtures/certificates.ts';
import { startHttp2Upstream, type Http2Upstream } from './http2Upstream.ts';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { exchange, requestBytes } from './rawClient.ts';
import { until } from './scriptedUpstream.ts';

const HANDSHAKE = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };
/** RFC 6455, section 1.3, has this key and this answer as its example. */
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const GREETING = '{"type":"session.created"}';

const authority = makeAuthority('Corp Root');
const certificate = makeCertificate(authority, ['127.0.0.1']);

let folder: string;
let caFile: string;
let fixture: ProxyFixture;
let upstream: Http2Upstream;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'h2-websocket-'));
  caFile = join(folder, 'corp.pem');
  writeFileSync(caFile, authority.cert);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await fixture.close();
  await upstream.close();
});

/** Starts a server whose streams this is told of as they begin, and the proxy before it. */
async function start(onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void, { takesWebSockets = true, tls = false } = {}): Promise<void> {
  upstream = await startHttp2Upstream(() => undefined, { ...(tls ? { tls: certificate } : {}), settings: { enableConnectProtocol: takesWebSockets }, early: onStream });
  fixture = await startFixture(() => undefined, { upstreamUrl: upstream.url, caFile });
}

/** Agrees, greets, and sends back what it gets. */
const echo = (seen: IncomingHttpHeaders[]) => (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
  seen.push(headers);
  stream.respond({ ':status': 200, 'sec-websocket-protocol': 'realtime' });
  stream.write(Buffer.concat([Buffer.from([0x81, GREETING.length]), Buffer.from(GREETING)]));
  stream.on('data', (bytes: Buffer) => stream.write(bytes));
  stream.on('end', () => stream.end());
};

/** A client that is given what it gets as text of latin1. */
async function open(path: string): Promise<{ socket: Socket; got: () => string }> {
  const socket = connect(fixture.port, '127.0.0.1');
  let got = '';
  socket.on('data', (bytes: Buffer) => (got += bytes.toString('latin1')));
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(requestBytes('GET', `${fixture.token}${path}`, 'localhost', null, { ...HANDSHAKE, 'sec-websocket-protocol': 'realtime' }));
  return { socket, got: () => got };
}

describe('a WebSocket over HTTP/2', () => {
  it.each([['without TLS', false], ['by TLS, to a server that takes nothing else', true]])('%s goes through both ways', async (_name, tls) => {
    const seen: IncomingHttpHeaders[] = [];
    await start(echo(seen), { tls });
    const { socket, got } = await open('/v1/realtime?model=m');
    await until(() => got().endsWith(GREETING), 'the greeting');
    const [head = '', ...rest] = got().split('\r\n\r\n');
    expect(head.split('\r\n')).toEqual(expect.arrayContaining(['HTTP/1.1 101 Switching Protocols', `Sec-WebSocket-Accept: ${ACCEPT}`, 'Upgrade: websocket', 'Connection: Upgrade', 'sec-websocket-protocol: realtime']));
    const long = 'x'.repeat(1_000_000);
    socket.write(long);
    await until(() => got().length >= head.length + 4 + rest.join('').length + long.length, 'the echo');
    expect(got().endsWith(long)).toBe(true);
    expect(seen).toMatchObject([{ ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': tls ? 'https' : 'http', ':path': '/v1/realtime?model=m', 'sec-websocket-version': '13', 'sec-websocket-protocol': 'realtime' }]);
    expect(Object.keys(seen[0]!).filter((name) => /key|upgrade|connection/.test(name))).toEqual([]);
    socket.end();
    expect((await fixture.ends(1))[0]).toMatchObject({ status: 'ok', httpStatus: 101 });
    await until(() => upstream.sessions.size === 0, 'the server’s side to close');
    expect(fixture.proxy.inFlight()).toBe(0);
  });

  it('of a real client opens, and closes when the server ends it', async () => {
    await start((stream) => {
      stream.respond({ ':status': 200 });
      stream.end(Buffer.concat([Buffer.from([0x81, GREETING.length]), Buffer.from(GREETING), Buffer.from([0x88, 0])]));
    });
    const socket = new WebSocket(`ws://127.0.0.1:${fixture.port}${fixture.token}/v1/realtime`);
    const got: string[] = [];
    socket.addEventListener('message', ({ data }) => void got.push(String(data)));
    await new Promise((closed) => socket.addEventListener('close', closed));
    expect(got).toEqual([GREETING]);
    expect((await fixture.ends(1))[0]).toMatchObject({ status: 'ok', httpStatus: 101 });
  });

  it('that the server refuses has its answer, and nothing else gets past the route', async () => {
    const seen: IncomingHttpHeaders[] = [];
    await start((stream, headers) => {
      seen.push(headers);
      stream.respond({ ':status': 403, 'content-type': 'application/json', 'content-length': 15 });
      stream.write('{"error":');
      stream.end('"none"');
    });
    const hidden = requestBytes('GET', '/v1/secret', 'localhost', null);
    const answer = await exchange(fixture.port, Buffer.concat([requestBytes('GET', `${fixture.token}/v1/realtime`, 'localhost', null, HANDSHAKE), hidden]));
    expect([answer.statusLine, answer.body.toString()]).toEqual([expect.stringContaining('403'), '{"error":"none"']);
    expect((await fixture.ends(1))[0]).toMatchObject({ status: 'error', httpStatus: 403 });
    expect(seen.map(({ ':path': path }) => path)).toEqual(['/v1/realtime']);
  });

  it('to a server that takes none over HTTP/2 is answered with why', async () => {
    await start(() => undefined, { takesWebSockets: false });
    const answer = await exchange(fixture.port, requestBytes('GET', `${fixture.token}/v1/realtime`, 'localhost', null, HANDSHAKE));
    expect(answer.statusLine).toContain('502');
    expect(answer.body.toString()).toContain('opened no WebSocket (it speaks HTTP/2 alone, and takes no WebSockets over it)');
    expect((await fixture.ends(1))[0]).toMatchObject({ status: 'error', httpStatus: null });
  });

  it('whose client goes away before the server has agreed is over there, too', async () => {
    let begun = false;
    await start(() => void (begun = true));
    const { socket } = await open('/v1/realtime');
    await until(() => begun, 'the server to be asked');
    socket.destroy();
    expect((await fixture.ends(1))[0]).toMatchObject({ status: 'cancelled' });
    await until(() => upstream.sessions.size === 0, 'the server’s side to close');
  });
});

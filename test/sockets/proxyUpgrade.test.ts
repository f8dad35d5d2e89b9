/** WebSockets and interim answers through the proxy. */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { exchange, requestBytes } from './rawClient.ts';
import { jsonAnswer, until, type Script } from './scriptedUpstream.ts';

let fixture: ProxyFixture;
afterEach(async () => {
  await fixture.close();
});

const HANDSHAKE = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };

/** Agrees to a WebSocket; sends back every frame that it gets, as a server's. */
const echo: Script = (request, socket) => {
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const protocol = request.headers['sec-websocket-protocol'];
  socket.removeAllListeners('data');
  // The greeting comes with the head, as it may.
  socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`}\r\n`), frame(1, Buffer.from('{"type":"session.created"}'))]));
  let held = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    held = Buffer.concat([held, bytes]);
    for (let read = unmasked(held); read !== null; read = unmasked(held)) {
      held = held.subarray(read.bytes);
      socket.write(frame(read.opcode, read.payload));
      if (read.opcode === 8) socket.end();
    }
  });
};

function frame(opcode: number, payload: Buffer): Buffer {
  const head = payload.length < 126 ? Buffer.from([0x80 | opcode, payload.length]) : Buffer.from([0x80 | opcode, 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, payload]);
}

/** The first whole frame of a client's. */
function unmasked(bytes: Buffer): { opcode: number; payload: Buffer; bytes: number } | null {
  if (bytes.length < 2) return null;
  const short = bytes[1]! & 0x7f;
  const at = short === 126 ? 4 : 2;
  if (bytes.length < at + 4) return null;
  const length = short === 126 ? bytes.readUInt16BE(2) : short;
  if (bytes.length < at + 4 + length) return null;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, at + 4 + length).map((byte, index) => byte ^ mask[index % 4]!));
  return { opcode: bytes[0]! & 0xf, payload, bytes: at + 4 + length };
}

describe('a WebSocket', () => {
  it('of a real client goes through both ways, and is recorded when it closes', async () => {
    fixture = await startFixture(echo);
    const socket = new WebSocket(`ws://127.0.0.1:${fixture.port}${fixture.token}/v1/realtime?model=m`, ['realtime']);
    const got: string[] = [];
    socket.addEventListener('message', ({ data }) => void got.push(String(data)));
    await new Promise((opened, failed) => {
      socket.addEventListener('open', opened);
      socket.addEventListener('error', failed);
    });
    const long = 'é'.repeat(5000);
    socket.send('{"type":"response.create"}');
    socket.send(long);
    await until(() => got.length === 3, 'three messages');
    expect(got).toEqual(['{"type":"session.created"}', '{"type":"response.create"}', long]);
    socket.close();
    const [end] = await fixture.ends(1);
    expect(end).toMatchObject({ status: 'ok', httpStatus: 101 });
    expect(end?.responseBytes).toBeGreaterThan(10_000);
    expect(fixture.calls().map(({ method, path, endpoint }) => [method, path, endpoint])).toEqual([['GET', '/v1/realtime', 'opaque']]);
    const [asked] = fixture.upstream.requests;
    expect(asked).toMatchObject({ path: '/v1/realtime?model=m', headers: { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-protocol': 'realtime' } });
    await until(() => fixture.upstream.sockets.size === 0, 'the server’s side to close');
    expect(fixture.proxy.inFlight()).toBe(0);
  });

  it('that the server refuses has its answer, and nothing else gets past the route', async () => {
    fixture = await startFixture((_request, socket) => void socket.write(jsonAnswer(403, { error: { message: 'no realtime here' } })));
    const hidden = requestBytes('GET', '/v1/secret', 'localhost', null);
    const asked = requestBytes('GET', `${fixture.token}/v1/realtime`, 'localhost', null, HANDSHAKE);
    const answer = await exchange(fixture.port, Buffer.concat([asked, hidden]));
    expect(answer.statusLine).toContain('403');
    expect((await fixture.ends(1))[0]).toMatchObject({ status: 'error', httpStatus: 403 });
    expect(fixture.upstream.requests.map(({ path }) => path)).toEqual(['/v1/realtime']);
  });

  it('to nobody is answered with what to do', async () => {
    fixture = await startFixture(echo, { upstreamUrl: 'http://127.0.0.1:1/v1' });
    const answer = await exchange(fixture.port, requestBytes('GET', `${fixture.token}/v1/realtime`, 'localhost', null, HANDSHAKE));
    expect(answer.statusLine).toContain('502');
    expect(answer.body.toString()).toContain('Start the server.');
    expect((await fixture.ends(1))[0]).toMatchObject({ status: 'error' });
  });

  it('is not opened without the token, or from a page in a browser', async () => {
    fixture = await startFixture(echo);
    for (const [path, headers] of [['/wrong/v1/realtime', HANDSHAKE], [`${fixture.token}/v1/realtime`, { ...HANDSHAKE, origin: 'https://evil.example' }]] as const)
      expect((await exchange(fixture.port, requestBytes('GET', path, 'localhost', null, headers))).statusLine).toContain('404');
    expect(fixture.upstream.requests).toEqual([]);
  });

  it.each(['client', 'server'] as const)('ends on both sides when the %s goes away', async (who) => {
    fixture = await startFixture(echo);
    const socket = connect(fixture.port, '127.0.0.1');
    let received = '';
    let closed = false;
    socket.on('data', (bytes) => (received += bytes.toString('latin1'))).on('close', () => (closed = true)).on('error', () => undefined);
    socket.write(requestBytes('GET', `${fixture.token}/v1/realtime`, 'localhost', null, HANDSHAKE));
    await until(() => received.includes('session.created'), 'the greeting');
    if (who === 'client') socket.destroy();
    else for (const side of fixture.upstream.sockets) side.destroy();
    await until(() => closed && fixture.upstream.sockets.size === 0 && fixture.proxy.inFlight() === 0, 'both sides to close');
    expect((await fixture.ends(1))[0]).toMatchObject({ httpStatus: 101 });
  });
});

it('hands on what a server says before its answer', async () => {
  fixture = await startFixture((_request, socket) => void socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n${jsonAnswer(200, {})}`));
  let received = '';
  const socket = connect(fixture.port, '127.0.0.1');
  socket.on('data', (bytes) => (received += bytes.toString('latin1')));
  socket.write(requestBytes('POST', `${fixture.token}/v1/chat/completions`, 'localhost', '{"model":"m","messages":[]}'));
  await until(() => received.endsWith('{}'), 'the answer');
  socket.destroy();
  expect(received).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a>; rel=preload\r\n\r\nHTTP\/1\.1 200 X\r\n/);
});

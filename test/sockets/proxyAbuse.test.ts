/** What no friendly program sends: requests shaped to be read in two ways, heads that never end, connections by the thousand. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { monotonicMs } from '../../src/profiler/clock.ts';
import { ClientConnection } from '../../src/proxy/clientConnection.ts';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { jsonAnswer, until } from './scriptedUpstream.ts';

let fixture: ProxyFixture | null = null;
afterEach(async () => {
  await fixture?.close();
  fixture = null;
});

const answering = (): Promise<ProxyFixture> => startFixture((_request, socket) => void socket.write(jsonAnswer(200, { ok: true })));

/** Everything that comes back until the other side closes. */
function untilClosed(port: number, bytes: Buffer | string): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (part) => (received += part.toString('latin1'))).on('close', () => resolve(received)).on('error', () => resolve(received));
  });
}

const CHUNKED = 'transfer-encoding: chunked\r\n';
const SMUGGLED = '0\r\n\r\nGET /v1/secret HTTP/1.1\r\nhost: localhost\r\n\r\n';

describe('a request that could be read in two ways', () => {
  it.each<[what: string, headers: string, body: string]>([
    ['a length and chunks', `content-length: 4\r\n${CHUNKED}`, SMUGGLED],
    ['chunks and a length', `${CHUNKED}content-length: 4\r\n`, SMUGGLED],
    ['two lengths', 'content-length: 4\r\ncontent-length: 5\r\n', '{}  '],
    ['one length twice', 'content-length: 2\r\ncontent-length: 2\r\n', '{}'],
    ['a list of lengths', 'content-length: 2, 2\r\n', '{}'],
    ['a signed length', 'content-length: +2\r\n', '{}'],
    ['a negative length', 'content-length: -2\r\n', '{}'],
    ['a length in hexadecimal', 'content-length: 0x2\r\n', '{}'],
    ['an endless length', `content-length: ${'9'.repeat(30)}\r\n`, '{}'],
    ['chunks that are named oddly', 'transfer-encoding: xchunked\r\n', SMUGGLED],
    ['chunks behind another coding', 'transfer-encoding: gzip, chunked\r\n', SMUGGLED],
    ['chunks twice', CHUNKED + CHUNKED, SMUGGLED],
    ['chunks behind a vertical tab', 'transfer-encoding: \x0bchunked\r\n', SMUGGLED],
    ['a space before the colon', 'transfer-encoding : chunked\r\n', SMUGGLED],
    ['a header on two lines', 'x-a: 1\r\n transfer-encoding: chunked\r\n', SMUGGLED],
    ['a bare line feed', 'x-a: 1\ntransfer-encoding: chunked\r\n', SMUGGLED],
    ['a bare carriage return', 'x-a: 1\rtransfer-encoding: chunked\r\n', SMUGGLED],
    ['a NUL', 'x-a: 1\x00\r\n', ''],
    ['a header without a name', ': 1\r\n', ''],
    ['two hosts', 'host: evil.example\r\n', ''],
  ])('by %s is answered 400 and closed, and goes nowhere', async (_what, headers, body) => {
    fixture = await answering();
    const text = await untilClosed(fixture.port, Buffer.from(`POST ${fixture.token}/v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n${body}`, 'latin1'));
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text.split('HTTP/1.1 ')).toHaveLength(2);
    expect(fixture.upstream.requests).toEqual([]);
  });

  it.each([
    ['no size', 'x\r\n{}\r\n0\r\n\r\n'],
    ['a size without end', `${'f'.repeat(20)}\r\n{}`],
    ['a bare line feed in an extension', '2;a\n\r\n{}\r\n0\r\n\r\n'],
    ['a chunk longer than its size', '1\r\n{}\r\n0\r\n\r\n'],
    ['a line feed alone behind its size', '2\n{}\r\n0\r\n\r\n'],
  ])('by chunks of %s is closed, and goes nowhere', async (_what, body) => {
    fixture = await answering();
    const text = await untilClosed(fixture.port, `POST ${fixture.token}/v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n${CHUNKED}\r\n${body}`);
    expect(text).not.toContain(' 200 ');
    expect(fixture.upstream.requests).toEqual([]);
  });

  it.each(['GET  /v1/models HTTP/1.1', 'GET /v1/models', 'GET /v1/models HTTP/2.0', 'get /v1/models HTTP/1.1', 'GET\t/v1/models HTTP/1.1', 'PRI * HTTP/2.0', '\x16\x03\x01\x02\x00\x01'])('in its first line (%j) is answered 400 and closed', async (line) => {
    fixture = await answering();
    expect(await untilClosed(fixture.port, `${line}\r\nhost: localhost\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('whose head is without end is answered 400 and closed before it fills the memory', async () => {
    fixture = await answering();
    expect(await untilClosed(fixture.port, `GET ${fixture.token}/v1/models HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(100_000)}`)).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('a connection that keeps one waiting', () => {
  /** A connection as the proxy has it, and whether it is still open. */
  async function waiting(sent: string): Promise<{ connection: ClientConnection; isOpen: () => boolean; close: () => void }> {
    const sockets: Socket[] = [];
    const connections: ClientConnection[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      connections.push(new ClientConnection(socket, () => undefined));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1', () => client.write(sent));
    client.on('error', () => undefined);
    await until(() => (sockets[0]?.bytesRead ?? -1) >= sent.length, 'what was sent');
    return {
      connection: connections[0]!,
      isOpen: () => !sockets[0]!.destroyed,
      close: () => {
        client.destroy();
        server.close();
      },
    };
  }

  it.each([['with a head that does not end', 'GET /x HTTP/1.1\r\nhost: loc', 60_000], ['with nothing', '', 65_000]])('%s is closed in the end', async (_what, sent, limitMs) => {
    const { connection, isOpen, close } = await waiting(sent);
    const now = monotonicMs();
    connection.closeIfStale(now + limitMs - 5000);
    expect(isOpen()).toBe(true);
    connection.closeIfStale(now + limitMs + 5000);
    expect(isOpen()).toBe(false);
    close();
  });
});

it('answers while thousands of connections stand idle, and lets them go when it closes', async () => {
  fixture = await answering();
  const { port } = fixture;
  const idle: Socket[] = [];
  let open = 0;
  for (let n = 0; n < 4000; n++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => open++).on('error', () => undefined).on('close', () => open--);
    idle.push(socket);
    // Not faster than the system's queue of connections takes them.
    if (n % 100 === 99) await until(() => open === n + 1, 'the connections');
  }
  for (const socket of idle.slice(0, 500)) socket.write('POST /');
  expect((await fixture.proxied('POST', '/v1/chat/completions', '{"model":"m","messages":[]}')).statusLine).toContain('200');
  await fixture.close();
  fixture = null;
  await until(() => open === 0, 'the connections to be let go');
}, 120_000);

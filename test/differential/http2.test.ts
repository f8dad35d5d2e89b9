/**
 * The corpus once more with a server that speaks HTTP/2 alone: what the program gets, and what the server gets, say the same as
 * over HTTP/1.1, but for framing, the case of names, and the words behind a status, which HTTP/2 has none of.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startHttp2Upstream, type Http2Upstream } from '../sockets/http2Upstream.ts';
import { startFixture, type ProxyFixture } from '../sockets/proxyFixture.ts';
import { exchange, unchunk } from '../sockets/rawClient.ts';
import { jsonAnswer } from '../sockets/scriptedUpstream.ts';
import { makeExchange, type Exchange } from './corpus.ts';
import { Random } from './random.ts';

const COUNT = Math.ceil(Number(process.env['AGENT_COST_EXCHANGES'] ?? 1000) / 5);
const SEED = Number(process.env['AGENT_COST_SEED'] ?? Date.now() % 1_000_000_007);
const NUMBER_HEADER = 'x-exchange';

const exchanges = Array.from({ length: COUNT }, (_, number) => makeExchange(new Random(SEED + number)));
const received = new Map<number, { method: string; path: string; body: string }>();
let upstream: Http2Upstream;
let fixture: ProxyFixture;

/** An answer as it is written in HTTP/1.1, taken apart. */
function parts(made: Exchange): { status: number; headers: [string, string][]; body: Buffer; trailers: [string, string][] } {
  const bytes = Buffer.concat(made.answer(false));
  const end = bytes.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const pairs = (text: string[]): [string, string][] => text.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
  const headers = pairs(lines);
  const raw = bytes.subarray(end + 4);
  const isChunked = headers.some(([name]) => name === 'transfer-encoding');
  const trailers = isChunked ? (/(?:^|\r\n)0+\r\n((?:[\w-]+:[^\r\n]*\r\n)*)\r\n$/.exec(raw.toString('latin1'))?.[1] ?? '') : '';
  return { status: Number(statusLine.split(' ')[1]), headers: headers.filter(([name]) => name !== 'transfer-encoding'), body: isChunked ? unchunk(raw)! : raw, trailers: pairs(trailers.split('\r\n').filter((line) => line !== '')) };
}

function grouped(pairs: [string, string][]): Record<string, string | string[]> {
  const values: Record<string, string[]> = {};
  for (const [name, value] of pairs) (values[name] ??= []).push(value);
  return Object.fromEntries(Object.entries(values).map(([name, list]) => [name, list.length === 1 ? list[0]! : list]));
}

const sorted = (pairs: [string, string][]): string[] => pairs.map(([name, value]) => `${name}: ${value}`).sort();

/** HTTP/2 takes some headers once only (RFC 9110, section 5.3), which this corpus repeats: Node refuses to send them twice. */
const isSendable = (made: Exchange): boolean => !['retry-after', 'server', 'content-type', 'date'].some((name) => parts(made).headers.filter(([each]) => each === name).length > 1);

beforeAll(async () => {
  upstream = await startHttp2Upstream(({ headers, body }, stream) => {
    const number = Number(headers[NUMBER_HEADER]);
    received.set(number, { method: headers[':method'] ?? '', path: headers[':path'] ?? '', body: body.toString('latin1') });
    const { status, headers: pairs, body: answer, trailers } = parts(exchanges[number]!);
    stream.respond({ ':status': status, ...grouped(pairs) }, { waitForTrailers: trailers.length > 0 });
    stream.on('wantTrailers', () => stream.sendTrailers(grouped(trailers)));
    stream.end(answer);
  });
  fixture = await startFixture((_request, socket) => void socket.write(jsonAnswer(500, {})), { upstreamUrl: upstream.url });
});
afterAll(async () => {
  await fixture.close();
  await upstream.close();
});

it(`says the same over HTTP/2, for ${COUNT} exchanges`, { timeout: 300_000 }, async () => {
  let compared = 0;
  for (const [number, made] of exchanges.entries()) {
    if (!isSendable(made)) continue;
    const lines = [['Host', 'localhost'], ...made.headers, [NUMBER_HEADER, String(number)], ...(made.body === null ? [] : [['Content-Length', String(made.body.length)]]), ['Connection', 'close']];
    const head = Buffer.from(`${made.method} ${fixture.token}${made.path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`, 'latin1');
    const answer = await exchange(fixture.port, Buffer.concat([head, made.body ?? Buffer.alloc(0)]));
    const said = parts(made);
    const hasBody = made.method !== 'HEAD' && said.status !== 204 && said.status !== 304;
    const where = `exchange ${number} of AGENT_COST_SEED=${SEED}`;
    const isCounted = ([name]: [string, string]): boolean => name !== 'content-length';
    expect([where, answer.statusLine.split(' ')[1], answer.broken, sorted(answer.headers.filter(isCounted)), answer.body.toString('latin1')]).toEqual([where, String(said.status), false, sorted(said.headers.filter(isCounted)), hasBody ? said.body.toString('latin1') : '']);
    for (const [name, value] of hasBody ? said.trailers : []) expect(answer.rawBody.toString('latin1')).toContain(`\r\n${name}: ${value}\r\n`);
    const { method, path, body } = received.get(number)!;
    expect([where, method, path]).toEqual([where, made.method, made.path]);
    // Usage may be asked for in the others.
    if (!/^\/v1\/(chat\/)?completions/.test(path)) expect([where, body]).toEqual([where, made.body?.toString('latin1') ?? '']);
    compared++;
  }
  expect(compared).toBeGreaterThan(COUNT / 3);
  expect((await fixture.ends(compared)).length).toBe(compared);
  expect(upstream.opened()).toBe(1);
});

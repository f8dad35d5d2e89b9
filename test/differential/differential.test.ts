/**
 * The same traffic, direct and through the proxy: what the program gets and what the server gets must be the same bytes, but for
 * what belongs to one connection, and for the usage that the proxy asks for and hides.
 *
 * `npm run test:differential` takes 5,000 exchanges; `npm test` a slice of them. AGENT_COST_SEED repeats a run's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startFixture, type ProxyFixture } from '../sockets/proxyFixture.ts';
import { exchange, unchunk, type RawAnswer } from '../sockets/rawClient.ts';
import type { ReceivedRequest, Script } from '../sockets/scriptedUpstream.ts';
import { makeExchange, type Exchange } from './corpus.ts';
import { Random } from './random.ts';

const COUNT = Number(process.env['AGENT_COST_EXCHANGES'] ?? 1000);
const SEED = Number(process.env['AGENT_COST_SEED'] ?? Date.now() % 1_000_000_007);
const AT_ONCE = 4;
const NUMBER_HEADER = 'x-exchange';

const exchanges = Array.from({ length: COUNT }, (_, number) => makeExchange(new Random(SEED + number)));
/** What the server got of each exchange: direct, and through the proxy. */
const received = new Map<string, ReceivedRequest>();
let fixture: ProxyFixture;
/** The same with the server on a Unix socket, which every fourth exchange goes to when it is proxied. */
let overUnix: ProxyFixture;
let folder: string;

beforeAll(async () => {
  const script: Script = async (request, socket) => {
    const key = request.headers[NUMBER_HEADER] ?? '';
    const made = exchanges[Number(key.split(' ')[0])]!;
    received.set(key, request);
    for (const piece of made.answer(asksForUsage(request))) {
      socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (made.closes) socket.end();
  };
  folder = mkdtempSync(join(tmpdir(), 'differential-'));
  fixture = await startFixture(script);
  overUnix = await startFixture(script, { place: { path: join(folder, 'model.sock') } });
});
afterAll(async () => {
  await fixture.close();
  await overUnix.close();
  rmSync(folder, { recursive: true });
});

/** Whether a server would send usage: streams of chat and completions have it as an option. */
function asksForUsage({ path, body }: ReceivedRequest): boolean {
  if (!/^\/v1\/(chat\/)?completions(\?|$)/.test(path)) return false;
  try {
    const asked = JSON.parse((unchunk(body) ?? body).toString('utf8')) as { stream?: boolean; stream_options?: { include_usage?: boolean } | null } | null;
    return asked?.stream === true && asked.stream_options?.include_usage === true;
  } catch {
    return false;
  }
}

function bytesOf(made: Exchange, key: string, prefix: string, port: number): Buffer {
  const framing = made.body === null ? [] : made.bodyFraming === 'chunked' ? [['Transfer-Encoding', 'chunked']] : [['Content-Length', String(made.body.length)]];
  // A client that gets no body knows the answer's end by the connection's.
  const lines = [['Host', `127.0.0.1:${port}`], ...made.headers, [NUMBER_HEADER, key], ...framing, ...(made.closes ? [['Connection', 'close']] : [])];
  const head = Buffer.from(`${made.method} ${prefix}${made.path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`, 'latin1');
  if (made.body === null) return head;
  if (made.bodyFraming === 'length') return Buffer.concat([head, made.body]);
  const half = made.body.length >> 1;
  const pieces = [made.body.subarray(0, half), made.body.subarray(half)].filter(({ length }) => length > 0);
  return Buffer.concat([head, ...pieces.flatMap((piece) => [Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]), Buffer.from(`0\r\n${made.trailers.map((line) => `${line}\r\n`).join('')}\r\n`, 'latin1')]);
}

/** An answer that never ends is named instead of waited for. */
async function inTime<T>(key: string, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_done, failed) => (timer = setTimeout(() => failed(new Error(`exchange ${key} of AGENT_COST_SEED=${SEED} has no end: ${JSON.stringify(exchanges[Number(key.split(' ')[0])])}`)), 20_000)));
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Of one connection, or written anew for each. */
const OF_THE_CONNECTION = new Set(['host', 'connection', 'content-length', 'transfer-encoding', NUMBER_HEADER]);

function receivedOf(key: string, inspected: boolean): object {
  const request = received.get(key);
  if (request === undefined) throw new Error(`${key} was not received`);
  const isChunked = request.headers['transfer-encoding'] === 'chunked';
  const body = isChunked ? unchunk(request.body)! : request.body;
  const trailers = isChunked ? (/\r\n0\r\n([^]*)\r\n$/.exec(`\r\n${request.body.toString('latin1')}`)?.[1] ?? '') : '';
  const lines = request.rawHead.split('\r\n').slice(1).filter((line) => {
    const name = line.slice(0, line.indexOf(':')).toLowerCase();
    return !OF_THE_CONNECTION.has(name) && !(inspected && name === 'accept-encoding');
  });
  return { method: request.method, path: request.path, lines, body: withoutStreamOptions(body), trailers };
}

/** What differs, from the first byte on that does. */
function differences(direct: object, proxied: object): string[] {
  return Object.entries(direct).flatMap(([name, value]) => {
    const [one, other] = [JSON.stringify(value), JSON.stringify((proxied as Record<string, unknown>)[name])];
    if (one === other) return [];
    const same = [...one].findIndex((letter, at) => letter !== other[at]);
    const from = Math.max(0, (same < 0 ? one.length : same) - 60);
    return [`  ${name} direct:  …${one.slice(from, from + 400)}`, `  ${name} proxied: …${other.slice(from, from + 400)}`];
  });
}

/** The body as it is, or, where usage may be asked for, without what may be added to it. */
function withoutStreamOptions(body: Buffer): unknown {
  try {
    const { stream_options: options, ...rest } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    const others = Object.entries(options ?? {}).filter(([name]) => name !== 'include_usage');
    return rest['stream'] === true ? { rest, others } : body.toString('latin1');
  } catch {
    return body.toString('latin1');
  }
}

/** What a program sees. A stream that may have had usage taken out is framed anew; everything else has its framing. */
function seen(answer: RawAnswer, inspectedStream: boolean): object {
  const { statusLine, headers, body, rawBody, broken } = answer;
  const trailers = /(?:^|\r\n)0+\r\n((?:[\w-]+:[^\r\n]*\r\n)*)\r\n$/.exec(rawBody.toString('latin1'))?.[1] ?? '';
  return { statusLine, headers: inspectedStream ? headers.filter(([name]) => name !== 'content-length') : headers, body: body.toString('latin1'), trailers, framing: inspectedStream ? null : rawBody.toString('latin1'), broken };
}

it(`is the same with the proxy in between, for ${COUNT} exchanges`, { timeout: 600_000 }, async () => {
  let next = 0;
  const differing: string[] = [];
  const work = async (): Promise<void> => {
    for (let number = next++; number < COUNT; number = next++) {
      const made = exchanges[number]!;
      const keys = [`${number} direct`, `${number} proxied`] as const;
      const direct = await inTime(keys[0], exchange(fixture.upstream.port, bytesOf(made, keys[0], '', fixture.upstream.port)));
      const through = number % 4 === 3 ? overUnix : fixture;
      const proxied = await inTime(keys[1], exchange(through.port, bytesOf(made, keys[1], through.token, through.port)));
      const isInspected = /^\/v1\/(chat\/completions|completions|embeddings|responses|messages)(\?|$)/.test(made.path) && made.method === 'POST';
      const mayHide = /^\/v1\/(chat\/)?completions/.test(made.path) && !asksForUsage(received.get(keys[0])!);
      const found = [...differences(receivedOf(keys[0], isInspected), receivedOf(keys[1], isInspected)), ...differences(seen(direct, mayHide), seen(proxied, mayHide))];
      if (found.length > 0) differing.push([`exchange ${number} of AGENT_COST_SEED=${SEED}: ${made.method} ${made.path}`, ...found].join('\n'));
      if (differing.length >= 5) return;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  expect(differing.join('\n\n')).toBe('');
  // Each that passed is in the recording, with an end.
  const unixCount = Math.floor(COUNT / 4);
  expect([(await fixture.ends(COUNT - unixCount)).length, (await overUnix.ends(unixCount)).length]).toEqual([COUNT - unixCount, unixCount]);
});

it('is recorded as it was said, whatever the lines end with and wherever they were cut', { timeout: 300_000 }, async () => {
  const before = COUNT - Math.floor(COUNT / 4);
  let ended = before;
  for (const [number, made] of exchanges.entries()) {
    if (made.said === null) continue;
    await inTime(`${number} recorded`, exchange(fixture.port, bytesOf(made, `${number} recorded`, fixture.token, fixture.port)));
    const end = (await fixture.ends(++ended)).at(-1);
    expect([number, SEED, end?.text]).toEqual([number, SEED, made.said]);
  }
  expect(ended).toBeGreaterThan(before);
});

/**
 * Exchanges as programs and model servers have them, and as they could: every route, framing, line end and cut that HTTP/1.1 and
 * server-sent events allow, made by a seed.
 */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { Random } from './random.ts';

export interface Exchange {
  method: string;
  /** From `/v1` on. */
  path: string;
  /** Names and values as they are written; without host and framing. */
  headers: [string, string][];
  /** Null for none. */
  body: Buffer | null;
  bodyFraming: 'length' | 'chunked';
  /** Lines behind the last chunk of a chunked body. */
  trailers: string[];
  /** The pieces in which an answer is written, one turn of the loop after another. `usage`: whether usage was asked for on a stream. */
  answer(usage: boolean): Buffer[];
  /** What a stream of a chat says, as it is to be recorded; null for every other answer. */
  said: string | null;
  /** The server closes behind it. */
  closes: boolean;
}

const TEXTS = ['Hello', ' wörld', '日本語', '👩‍🚀', '\\u2028', '"quoted"', '\u2028', ' ', 'x'.repeat(300), '\\', '{"usage":null}', ',"usage":null', 'data: [DONE]', '\t'] as const;
const REASONS = ['OK', 'Fine, thanks', '', 'Ünknown'] as const;

const text = (random: Random): string => random.list(0, 4, () => random.of(TEXTS)).join('');

/** What is posted where. */
function request(random: Random): Pick<Exchange, 'method' | 'path' | 'headers' | 'body' | 'bodyFraming' | 'trailers'> & { streams: boolean } {
  const headers: [string, string][] = [['Content-Type', 'application/json']];
  if (random.chance(0.5)) headers.push(['authorization', 'Bearer test-key']);
  if (random.chance(0.3)) headers.push(['X-Odd', 'a  b\tc'], ['x-odd', '\xe9']);
  if (random.chance(0.2)) headers.push(['Accept', 'text/event-stream'], ['ACCEPT-LANGUAGE', 'de, en;q=0.5']);
  if (random.chance(0.2)) headers.push(['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01']);
  const bodyFraming = random.chance(0.25) ? 'chunked' : 'length';
  const trailers = bodyFraming === 'chunked' && random.chance(0.4) ? ['X-Body-Sum: 1234', 'x-late: a  b\t\xe9'] : [];
  const query = random.chance(0.2) ? '?api-version=2026-01-01&x=%C3%A4' : '';
  const kind = random.int(0, 9);
  if (kind === 0) return { method: random.of(['GET', 'HEAD', 'DELETE', 'OPTIONS']), path: `/v1/${random.of(['models', 'files/file-1', 'responses/resp_1', 'models/a%20b'])}${query}`, headers, body: null, bodyFraming: 'length', trailers: [], streams: false };
  if (kind === 1) {
    const boundary = 'xxBOUNDARYxx';
    headers[0] = ['Content-Type', `multipart/form-data; boundary=${boundary}`];
    const head = Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="ä.wav"\r\n\r\n`);
    return { method: 'POST', path: `/v1/audio/transcriptions${query}`, headers, body: Buffer.concat([head, random.bytes(random.int(0, 5000)), Buffer.from(`\r\n--${boundary}--\r\n`)]), bodyFraming, trailers, streams: false };
  }
  if (kind === 2) {
    headers.push(['Content-Encoding', 'gzip']);
    return { method: 'POST', path: `/v1/chat/completions${query}`, headers, body: gzipSync('{"model":"m","messages":[]}'), bodyFraming, trailers, streams: false };
  }
  const path = random.of(['chat/completions', 'chat/completions', 'chat/completions', 'completions', 'responses', 'embeddings', 'messages', 'rerank', 'score', 'tokenize']);
  const streams = random.chance(0.6) && !['embeddings', 'rerank', 'score', 'tokenize'].includes(path);
  const space = (): string => random.of(['', '', ' ', '\n\t ']);
  const fields = [`"model":${space()}"m"`, `"messages":[{"role":"user","content":${JSON.stringify(text(random))}}]`, `"nested":{"stream":true,"stream_options":{"include_usage":false}}`, `"temperature":${space()}1e-3`];
  if (streams) fields.splice(random.int(0, fields.length), 0, `"stream":${space()}true`);
  if (random.chance(0.2)) fields.push(`"stream_options":${random.of(['null', '{}', '{"include_usage":false}', '{"include_usage":true}', '{"continuous_usage_stats":true}'])}`);
  if (random.chance(0.1)) fields.unshift('"model":"earlier"');
  const body = Buffer.from(random.chance(0.05) ? random.of(['', '[]', '{"model":', '{}', 'null', '{"a":1}x']) : `${space()}{${space()}${fields.join(`,${space()}`)}${space()}}${space()}`);
  return { method: 'POST', path: `/v1/${path}${query}`, headers, body, bodyFraming, trailers, streams };
}

/** UTF-8's bytes, each as a character. */
const binary = (text: string): string => Buffer.from(text).toString('latin1');

/** Server-sent events; `usage` as servers write it when asked. */
function events(random: Random): { said: string; make: (usage: boolean) => Buffer } {
  const end = random.of(['\n', '\n', '\n', '\r\n', '\r']);
  const [withNull, before] = [random.chance(0.5), random.chance(0.5)];
  const base = '"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m"';
  const head = random.chance(0.1) ? binary('\ufeff') : '';
  const parts = random.list<{ note: string } | { content: string; broken: string }>(0, 6, () => {
    const kind = random.int(0, 9);
    if (kind === 0) return { note: `: ${random.of(['ping', '', 'OPENROUTER PROCESSING'])}${end}${end}` };
    if (kind === 1) return { note: `event: ${random.of(['message', 'error'])}${end}id: 7${end}retry: 100${end}data: ${JSON.stringify({ type: 'x', usage: { input_tokens: 3 } })}${end}${end}` };
    if (kind === 2) return { note: `data: {"a":${end}data: 1}${end}${end}` };
    // Some servers cut a token inside a character, and send what is no UTF-8.
    return { content: text(random), broken: random.chance(0.05) ? '\xe2\x82' : '' };
  });
  const done = random.chance(0.85) ? `data: [DONE]${end}${end}` : '';
  const usageOnly = `data: {${base},"choices":[],"usage":{"prompt_tokens":3,"total_tokens":5,"completion_tokens":2}}${end}${end}`;
  const make = (usage: boolean): Buffer => {
    const lines = parts.map((part) => {
      if ('note' in part) return part.note;
      const nothing = usage && withNull ? '"usage":null' : null;
      const choices = `"choices":[{"index":0,"delta":{"content":${binary(JSON.stringify(part.content)).slice(0, -1)}${part.broken}"},"finish_reason":null}]`;
      return `data: {${[base, ...(before && nothing !== null ? [nothing] : []), choices, ...(!before && nothing !== null ? [nothing] : [])].join(',')}}${end}${end}`;
    });
    return Buffer.from(head + lines.join('') + (usage ? usageOnly : '') + done, 'latin1');
  };
  return { said: parts.map((part) => ('content' in part ? part.content + Buffer.from(part.broken, 'latin1').toString('utf8') : '')).join(''), make };
}

/** Bytes cut at any places, as the network may. */
function cut(random: Random, bytes: Buffer): Buffer[] {
  const places = [...new Set(random.list(0, 6, () => random.int(0, bytes.length)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length)).filter((piece) => piece.length > 0);
}

/** A body in chunks of any size, with what the grammar allows beside them. */
function chunked(random: Random, body: Buffer, isStream: boolean): Buffer {
  // First: bodies with and without usage are to have the same.
  const trailer = random.chance(0.2) ? 'X-Checksum: abc\r\nx-took: 1 ms\r\n' : '';
  const hex = (size: number): string => (random.chance(0.2) ? `00${size.toString(16).toUpperCase()}` : size.toString(16)) + (!isStream && random.chance(0.1) ? ';name="v"' : '');
  const parts = cut(random, body).flatMap((piece) => [Buffer.from(`${hex(piece.length)}\r\n`), piece, Buffer.from('\r\n')]);
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailer}\r\n`)]);
}

/** One exchange. */
export function makeExchange(random: Random): Exchange {
  const asked = request(random);
  const { streams, ...sent } = asked;
  const isStream = streams && random.chance(0.85);
  const status = isStream ? 200 : random.of([200, 200, 200, 201, 204, 304, 400, 401, 404, 422, 429, 500, 503]);
  const hasBody = sent.method !== 'HEAD' && status !== 204 && status !== 304;
  const stream = isStream ? events(random) : null;
  const make: (usage: boolean) => Buffer = stream !== null
    ? stream.make
    : ((body) => () => body)(random.of([Buffer.from(JSON.stringify({ object: 'x', text: text(random), usage: { prompt_tokens: 1 } })), random.bytes(random.int(0, 3000)), Buffer.alloc(0)]));
  const coding = !isStream && hasBody && random.chance(0.2) ? random.of(['gzip', 'br', 'deflate'] as const) : null;
  const code = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync };
  const framing = hasBody ? random.of(['length', 'chunked', 'chunked', 'close'] as const) : 'none';
  const headers = [
    `Date: Sun, 22 Nov 2026 19:51:12 GMT`,
    `content-type: ${isStream ? random.of(['text/event-stream', 'text/event-stream; charset=utf-8']) : random.of(['application/json', 'application/octet-stream', 'text/plain'])}`,
    ...(coding === null ? [] : [`Content-Encoding: ${coding}`]),
    ...random.list(0, 3, () => random.of(['X-Request-Id: 7', 'set-cookie: a=1', 'Set-Cookie: b=2; Path=/', 'Server:uvicorn', 'x-empty:', 'Retry-After:  7 ', 'x-latin: \xe9', 'openai-processing-ms: 12'])),
  ];
  const seed = random.int(0, 0xffff_ffff);
  const reason = random.of(REASONS);
  const closes = framing === 'close' || !hasBody || random.chance(0.1);
  return {
    ...sent,
    closes,
    said: sent.path.startsWith('/v1/chat/completions') ? (stream?.said ?? null) : null,
    answer(usage) {
      const own = random.fork(seed);
      const whole = make(usage);
      const body = coding === null ? whole : code[coding](whole);
      const framed = framing === 'chunked' ? chunked(own, body, isStream) : framing === 'none' ? Buffer.alloc(0) : body;
      const declared = framing === 'chunked' ? ['Transfer-Encoding: chunked'] : framing === 'length' ? [`Content-Length: ${body.length}`] : [];
      const head = Buffer.from(`HTTP/1.1 ${status} ${reason}\r\n${[...headers, ...declared].map((line) => `${line}\r\n`).join('')}\r\n`, 'latin1');
      return cut(own, Buffer.concat([head, framed]));
    },
  };
}

/** Streams are understood, and filtered, the same however they are cut. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkedDecoder, FramingError } from '../../src/proxy/chunkedDecoder.ts';
import { ResponseReader, type BodyRead } from '../../src/proxy/responseReader.ts';
import { SseParser } from '../../src/proxy/sse.ts';
import { UsageHider } from '../../src/proxy/usageHider.ts';

/** `bytes` in pieces of the given lengths, the rest as the last. */
function cut(bytes: Buffer, lengths: number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    if (at >= bytes.length) break;
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (at < bytes.length) pieces.push(bytes.subarray(at));
  return pieces;
}

const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 200 });

function events(pieces: Buffer[]): string[] {
  const parser = new SseParser();
  const found: string[] = [];
  for (const piece of pieces) parser.push(piece, (data) => found.push(data));
  parser.end((data) => found.push(data));
  return found;
}

function framed(payloads: string[], trailers = ''): Buffer {
  return Buffer.concat([...payloads.map((payload) => Buffer.concat([Buffer.from(`${Buffer.byteLength(payload).toString(16)}\r\n`), Buffer.from(payload), Buffer.from('\r\n')])), Buffer.from(`0\r\n${trailers}\r\n`)]);
}

function unframed(pieces: Buffer[]): string {
  const decoder = new ChunkedDecoder();
  const payload = pieces.flatMap((piece) => {
    const ranges: number[] = [];
    decoder.feed(piece, 0, ranges);
    return ranges.flatMap((start, index) => (index % 2 === 0 ? [piece.subarray(start, ranges[index + 1])] : []));
  });
  expect(decoder.done).toBe(true);
  return Buffer.concat(payload).toString('utf8');
}

/** A response's body as the reader hands it on, read by read. */
function reads(head: string, pieces: Buffer[]): BodyRead[] {
  const found: BodyRead[] = [];
  const reader = new ResponseReader('POST', { onInterim: () => undefined, onHead: () => undefined, onBody: (read) => found.push(read) });
  reader.read(Buffer.from(head));
  for (const piece of pieces) expect(reader.read(piece)).toBe(0);
  reader.end();
  return found;
}

describe('server-sent events', () => {
  it.each([
    ['LF', 'data: a\n\ndata: b\n\n', ['a', 'b']],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['CR', 'data: a\r\rdata: b\r\r\n', ['a', 'b']],
    ['a BOM', '\uFEFFdata: a\n\n', ['a']],
    ['comments and other fields', ': ping\nevent: x\nid: 3\ndata:a\nretry: 1\n\n: bye\n\n', ['a']],
    ['several lines', 'data: a\ndata\ndata:  b\n\n', ['a\n\n b']],
    ['no last blank line', 'data: a\n\ndata: b', ['a', 'b']],
    ['nothing', '\n\n\n', []],
  ])('with %s', (_name, text, expected) => {
    expect(events([Buffer.from(text)])).toEqual(expected);
    expect(events([...Buffer.from(text)].map((byte) => Buffer.from([byte])))).toEqual(expected);
  });

  it('are the same for every way to cut the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replace(/[\r\n\uFEFF]/g, '·')), { maxLength: 20 }), lengths, (texts, sizes) => {
        const bytes = Buffer.from(texts.map((text) => `data: ${text}\n\n`).join(''));
        expect(events(cut(bytes, sizes))).toEqual(texts);
      }),
    );
  });
});

describe('chunked framing', () => {
  it('is followed over every cut, and its end found', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 50 }), { maxLength: 10 }), lengths, (payloads, sizes) => {
        expect(unframed(cut(framed(payloads), sizes))).toBe(payloads.join(''));
      }),
    );
  });

  it('with extensions and trailers ends where it ends', () => {
    const decoder = new ChunkedDecoder();
    const bytes = Buffer.from('3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\nHTTP/1.1');
    const payload: number[] = [];
    expect(decoder.feed(bytes, 0, payload)).toBe(bytes.length - 8);
    expect(bytes.toString('latin1', payload[0], payload[1])).toBe('abc');
    expect(decoder.trailers.toString()).toBe('X: y\r\n\r\n');
  });

  it('has its trailers at hand over every cut', () => {
    fc.assert(
      fc.property(fc.constantFrom('', 'X-A: 1\r\n', 'x-a: 1\r\nX-B: two words\r\n'), lengths, (trailers, sizes) => {
        const decoder = new ChunkedDecoder();
        for (const piece of cut(framed(['abc'], trailers), sizes)) decoder.feed(piece, 0, null);
        expect(decoder.trailers.toString()).toBe(`${trailers}\r\n`);
      }),
    );
  });

  it.each(['\r\n', 'x\r\n', '-1\r\n', '1 \n', '1\n', '1\r\nab', '1\r\na\n', 'fffffffffffff\r\n', '0x3\r\n'])('refuses %j', (text) => {
    expect(() => new ChunkedDecoder().feed(Buffer.from(text), 0, null)).toThrow(FramingError);
  });
});

describe('hidden usage', () => {
  const token = fc.string({ unit: 'grapheme', maxLength: 12 });
  const usage = { prompt_tokens: 3, completion_tokens: 2 };
  const delta = (content: string, more: object = {}) => JSON.stringify({ id: 'a', choices: [{ index: 0, delta: { content } }], ...more });
  const event = (data: string) => `data: ${data}\n\n`;

  it('leaves what the server would have sent unasked, for every cut and grouping of chunks', () => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 8 }), fc.boolean(), fc.integer({ min: 1, max: 4 }), lengths, fc.boolean(), fc.constantFrom('', 'X-Took: 3\r\n'), (tokens, nulls, perChunk, sizes, chunked, trailers) => {
        const asked = [...tokens.map((text) => event(delta(text, nulls ? { usage: null } : {}))), event(JSON.stringify({ id: 'a', choices: [], usage })), event('[DONE]')];
        const grouped = Array.from({ length: Math.ceil(asked.length / perChunk) }, (_, n) => asked.slice(n * perChunk, (n + 1) * perChunk).join(''));
        const pieces = cut(chunked ? framed(grouped, trailers) : Buffer.from(asked.join('')), sizes);
        const head = `HTTP/1.1 200 OK\r\n${chunked ? 'transfer-encoding: chunked' : 'connection: close'}\r\n\r\n`;
        const hider = new UsageHider();
        const out = reads(head, pieces).flatMap((read) => hider.push(read) ?? []);
        expect(unframed(out)).toBe([...tokens.map((text) => event(delta(text))), event('[DONE]')].join(''));
        expect(Buffer.concat(out).toString().endsWith(`0\r\n${chunked ? trailers : ''}\r\n`)).toBe(true);
      }),
    );
  });

  it('passes a usual read as the very same bytes', () => {
    const piece = framed([event(delta('x'))]).subarray(0, -5);
    const [read] = reads('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', [piece, Buffer.from('0\r\n\r\n')]);
    expect(new UsageHider().push(read!)).toBe(piece);
  });

  it.each([
    ['usage beside output', delta('x', { usage })],
    ['the word in a text', delta('the "usage":null of it')],
    ['a field of that name deeper down', JSON.stringify({ choices: [{ delta: {}, x: { a: 1, usage: null } }] })],
    ['no usage with no choices', JSON.stringify({ choices: [], prompt_filter_results: [{ usage: 'x' }] })],
    ['what is no JSON', '{"usage":'],
  ])('does not touch %s', (_name, data) => {
    const hider = new UsageHider();
    const out = reads('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', [framed([event(data)])]).map((read) => hider.push(read));
    expect(unframed(out.flatMap((bytes) => bytes ?? []))).toBe(event(data));
  });
});

/** Streams that come compressed, read aside: what is learned of them, and when its bytes came. */
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallEndLine, RecordingLine } from '../../src/profile/recordingFormat.ts';
import type { RecorderBatch } from '../../src/recorder/messages.ts';
import { RecorderLink } from '../../src/recorder/link.ts';
import { Recorder } from '../../src/recorder/recorder.ts';
import { MOST_UNPACKED_BYTES } from '../../src/recorder/unpacker.ts';
import { recorderOptions } from '../sockets/proxyFixture.ts';

type Packer = zlib.Gzip | zlib.BrotliCompress;

const { createZstdCompress } = zlib as { createZstdCompress?: () => Packer };
/** How each coding is made, and how what has been written so far is flushed. Node before 22.15 has no zstd. */
const codings: [string, () => Packer, number][] = [
  ['gzip', () => zlib.createGzip(), zlib.constants.Z_SYNC_FLUSH],
  ['x-gzip', () => zlib.createGzip(), zlib.constants.Z_SYNC_FLUSH],
  ['deflate', () => zlib.createDeflate(), zlib.constants.Z_SYNC_FLUSH],
  ['Deflate', () => zlib.createDeflateRaw(), zlib.constants.Z_SYNC_FLUSH],
  ['br', () => zlib.createBrotliCompress(), zlib.constants.BROTLI_OPERATION_FLUSH],
  ...(createZstdCompress === undefined ? [] : [['zstd', createZstdCompress, (zlib.constants as unknown as { ZSTD_e_flush: number }).ZSTD_e_flush] as [string, () => Packer, number]]),
];

const event = (data: object | string) => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
const token = (content: string) => event({ id: 'x', model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const USAGE = event({ id: 'x', model: 'm', choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } }) + event('[DONE]');

/** Compresses texts, each flushed, as a server does that streams. */
async function packed(create: () => Packer, flush: number, texts: readonly string[]): Promise<Buffer[]> {
  const packer = create();
  let output: Buffer[] = [];
  packer.on('data', (bytes: Buffer) => output.push(bytes));
  const pieces: Buffer[] = [];
  for (const text of texts) {
    await new Promise<void>((done) => void packer.write(text, () => packer.flush(flush, done)));
    pieces.push(Buffer.concat(output));
    output = [];
  }
  await new Promise<void>((done) => void packer.once('end', done).end());
  return [...pieces, Buffer.concat(output)];
}

/** What the recorder makes of an answer whose reads came at these times. */
async function recorded(coding: string, reads: readonly { at: number; bytes: Buffer }[], { status = 'ok' }: { status?: CallEndLine['status'] } = {}): Promise<{ end: CallEndLine; lines: RecordingLine[] }> {
  const lines: RecordingLine[] = [];
  const recorder = new Recorder(recorderOptions('full'), { append: (line) => void lines.push(line), onWarning: () => undefined, onProcess: () => undefined, onFrames: () => undefined, onCell: () => undefined, onOtlpTaken: () => undefined });
  const link = new RecorderLink(({ messages, bytes, reads: columns }: RecorderBatch) => {
    for (const message of messages) if (message.type !== 'stop') recorder.take(message, Buffer.from(bytes.buffer), columns);
  });
  link.begun({ type: 'begun', call: 1, at: 1, endpoint: 'chat', method: 'POST', path: '/v1/chat/completions', tag: null, program: null, attempt: 1, traceparent: null, upstream: 'http://m/v1', stream: true, bytes: 2 }, Buffer.from('{}'));
  link.send({ type: 'head', call: 1, at: 2, status: 200, contentType: 'text/event-stream', contentEncoding: coding, chunked: false, serverTimes: null });
  for (const { at, bytes } of reads) link.read(1, at, bytes);
  link.ended({ type: 'ended', call: 1, at: 1000, status, httpStatus: 200, error: null, bytes: 1 });
  link.flush();
  await recorder.settled();
  return { end: lines.find((line) => line.type === 'callEnd')!, lines };
}

describe.each(codings)('a stream in %s', (coding, create, flush) => {
  it('has its tokens’ times, its text and its usage as a plain one has', async () => {
    const pieces = await packed(create, flush, [token('one'), token(' two') + token(' three'), token(' four'), USAGE]);
    const { end, lines } = await recorded(coding, pieces.map((bytes, index) => ({ at: 10 * (index + 1), bytes })));
    expect(end).toMatchObject({ status: 'ok', text: 'one two three four', firstTokenAt: 10, chunkGaps: [0, 10, 0, 10], usage: { promptTokens: 7, completionTokens: 3 }, t: 1000 });
    expect(lines.map(({ type }) => type).filter((type) => type === 'firstToken' || type === 'callEnd' || type === 'warning')).toEqual(expect.arrayContaining(['firstToken', 'callEnd']));
    expect(lines.find((line) => line.type === 'firstToken')).toMatchObject({ t: 10, id: 'c1' });
  });

  it('is read as it came, wherever its bytes were cut apart', async () => {
    const pieces = await packed(create, flush, [token('héé'), token(' 😀'), USAGE]);
    const all = Buffer.concat(pieces);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: all.length }), { maxLength: 12 }), async (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), all.length];
        const reads = places.slice(1).map((to, index) => ({ at: index + 5, bytes: all.subarray(places[index], to) }));
        const { end } = await recorded(coding, reads);
        expect(end).toMatchObject({ text: 'héé 😀', usage: { promptTokens: 7 } });
        // A token is there at the latest with the read that ends what was flushed with it.
        let written = 0;
        const came = (length: number) => reads.find(({ bytes }) => (written += bytes.length) >= length)!.at;
        expect(end.firstTokenAt).toBeLessThanOrEqual(came(pieces[0]!.length));
      }),
      { numRuns: 30 },
    );
  });

  it('that breaks off has what had come', async () => {
    const pieces = await packed(create, flush, [token('one'), token(' two'), USAGE]);
    const { end } = await recorded(coding, [{ at: 10, bytes: pieces[0]! }, { at: 20, bytes: pieces[1]! }], { status: 'cancelled' });
    expect(end).toMatchObject({ status: 'cancelled', text: 'one two', firstTokenAt: 10, chunkGaps: [0, 10], usage: null });
  });

  it('that ends before its bytes do is read to that end', async () => {
    const whole = Buffer.concat(await packed(create, flush, [token('one'), USAGE]));
    const { end } = await recorded(coding, [{ at: 10, bytes: Buffer.concat([whole, Buffer.alloc(8)]) }, { at: 20, bytes: Buffer.alloc(8) }]);
    expect(end).toMatchObject({ firstTokenAt: 10, text: 'one', usage: { promptTokens: 7 } });
  });

  it('that is damaged keeps the time of its first token, is told of once, and its usage is unknown', async () => {
    const pieces = await packed(create, flush, [token('one'), token('a'.repeat(3000)), USAGE]);
    const damaged = pieces.map((bytes, index) => (index === 0 ? bytes : Buffer.from(bytes.map((byte) => byte ^ 0xff))));
    const { end, lines } = await recorded(coding, damaged.map((bytes, index) => ({ at: 10 * (index + 1), bytes })));
    expect(end).toMatchObject({ firstTokenAt: 10, chunkGaps: [], usage: null, text: null });
    expect(lines.flatMap((line) => (line.type === 'warning' ? line.code : []))).toEqual(['answerUnread']);
  });
});

it('a bomb ends the reading aside, which is told', async () => {
  // Comments of SSE, in members of gzip one after the other.
  const comments = Buffer.alloc(16 * 1024 * 1024, `:${' '.repeat(1022)}\n`);
  const bomb = zlib.gzipSync(comments, { level: 1 });
  const first = zlib.gzipSync(token('one'));
  const many = Array.from({ length: MOST_UNPACKED_BYTES / comments.length + 1 }, (_, index) => ({ at: 20 + index, bytes: bomb }));
  const { end, lines } = await recorded('gzip', [{ at: 10, bytes: first }, ...many]);
  expect(end).toMatchObject({ status: 'ok', firstTokenAt: 10, usage: null, text: null });
  expect(lines.flatMap((line) => (line.type === 'warning' ? line.message : []))).toEqual([expect.stringContaining('unpacks to more than 128 MB')]);
});

it.each(['constructor', 'unknown', 'gzip, br'])('a stream in “%s” is left alone', async (coding) => {
  const { end } = await recorded(coding, [{ at: 10, bytes: Buffer.from(token('one')) }]);
  expect(end).toMatchObject({ status: 'ok', usage: null, firstTokenAt: null });
});

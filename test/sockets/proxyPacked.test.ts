/** Answers that come packed: the same bytes for the program, and what they say in the recording. */
import * as zlib from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { asksForUsage, delta, event, usageEvent } from './scriptedUpstream.ts';

const CHAT = '/v1/chat/completions';
const STREAM_BODY = JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'x' }] });
const codings = Object.entries({ gzip: zlib.gzipSync, deflate: zlib.deflateSync, br: zlib.brotliCompressSync, zstd: (zlib as { zstdCompressSync?: (text: string) => Buffer }).zstdCompressSync });

let fixture: ProxyFixture;
afterEach(async () => {
  await fixture.close();
});

const head = (coding: string, type: string, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-encoding: ${coding}\r\ncontent-length: ${bytes.length}\r\n\r\n`), bytes]);

describe.each(codings)('an answer in %s', (coding, pack) => {
  // Node before 22.15 has no zstd: then nobody unpacks it, and it passes as it is.
  const isKnown = pack !== undefined;
  const packed = (text: string): Buffer => (pack === undefined ? Buffer.from(text) : Buffer.from(pack(text)));

  it('passes as it is, and its usage is recorded', async () => {
    const answer = packed(JSON.stringify({ id: 'x', model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }], usage: { prompt_tokens: 7, completion_tokens: 2 } }));
    fixture = await startFixture((_request, socket) => void socket.write(head(coding, 'application/json', answer)));
    const got = await fixture.proxied('POST', CHAT, JSON.stringify({ model: 'm', messages: [] }));
    expect(got.body.equals(answer)).toBe(true);
    expect(got.headers).toContainEqual(['content-encoding', coding]);
    expect((await fixture.ends(1))[0]).toMatchObject(isKnown ? { status: 'ok', text: 'hi', usage: { promptTokens: 7, completionTokens: 2 } } : { status: 'ok', usage: null });
  });

  it('that streams though it was asked not to be packed passes as it is; usage is asked for no second time', async () => {
    const stream = (usage: boolean): Buffer => packed(event(delta('hi')) + (usage ? event(usageEvent(3, 1, null)) : '') + event('[DONE]'));
    fixture = await startFixture((request, socket) => void socket.write(head(coding, 'text/event-stream', stream(asksForUsage(request)))));
    const answers = [await fixture.proxied('POST', CHAT, STREAM_BODY), await fixture.proxied('POST', CHAT, STREAM_BODY)];
    expect(fixture.upstream.requests.map(({ headers }) => headers['accept-encoding'])).toEqual(['identity', 'identity']);
    expect(answers.map(({ body }) => body.toString('hex'))).toEqual([stream(true).toString('hex'), stream(false).toString('hex')]);
    const [first, second] = await fixture.ends(2);
    if (isKnown) expect([first?.usage?.promptTokens, first?.text, second?.text]).toEqual([3, 'hi', 'hi']);
    expect([second?.usage, first?.firstTokenAt === null, first?.chunkGaps]).toEqual([null, !isKnown, isKnown ? [0] : []]);
    expect(first?.headersAt).not.toBeNull();
  });
});

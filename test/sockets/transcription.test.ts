/** Transcriptions: audio passes as it is, and the answers' words, tokens or seconds are recorded. */
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { chunk, event, jsonAnswer, LAST_CHUNK, STREAM_HEAD, type Script } from './scriptedUpstream.ts';

const PATH = '/v1/audio/transcriptions';
const AUDIO = Buffer.concat([Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'), Buffer.alloc(70_000, 7), Buffer.from('\r\n--b--\r\n')]);
const FORM = { 'content-type': 'multipart/form-data; boundary=b' };
/** As in OpenAI's reference of the audio API. */
const TOKENS = { type: 'tokens', input_tokens: 14, input_token_details: { text_tokens: 4, audio_tokens: 10 }, output_tokens: 45, total_tokens: 59 };

let fixture: ProxyFixture | null = null;
afterEach(async () => {
  await fixture?.close();
  fixture = null;
});

/** Sends audio to a server and gives what was recorded of it. */
async function heard(script: Script, options: { path?: string; capture?: 'full' | 'none' } = {}) {
  fixture = await startFixture(script, { capture: options.capture ?? 'full' });
  const answer = await fixture.proxied('POST', options.path ?? PATH, AUDIO, FORM);
  expect(fixture.upstream.requests[0]!.body.equals(AUDIO)).toBe(true);
  expect(fixture.upstream.requests[0]!.rawHead).not.toMatch(/accept-encoding/i);
  const [end] = await fixture.ends(1);
  return { answer, end: end!, call: fixture.calls()[0]!, warnings: fixture.lines.filter(({ type }) => type === 'warning') };
}

const says = (answer: object): Script => (_request, socket) => void socket.write(jsonAnswer(200, answer));

describe('a transcription', () => {
  it('charged by tokens has them', async () => {
    const { end, call, warnings } = await heard(says({ text: 'good day', usage: TOKENS }));
    expect(end).toMatchObject({ status: 'ok', text: 'good day', usage: { promptTokens: 14, cachedTokens: null, completionTokens: 45, reasoningTokens: null } });
    expect(end.usage).not.toHaveProperty('audioSeconds');
    expect(call).toMatchObject({ endpoint: 'opaque', path: PATH, request: { messages: [] } });
    expect(warnings).toEqual([]);
  });

  it('charged by the audio’s length has that, and no tokens', async () => {
    const { end } = await heard(says({ text: 'good day', usage: { type: 'duration', seconds: 17.5 } }), { path: '/v1/audio/translations?x=1' });
    expect(end.usage).toEqual({ promptTokens: null, cachedTokens: null, completionTokens: null, reasoningTokens: null, audioSeconds: 17.5 });
  });

  it('that says nothing of either leaves both unknown', async () => {
    expect((await heard(says({ text: 'good day' }))).end).toMatchObject({ text: 'good day', usage: null });
  });

  it('leaves no words where none are to be kept', async () => {
    const { end } = await heard(says({ text: 'good day', usage: TOKENS }), { capture: 'none' });
    expect(end).toMatchObject({ text: null, usage: { promptTokens: 14 } });
    expect(JSON.stringify(fixture!.lines)).not.toContain('good day');
  });

  it('that is packed is read, and passes as it is', async () => {
    const packed = gzipSync(JSON.stringify({ text: 'good day', usage: TOKENS }));
    const { answer, end } = await heard((_request, socket) => void socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: ${packed.length}\r\n\r\n`), packed])));
    expect(answer.rawBody.equals(packed)).toBe(true);
    expect(end).toMatchObject({ text: 'good day', usage: { completionTokens: 45 } });
  });

  it('as subtitles is no words of an answer, and unknown', async () => {
    const text = '1\n00:00:00,000 --> 00:00:01,000\ngood day\n';
    const { end } = await heard((_request, socket) => void socket.write(`HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${text.length}\r\n\r\n${text}`));
    expect(end).toMatchObject({ status: 'ok', text: null, usage: null });
  });

  it('that fails says why', async () => {
    const { end } = await heard((_request, socket) => void socket.write(jsonAnswer(400, { error: { message: 'no such format', type: 'invalid_request_error' } })));
    expect(end).toMatchObject({ status: 'error', httpStatus: 400, error: 'no such format' });
  });

  it.each([
    ['OpenAI’s', [{ type: 'transcript.text.delta', delta: 'good ' }, { type: 'transcript.text.delta', delta: 'day' }, { type: 'transcript.text.done', text: 'good day', usage: TOKENS }], 14],
    ['vLLM’s', [{ object: 'transcription.chunk', choices: [{ delta: { content: 'good ' } }] }, { object: 'transcription.chunk', choices: [{ delta: { content: 'day' }, finish_reason: 'stop' }] }, { choices: [], usage: { prompt_tokens: 9, completion_tokens: 2 } }], 9],
  ])('as a stream is timed piece by piece: %s', async (_whose, events, promptTokens) => {
    const stream = [...events, '[DONE]'].map((each) => event(each));
    const { answer, end } = await heard(async (_request, socket) => {
      socket.write(STREAM_HEAD);
      for (const each of stream) {
        socket.write(chunk(each));
        await new Promise((resolve) => setImmediate(resolve));
      }
      socket.write(LAST_CHUNK);
    });
    expect(answer.body.toString()).toBe(stream.join(''));
    expect(end).toMatchObject({ status: 'ok', text: 'good day', usage: { promptTokens } });
    expect(end.chunkGaps).toHaveLength(2);
    expect(end.firstTokenAt).toBeGreaterThanOrEqual(end.headersAt!);
  });

  it('is not taken from other audio', async () => {
    const { end } = await heard(says({ text: 'good day', usage: TOKENS }), { path: '/v1/audio/voices' });
    expect(end).toMatchObject({ text: null, usage: null });
  });
});

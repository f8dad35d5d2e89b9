/** Sessions of the realtime API: bytes pass as they are, and each answer of the model is a call with its tokens. */
import { createHash } from 'node:crypto';
import { constants, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketReader } from '../../src/recorder/realtime/webSocketReader.ts';
import type { CallEndLine } from '../../src/profile/recordingFormat.ts';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { until, type Script } from './scriptedUpstream.ts';

/** A frame; `first` holds FIN, RSV1 and the opcode. */
function frame(first: number, payload: Buffer, mask: Buffer | null = null): Buffer {
  const bit = mask === null ? 0 : 0x80;
  const size = payload.length < 126 ? Buffer.from([bit | payload.length]) : payload.length < 0x10000 ? Buffer.from([bit | 126, payload.length >> 8, payload.length & 0xff]) : Buffer.concat([Buffer.from([bit | 127, 0, 0, 0, 0]), Buffer.from(Uint32Array.of(payload.length).buffer).reverse()]);
  const body = mask === null ? payload : Buffer.from(payload.map((byte, index) => byte ^ mask[index % 4]!));
  return Buffer.concat([Buffer.from([first]), size, mask ?? Buffer.alloc(0), body]);
}

function pack(text: string, window: Buffer): Buffer {
  const packed = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH, ...(window.length === 0 ? {} : { dictionary: window }) });
  return packed.subarray(0, packed.length - 4);
}

function texts(extensions: string | null, bytes: Buffer, sizes: number[]): { got: string[]; reader: WebSocketReader } {
  const got: string[] = [];
  const reader = new WebSocketReader((text) => got.push(text));
  reader.agreed(extensions);
  let at = 0;
  for (const size of sizes) {
    reader.push(bytes.subarray(at, at + size));
    at += size;
  }
  if (at < bytes.length) reader.push(bytes.subarray(at));
  return { got, reader };
}

const message = fc.string({ unit: 'grapheme', maxLength: 400 });
const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 100 });

describe('messages of a WebSocket', () => {
  it('are read in fragments, masked or not, with controls in between, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(message, fc.integer({ min: 1, max: 3 }), fc.boolean()), { maxLength: 6 }), sizes, (messages, cuts) => {
        const frames = messages.flatMap(([text, parts, masked]) => {
          const bytes = Buffer.from(text);
          const mask = masked ? Buffer.from([1, 2, 3, 4]) : null;
          return Array.from({ length: parts }, (_, n) => {
            const piece = bytes.subarray(Math.floor((bytes.length * n) / parts), Math.floor((bytes.length * (n + 1)) / parts));
            return Buffer.concat([frame((n === parts - 1 ? 0x80 : 0) | (n === 0 ? 1 : 0), piece, mask), frame(0x89, Buffer.from('ping'))]);
          });
        });
        expect(texts(null, Buffer.concat(frames), cuts).got).toEqual(messages.map(([text]) => Buffer.from(text).toString()));
      }),
    );
  });

  it.each([['each by itself', 'permessage-deflate; server_no_context_takeover', false], ['with what came before', 'permessage-deflate', true]])('are unpacked, %s', (_name, extensions, together) => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), sizes, (messages, cuts) => {
        let window: Buffer = Buffer.alloc(0);
        const frames = messages.map((text) => {
          const packed = pack(text, window);
          if (together) window = Buffer.concat([window, Buffer.from(text)]).subarray(-32 * 1024);
          return frame(0xc1, packed);
        });
        expect(texts(extensions, Buffer.concat(frames), cuts).got).toEqual(messages.map((text) => Buffer.from(text).toString()));
      }),
    );
  });

  it.each([
    ['packed without an agreement', null, frame(0xc1, pack('x', Buffer.alloc(0)))],
    ['that are no packed ones', 'permessage-deflate', frame(0xc1, Buffer.from([0xff, 0xff, 0xff]))],
    ['longer than any event', null, Buffer.from([0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0])],
  ])('%s are not guessed at', (_name, extensions, bytes) => {
    const { got, reader } = texts(extensions, Buffer.concat([bytes, frame(0x81, Buffer.from('later'))]), []);
    expect([got, reader.isLost]).toEqual([[], true]);
  });
});

let fixture: ProxyFixture | null = null;
afterEach(async () => {
  await fixture?.close();
  fixture = null;
});

/** Agrees to a WebSocket, and says each list of events when the client has said something. */
function serverOf(turns: object[][], extensions: string | null): Script {
  return (request, socket) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    let window: Buffer = Buffer.alloc(0);
    const say = (events: object[]): Buffer =>
      Buffer.concat(
        events.map((event) => {
          const text = JSON.stringify(event);
          if (extensions === null) return frame(0x81, Buffer.from(text));
          const packed = pack(text, window);
          window = Buffer.concat([window, Buffer.from(text)]).subarray(-32 * 1024);
          return frame(0xc1, packed);
        }),
      );
    socket.removeAllListeners('data');
    const [greeting = [], ...rest] = turns;
    // The greeting comes with the head, as it may.
    socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${extensions === null ? '' : `Sec-WebSocket-Extensions: ${extensions}\r\n`}\r\n`), say(greeting)]));
    socket.on('data', (bytes) => {
      const isClose = (bytes[0]! & 0xf) === 8;
      if (isClose) socket.end(frame(0x88, Buffer.from([0x03, 0xe8])));
      const turn = rest.shift();
      if (turn !== undefined) socket.write(say(turn));
    });
  };
}

const created = { type: 'session.created', session: { model: 'gpt-realtime' } };
const usage = { total_tokens: 253, input_tokens: 132, output_tokens: 121, input_token_details: { text_tokens: 119, audio_tokens: 13, cached_tokens: 64 }, output_token_details: { text_tokens: 30, audio_tokens: 91 } };
const answer = (id: string, more: object = {}): object[] => [
  { type: 'response.created', response: { id } },
  { type: 'response.output_audio.delta', response_id: id, delta: 'AAAA' },
  { type: 'response.output_audio_transcript.delta', response_id: id, delta: `hi from ${id}` },
  { type: 'response.done', response: { id, status: 'completed', usage, output: [], ...more } },
];

async function session(turns: object[][], options: { extensions?: string; capture?: 'full' | 'none' } = {}): Promise<{ got: string[]; ends: CallEndLine[] }> {
  fixture = await startFixture(serverOf(turns, options.extensions ?? null), { capture: options.capture ?? 'full' });
  const socket = new WebSocket(`ws://127.0.0.1:${fixture.port}${fixture.token}/v1/realtime?model=gpt-realtime`);
  const got: string[] = [];
  let said = turns[0]!.length;
  socket.addEventListener('message', ({ data }) => void got.push(String(data)));
  await until(() => got.length === said, 'the greeting');
  for (const turn of turns.slice(1)) {
    socket.send('{"type":"response.create"}');
    said += turn.length;
    await until(() => got.length === said, 'the turn');
  }
  socket.close();
  const whole = (): CallEndLine[] => fixture!.lines.filter((line): line is CallEndLine => line.type === 'callEnd');
  await until(() => whole().some(({ id }) => id === 'c1'), 'the session to end');
  return { got, ends: whole() };
}

describe('a session of the realtime API', () => {
  it.each([['as it is', undefined], ['packed', 'permessage-deflate']])('passes %s, and has a call for each answer', async (_name, extensions) => {
    const failed = { status: 'failed', usage: null, status_details: { type: 'failed', error: { type: 'server_error', code: 'overloaded', message: 'Too much' } } };
    const called = { output: [{ type: 'function_call', call_id: 'call_1', name: 'search', arguments: '{"q":1}' }] };
    const turns = [[created], answer('r1'), [...answer('r2', failed)], answer('r3', called)];
    const { got, ends } = await session(turns, extensions === undefined ? {} : { extensions });
    expect(got).toEqual(turns.flat().map((event) => JSON.stringify(event)));
    expect(fixture!.calls().map(({ id, endpoint, model, path, stream }) => [id, endpoint, model, path, stream])).toEqual([
      ['c1', 'opaque', null, '/v1/realtime', false],
      ...[1, 2, 3].map((n) => [`c1.${n}`, 'responses', 'gpt-realtime', '/v1/realtime', true]),
    ]);
    expect(ends.map(({ id, status, usage: told, text }) => [id, status, told, text])).toEqual([
      ['c1.1', 'ok', { promptTokens: 132, cachedTokens: 64, completionTokens: 121, reasoningTokens: null }, 'hi from r1'],
      ['c1.2', 'error', null, 'hi from r2'],
      ['c1.3', 'ok', { promptTokens: 132, cachedTokens: 64, completionTokens: 121, reasoningTokens: null }, 'hi from r3'],
      ['c1', 'ok', null, null],
    ]);
    expect([ends[1]!.error, ends[0]!.responseId, ends[0]!.chunkGaps.length, ends[2]!.toolCalls]).toEqual(['Too much', 'r1', 2, [{ callId: 'call_1', name: 'search', argumentBytes: 7, arguments: '{"q":1}' }]]);
    expect(ends[0]!.firstTokenAt).toBeGreaterThanOrEqual(fixture!.calls()[1]!.t);
  });

  it('of vLLM, which tells of a transcription’s end and tokens alone', async () => {
    const { ends } = await session([[{ type: 'session.created', id: 's' }], [{ type: 'transcription.delta', delta: 'good ' }, { type: 'transcription.delta', delta: 'day' }, { type: 'transcription.done', text: 'good day', usage: { prompt_tokens: 40, completion_tokens: 2, total_tokens: 42 } }]]);
    expect(ends[0]).toMatchObject({ id: 'c1.1', status: 'ok', text: 'good day', firstTokenAt: null, chunkGaps: [], usage: { promptTokens: 40, completionTokens: 2 } });
  });

  const heard = (item: string, what: string, more: object): object => ({ type: `conversation.item.input_audio_transcription.${what}`, item_id: item, content_index: 0, ...more });

  it('that transcribes has a call for each transcription, from when its audio was committed, with tokens or seconds', async () => {
    const configured = { type: 'session.created', session: { type: 'transcription', audio: { input: { transcription: { model: 'gpt-4o-transcribe' } } } } };
    const committed = (item: string): object => ({ type: 'input_audio_buffer.committed', item_id: item, previous_item_id: null });
    const told = { type: 'tokens', total_tokens: 48, input_tokens: 38, input_token_details: { text_tokens: 0, audio_tokens: 38 }, output_tokens: 10 };
    const { ends } = await session([
      [configured],
      [committed('i1'), committed('i2')],
      [heard('i1', 'delta', { delta: 'good ' }), heard('i2', 'delta', { delta: 'he' }), heard('i1', 'delta', { delta: 'day' })],
      [heard('i2', 'completed', { transcript: 'hello', usage: { type: 'duration', seconds: 2.5 } }), heard('i1', 'completed', { transcript: 'good day', usage: told })],
      [heard('i3', 'failed', { error: { type: 'transcription_error', code: 'audio_unintelligible', message: 'What?' } })],
    ]);
    expect(fixture!.calls().map(({ id, model }) => [id, model])).toEqual([['c1', null], ['c1.1', 'gpt-4o-transcribe'], ['c1.2', 'gpt-4o-transcribe'], ['c1.3', 'gpt-4o-transcribe']]);
    expect(ends.map(({ id, status, error, usage: used, text, model }) => [id, status, error, used, text, model])).toEqual([
      ['c1.2', 'ok', null, { promptTokens: null, cachedTokens: null, completionTokens: null, reasoningTokens: null, audioSeconds: 2.5 }, 'hello', 'gpt-4o-transcribe'],
      ['c1.1', 'ok', null, { promptTokens: 38, cachedTokens: null, completionTokens: 10, reasoningTokens: null }, 'good day', 'gpt-4o-transcribe'],
      ['c1.3', 'error', 'What?', null, '', 'gpt-4o-transcribe'],
      ['c1', 'ok', null, null, null, null],
    ]);
    // From the commit to the first words; what was not committed is timed by nothing but its end.
    expect(ends[1]!.firstTokenAt).toBeGreaterThan(fixture!.calls()[1]!.t);
    expect([ends[1]!.chunkGaps.length, ends[2]!.firstTokenAt, ends[2]!.chunkGaps]).toEqual([2, null, []]);
  });

  it('in which nobody asked for transcriptions has none for what was committed', async () => {
    const { ends } = await session([[created], [{ type: 'input_audio_buffer.committed', item_id: 'i1' }, ...answer('r1')]]);
    expect(ends.map(({ id, model }) => [id, model])).toEqual([['c1.1', 'gpt-realtime'], ['c1', null]]);
  });

  it('that ends in the middle of an answer leaves it cancelled; with no capture it leaves no words', async () => {
    const { ends } = await session([[created], answer('r1').slice(0, 3)], { capture: 'none' });
    expect(ends.map(({ id, status, usage: told, text }) => [id, status, told, text])).toEqual([['c1.1', 'cancelled', null, null], ['c1', 'ok', null, null]]);
    expect(JSON.stringify(fixture!.lines)).not.toContain('hi from');
  });
});

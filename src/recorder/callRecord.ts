/** One call, from what the serving thread saw of it to its lines in the recording. */
import * as zlib from 'node:zlib';
import { ChunkedDecoder } from '../proxy/chunkedDecoder.ts';
import { parseObject } from '../proxy/json.ts';
import { JsonLinesParser } from '../proxy/jsonLines.ts';
import { SseParser } from '../proxy/sse.ts';
import type { CallEndLine, Capture, Endpoint } from '../profile/recordingFormat.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import { AlikeEvents, type EventTemplate } from './alikeEvents.ts';
import { Answer } from './answer.ts';
import type { CallEnded, CallHead } from './messages.ts';
import { isPackedStream, Unpacker } from './unpacker.ts';

/** A longer plain answer (embeddings of a whole corpus) is not read for its usage. */
const MAX_BODY_BYTES: Bytes = 32 * 1024 * 1024;
const MAX_ERROR_CHARS = 1000;

const EVENT_STREAM = /^text\/event-stream\b/i;
const JSON_LINES = /^application\/(x-ndjson|jsonl|x-jsonlines)\b/i;
/** Calls whose answer is words. */
const WITH_TEXT: readonly Endpoint[] = ['chat', 'completions', 'responses', 'messages', 'ollama', 'llamacpp'];

type Decompress = (bytes: Buffer, options: { maxOutputLength: number }) => Buffer;

const DECOMPRESS: Record<string, Decompress | undefined> = {
  gzip: zlib.gunzipSync,
  'x-gzip': zlib.gunzipSync,
  deflate: zlib.inflateSync,
  br: zlib.brotliDecompressSync,
  // Node 22.15 and later.
  zstd: (zlib as { zstdDecompressSync?: Decompress }).zstdDecompressSync,
};

export interface CallListener {
  /** The first output of its stream has come. */
  onFirstToken?(at: Milliseconds): void;
  /** Its compressed stream could not be read to its end. */
  onUnread?(why: string): void;
}

export class CallRecord {
  readonly id: string;
  readonly upstream: string;
  answer: Answer;
  readonly endpoint: Endpoint;
  readonly #path: string;
  #head: CallHead | null = null;
  #chunked: ChunkedDecoder | null = null;
  /** Of an answer that comes in events or lines. */
  #stream: SseParser | JsonLinesParser | null = null;
  /** Events that need not be parsed, and the template that they follow. */
  #alike: AlikeEvents | null = null;
  #template: EventTemplate | null = null;
  /** Of a stream that comes compressed. */
  #unpacker: Unpacker | null = null;
  readonly #listener: CallListener;
  #body: Buffer[] = [];
  #bodyBytes: Bytes = 0;
  #givenUp = false;

  /** @param path as the program asked for it, without its query */
  constructor(id: string, endpoint: Endpoint, upstream: string, path = '', listener: CallListener = {}) {
    this.id = id;
    this.#listener = listener;
    this.endpoint = endpoint;
    this.#path = path;
    this.upstream = upstream;
    this.answer = new Answer(endpoint, path);
  }

  head(head: CallHead): void {
    this.#head = head;
    this.answer.serverTimes = head.serverTimes;
    if (head.chunked) this.#chunked = new ChunkedDecoder();
    const coding = head.contentEncoding;
    if (coding !== null && !isPackedStream(coding)) return;
    this.#stream = streamParser(head.contentType);
    if (coding === null || this.#stream === null) return;
    this.#unpacker = new Unpacker(coding, {
      onBytes: (bytes, at) => this.#events(bytes, 0, bytes.length, at),
      onGivenUp: (why) => {
        this.giveUp();
        this.#listener.onUnread?.(why);
      },
    });
  }

  /** Resolves when what has been read of a compressed stream is known, before which the call is not to be ended; null where it is. */
  settled(): Promise<void> | null {
    return this.#unpacker?.settled() ?? null;
  }

  /** Takes one read of the answer, framing included. */
  read(bytes: Buffer, at: Milliseconds): void {
    if (this.#givenUp) return;
    if (this.#chunked === null) {
      this.#payload(bytes, 0, bytes.length, at);
      return;
    }
    const payload: number[] = [];
    this.#chunked.feed(bytes, 0, payload);
    for (let i = 0; i < payload.length; i += 2) this.#payload(bytes, payload[i]!, payload[i + 1]!, at);
  }

  /** The rest of the answer is not handed over: what was learned from its beginning alone would be taken for all of it. */
  giveUp(): void {
    this.#givenUp = true;
    this.#stream = null;
    this.#unpacker?.close();
    this.#body = [];
    const { firstTokenAt, serverTimes, id, model } = this.answer;
    this.answer = Object.assign(new Answer(this.endpoint, this.#path), { firstTokenAt, serverTimes, id, model });
  }

  /** The call's end line. `toT` turns clock readings into the recording's time. */
  end(ended: CallEnded, capture: Capture, toT: (at: Milliseconds) => Milliseconds): Omit<CallEndLine, 'usageEvidence' | 'server'> {
    const { answer } = this;
    this.#stream?.end((data) => answer.event(data, ended.at));
    this.#readBody();
    // A client that hangs up after the last event has had its whole answer.
    let status = ended.status === 'cancelled' && this.#stream !== null && answer.finished ? 'ok' : ended.status;
    let error = ended.error;
    if (answer.error !== null && status !== 'cancelled') {
      status = 'error';
      error ??= answer.error.code;
      // A server's message may quote the prompt.
      if (capture === 'full') error = answer.error.message.slice(0, MAX_ERROR_CHARS);
      else error = `HTTP ${ended.httpStatus ?? '–'}: ${answer.error.code.slice(0, 100)}`;
    } else if (status === 'error') error ??= `HTTP ${ended.httpStatus ?? '–'}`;
    const { outputAt } = answer;
    return {
      type: 'callEnd',
      t: toT(ended.at),
      id: this.id,
      status,
      httpStatus: ended.httpStatus,
      error,
      headersAt: this.#head === null ? null : toT(this.#head.at),
      firstTokenAt: answer.firstTokenAt === null ? null : toT(answer.firstTokenAt),
      chunkGaps: outputAt.map((at, index) => (index === 0 ? 0 : microseconds(at - outputAt[index - 1]!))),
      usage: answer.usage,
      finishReason: answer.finishReason,
      toolCalls: answer.toolCalls(capture),
      model: answer.model,
      responseId: answer.id,
      responseBytes: ended.bytes,
      text: !this.#givenUp && (WITH_TEXT.includes(this.endpoint) || (this.endpoint === 'opaque' && answer.text.length > 0)) ? answer.textOf(capture) : null,
    };
  }

  #payload(bytes: Buffer, start: number, end: number, at: Milliseconds): void {
    if (this.#unpacker !== null) {
      this.#unpacker.write(bytes.subarray(start, end), at);
      return;
    }
    if (this.#stream === null) {
      this.#bodyBytes += end - start;
      if (this.#bodyBytes <= MAX_BODY_BYTES) this.#body.push(bytes.subarray(start, end));
      else this.#body = [];
      return;
    }
    this.#events(bytes, start, end, at);
  }

  /** Takes bytes of a stream as they would come if it were not compressed. */
  #events(bytes: Buffer, start: number, end: number, at: Milliseconds): void {
    const isFirst = this.answer.firstTokenAt === null;
    const stream = this.#stream;
    if (stream instanceof SseParser) this.#serverSent(stream, bytes, start, end, at);
    else stream?.push(bytes.subarray(start, end), (data) => this.answer.event(data, at));
    if (isFirst && this.answer.firstTokenAt !== null) this.#listener.onFirstToken?.(this.answer.firstTokenAt);
  }

  #serverSent(stream: SseParser, bytes: Buffer, start: number, end: number, at: Milliseconds): void {
    const from = stream.isBetweenEvents ? this.#alikeFrom(bytes, start, end, at) : start;
    if (from === end) return;
    const beganEvent = stream.isBetweenEvents;
    stream.push(bytes.subarray(from, end), (data) => this.answer.event(data, at));
    const { template } = this.answer;
    if (template === this.#template || !beganEvent) return;
    this.#alike = template === null ? null : AlikeEvents.like(template, bytes, from, end);
    // Where the first of several events was another one, the next read shows.
    this.#template = this.#alike === null ? null : template;
  }

  /** @returns where what is not like the events before begins */
  #alikeFrom(bytes: Buffer, start: number, end: number, at: Milliseconds): number {
    const alike = this.#alike;
    if (alike === null || this.#template !== this.answer.template) return start;
    let from = start;
    for (let next = alike.next(bytes, from, end); next >= 0; next = alike.next(bytes, from, end)) {
      this.answer.alike(alike.text, at);
      from = next;
    }
    return from;
  }

  /** A plain answer is read once it is complete. */
  #readBody(): void {
    if (this.#body.length === 0) return;
    let body: Buffer = Buffer.concat(this.#body);
    const coding = this.#head?.contentEncoding?.toLowerCase() ?? 'identity';
    if (coding !== 'identity') {
      const decompress = DECOMPRESS[coding];
      if (decompress === undefined) return;
      try {
        body = decompress(body, { maxOutputLength: MAX_BODY_BYTES });
      } catch {
        // Cut off or damaged on the way: nothing to be learned from it.
        return;
      }
    }
    const answer = parseObject(body.toString('utf8'));
    if (answer !== null) this.answer.body(answer);
  }
}

function streamParser(contentType: string | null): SseParser | JsonLinesParser | null {
  if (EVENT_STREAM.test(contentType ?? '')) return new SseParser();
  return JSON_LINES.test(contentType ?? '') ? new JsonLinesParser() : null;
}

/** Times are recorded with microsecond digits. */
export function microseconds(value: Milliseconds): Milliseconds {
  return Math.round(value * 1000) / 1000;
}

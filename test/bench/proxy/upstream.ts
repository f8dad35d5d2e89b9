/**
 * The scripted upstream, in a process of its own. The model's name says what it answers:
 *
 * - `m`: a stream of 64 chunks without pauses, or a plain answer;
 * - `paced:CHUNKS:GAP`, `step:CHUNKS:GAP`: a stream with a chunk each GAP ms; of `step`, all streams get theirs in one
 *   go, as a server's batch does. The text of each chunk is the moment at which it was written, in `monotonicMs`;
 * - `long:BYTES`: an answer of that length, in chunks of 16 kB where it is a stream.
 */
import { createServer, type Socket } from 'node:net';
import { ChunkedDecoder } from '../../../src/proxy/chunkedDecoder.ts';
import { monotonicMs } from '../../../src/profiler/clock.ts';
import { serve } from './serve.ts';

export const CHUNKS = 64;
/** Where the model's name and `stream` stand, whoever wrote the JSON: at its beginning or its end. */
const KEPT_BYTES = 4096;
const LONG_CHUNK = 16 * 1024;

const STREAM_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n';
const LAST = '0\r\n\r\n';

const frame = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const plainHead = (bytes: number): string => `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\nConnection: keep-alive\r\n\r\n`;

function streamEvent(content: string, finish: string | null): string {
  return `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: finish }] })}\n\n`;
}

const usage = { prompt_tokens: 300, total_tokens: 364, completion_tokens: 64, prompt_tokens_details: { cached_tokens: 288 } };
const USAGE = frame(`data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage })}\n\n`);
const DONE = frame('data: [DONE]\n\n');
const BURST = Array.from({ length: CHUNKS }, (_, n) => Buffer.from(frame(streamEvent(` word${n}`, n === CHUNKS - 1 ? 'stop' : null))));
const [PACED_BEFORE, PACED_AFTER] = streamEvent('|', null).split('|') as [string, string];
const MODELS = JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model', owned_by: 'vllm' }] });

function plainAnswer(content: string): Buffer {
  const text = JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }], usage });
  return Buffer.from(plainHead(text.length) + text);
}
const PLAIN = plainAnswer(' word'.repeat(CHUNKS));

/** A chunk whose text is the moment of its writing: a space, then ms with three decimals. */
function stampedChunk(): string {
  return frame(`${PACED_BEFORE} ${monotonicMs().toFixed(3)}${PACED_AFTER}`);
}

/** The streams that get a chunk at each step, by the step's length in ms. */
const steps = new Map<number, Set<() => void>>();

function eachStep(gap: number, next: () => boolean): void {
  let streams = steps.get(gap);
  if (streams === undefined) {
    const all = new Set<() => void>();
    steps.set(gap, (streams = all));
    setInterval(() => {
      for (const stream of all) stream();
    }, gap);
  }
  const all = streams;
  const stream = () => {
    if (!next()) all.delete(stream);
  };
  all.add(stream);
}

class Answerer {
  readonly #socket: Socket;
  readonly #head: string;
  readonly #body: string;

  constructor(socket: Socket, head: string, body: string) {
    this.#socket = socket;
    this.#head = head;
    this.#body = body;
  }

  answer(): void {
    if (this.#head.startsWith('GET')) {
      this.#socket.write(plainHead(MODELS.length) + MODELS);
      return;
    }
    const streams = /"stream":\s?true/.test(this.#body);
    const [kind, first, second] = (/"model":\s?"(?:[\w-]+\/)?([^"]*)"/.exec(this.#body)?.[1] ?? 'm').split(':');
    if (kind === 'long') this.#long(Number(first), streams);
    else if (!streams) this.#socket.write(PLAIN);
    else if (kind === 'm') this.#burst();
    else this.#stamped(kind === 'step', Number(first), Number(second));
  }

  #end(): void {
    this.#socket.write((/"include_usage":\s?true/.test(this.#body) ? USAGE : '') + DONE + LAST);
  }

  /** One chunk a turn of the loop: each is written, and sent, by itself. */
  #burst(): void {
    this.#socket.write(STREAM_HEAD);
    let n = 0;
    const next = () => {
      if (n === CHUNKS) {
        this.#end();
        return;
      }
      this.#socket.write(BURST[n++]!);
      setImmediate(next);
    };
    next();
  }

  #stamped(inSteps: boolean, chunks: number, gap: number): void {
    this.#socket.write(STREAM_HEAD);
    let n = 0;
    const write = () => {
      if (this.#socket.destroyed) return false;
      this.#socket.write(stampedChunk());
      if (++n < chunks) return true;
      this.#end();
      return false;
    };
    if (inSteps) {
      eachStep(gap, write);
      return;
    }
    const began = monotonicMs();
    // Due times, not pauses: a late chunk does not delay those after it.
    const next = () => {
      if (write()) setTimeout(next, Math.max(1, began + n * gap - monotonicMs()));
    };
    next();
  }

  #long(bytes: number, streams: boolean): void {
    if (!streams) {
      this.#socket.write(plainAnswer('x'.repeat(bytes)));
      return;
    }
    this.#socket.write(STREAM_HEAD);
    const chunk = Buffer.from(frame(streamEvent('x'.repeat(LONG_CHUNK), null)));
    let left = bytes;
    const next = () => {
      for (; left > 0; left -= LONG_CHUNK)
        if (!this.#socket.write(chunk)) {
          left -= LONG_CHUNK;
          this.#socket.once('drain', next);
          return;
        }
      this.#end();
    };
    next();
  }
}

/** Follows a connection's requests, and keeps of each body only what the script is told by. */
function take(socket: Socket): void {
  let head: string | null = null;
  let partial: Buffer | null = null;
  let remaining = 0;
  let decoder: ChunkedDecoder | null = null;
  let beginning = '';
  let end = '';
  const keep = (bytes: Buffer) => {
    if (beginning.length < KEPT_BYTES) beginning += bytes.toString('latin1', 0, KEPT_BYTES);
    end = (end + bytes.toString('latin1', Math.max(0, bytes.length - KEPT_BYTES))).slice(-KEPT_BYTES);
  };
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    let body = bytes;
    if (head === null) {
      const all: Buffer = partial === null ? bytes : Buffer.concat([partial, bytes]);
      const headEnd = all.indexOf('\r\n\r\n');
      if (headEnd < 0) {
        partial = all;
        return;
      }
      partial = null;
      head = all.toString('latin1', 0, headEnd);
      remaining = Number(/^content-length:\s*(\d+)/im.exec(head)?.[1] ?? 0);
      decoder = /^transfer-encoding:\s*chunked/im.test(head) ? new ChunkedDecoder() : null;
      beginning = '';
      end = '';
      body = all.subarray(headEnd + 4);
    }
    keep(body);
    remaining -= body.length;
    decoder?.feed(body, 0, null);
    if (decoder === null ? remaining > 0 : !decoder.done) return;
    const answerer = new Answerer(socket, head, beginning + end);
    head = null;
    answerer.answer();
  });
}

export function runUpstream(): void {
  serve(createServer({ noDelay: true }, take));
}

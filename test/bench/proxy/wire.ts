/**
 * The load's end of a connection: a bare socket that carries one call after the other. Node's own client would
 * cost more than what is measured, and hides how the answer's chunks came.
 */
import { connect, type Socket } from 'node:net';
import { ChunkedDecoder } from '../../../src/proxy/chunkedDecoder.ts';
import { monotonicMs } from '../../../src/profiler/clock.ts';

export interface CallResult {
  /** From the request's first byte to the answer's last. */
  ms: number;
  bytes: number;
}

/** Gets each run of payload of a chunked answer as it came: a whole chunk, unless it was split on its way. */
export type OnPayload = (payload: Buffer, at: number) => void;

interface Call {
  began: number;
  bytes: number;
  status: number;
  /** Bytes that are still to come; null for a chunked body. */
  remaining: number | null;
  decoder: ChunkedDecoder | null;
  head: Buffer | null;
  inBody: boolean;
  closes: boolean;
  onPayload: OnPayload | null;
  resolve(result: CallResult): void;
  reject(error: Error): void;
}

export class Wire {
  readonly #port: number;
  #socket: Socket | null = null;
  #call: Call | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  /** @throws Error for an answer that is not a whole one of status 200 */
  call(request: readonly Buffer[], onPayload: OnPayload | null = null): Promise<CallResult> {
    this.#socket ??= this.#connect();
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      this.#call = { began: monotonicMs(), bytes: 0, status: 0, remaining: null, decoder: null, head: null, inBody: false, closes: false, onPayload, resolve, reject };
      if (request.length === 1) socket.write(request[0]!);
      else {
        socket.cork();
        for (const part of request) socket.write(part);
        socket.uncork();
      }
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
    this.#fail(new Error('given up'));
  }

  #connect(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    const lost = (error?: Error) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#fail(error ?? new Error('the connection was closed'));
    };
    socket.on('error', lost);
    socket.on('close', () => lost());
    return socket;
  }

  #fail(error: Error): void {
    const call = this.#call;
    this.#call = null;
    call?.reject(error);
  }

  #read(bytes: Buffer): void {
    const call = this.#call;
    if (call === null) return;
    let body = bytes;
    if (!call.inBody) {
      const all: Buffer = call.head === null ? bytes : Buffer.concat([call.head, bytes]);
      const end = all.indexOf('\r\n\r\n');
      if (end < 0) {
        call.head = all;
        return;
      }
      this.#readHead(call, all.toString('latin1', 0, end));
      body = all.subarray(end + 4);
    }
    call.bytes += body.length;
    if (call.decoder === null) call.remaining! -= body.length;
    else this.#readChunks(call, call.decoder, body);
    if (call.decoder?.done !== true && call.remaining !== 0) return;
    this.#call = null;
    if (call.closes) {
      this.#socket?.destroy();
      this.#socket = null;
    }
    if (call.status === 200 && call.bytes > 100) call.resolve({ ms: monotonicMs() - call.began, bytes: call.bytes });
    else call.reject(new Error(`status ${call.status}: ${body.toString('utf8', 0, 300)}`));
  }

  #readHead(call: Call, head: string): void {
    call.inBody = true;
    call.head = null;
    call.status = Number(head.slice(9, 12));
    call.closes = /^connection:\s*close/im.test(head);
    const length = /^content-length:\s*(\d+)/im.exec(head);
    if (length === null) call.decoder = new ChunkedDecoder();
    else call.remaining = Number(length[1]);
  }

  #readChunks(call: Call, decoder: ChunkedDecoder, body: Buffer): void {
    if (call.onPayload === null) {
      decoder.feed(body, 0, null);
      return;
    }
    const at = monotonicMs();
    const ranges: number[] = [];
    decoder.feed(body, 0, ranges);
    for (let i = 0; i < ranges.length; i += 2) call.onPayload(body.subarray(ranges[i], ranges[i + 1]), at);
  }
}

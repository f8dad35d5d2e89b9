/** The client's side of an exchange: writes the upstream's answer to the client's socket as raw as it came. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { headerValue, type ResponseHead } from './responseReader.ts';
import { ChunkedDecoder } from './chunkedDecoder.ts';
import { UsageHider } from './usageHider.ts';

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'upgrade']);

/**
 * - `raw`: the body's bytes are written as they are, framing included;
 * - `hide`: usage that the client did not ask for is taken out, the result is chunked;
 * - `unframe`: an HTTP/1.0 client cannot read chunks, so it gets their payload.
 */
type Mode = 'raw' | 'hide' | 'unframe';

export class ResponseRelay {
  readonly #response: ServerResponse;
  readonly #head: ResponseHead;
  readonly #mode: Mode;
  readonly #hider: UsageHider | null;
  readonly #unframer: ChunkedDecoder | null;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;

  constructor(request: IncomingMessage, response: ServerResponse, head: ResponseHead, options: { hideUsage: boolean }) {
    this.#response = response;
    this.#head = head;
    this.contentType = headerValue(head.headers, 'content-type');
    this.contentEncoding = headerValue(head.headers, 'content-encoding');
    const modern = request.httpVersionMinor >= 1;
    const readable = head.status === 200 && this.contentEncoding === null && /^text\/event-stream\b/i.test(this.contentType ?? '');
    this.#mode = modern && options.hideUsage && readable && head.framing !== 'none' ? 'hide' : !modern && head.framing === 'chunked' ? 'unframe' : 'raw';
    this.#hider = this.#mode === 'hide' ? new UsageHider(head.framing === 'chunked') : null;
    this.#unframer = this.#mode === 'unframe' ? new ChunkedDecoder() : null;
  }

  /** Writes the head; with the body's first bytes when they are at hand. */
  begin(bodyFollows: boolean): void {
    const response = this.#response;
    const { headers, framing } = this.#head;
    const chunked = this.#mode === 'hide' || (this.#mode === 'raw' && framing === 'chunked');
    const sent: string[] = [];
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i]!;
      const lower = name.toLowerCase();
      if (HOP_BY_HOP.has(lower) || lower === 'transfer-encoding' || (lower === 'content-length' && chunked)) continue;
      sent.push(name, headers[i + 1]!);
    }
    if (chunked) sent.push('Transfer-Encoding', 'chunked');
    // Without a length and without chunks, only the connection's end tells the body's end.
    const untilClose = framing !== 'none' && !chunked && (framing === 'close' || this.#mode === 'unframe');
    if (untilClose) sent.push('Connection', 'close');
    response.sendDate = false;
    // Where this is false, Node takes the connection's end for the body's.
    response.useChunkedEncodingByDefault = !untilClose;
    response.writeHead(this.#head.status, this.#head.reason, sent);
    // The framing comes ready from the upstream; Node must not add its own.
    response.chunkedEncoding = false;
    if (!bodyFollows) response.flushHeaders();
  }

  /** @returns false when the client does not keep up */
  write(bytes: Buffer, done: boolean): boolean {
    const out = this.#hider !== null ? this.#hider.push(bytes, done) : this.#unframer !== null ? this.#unframe(bytes) : bytes;
    const response = this.#response;
    if (out === null || out.length === 0) {
      if (done) response.end();
      else if (!response.headersSent) response.flushHeaders();
      return true;
    }
    if (done) {
      response.end(out);
      return true;
    }
    return response.write(out);
  }

  onDrain(callback: () => void): void {
    this.#response.once('drain', callback);
  }

  /** Ends the connection after what was written, so that the client sees the answer break off as the upstream's did. */
  breakOff(): void {
    const { socket } = this.#response;
    if (socket === null) this.#response.destroy();
    else socket.destroySoon();
  }

  #unframe(bytes: Buffer): Buffer {
    const parts: Buffer[] = [];
    this.#unframer!.feed(bytes, 0, (start, end) => parts.push(bytes.subarray(start, end)));
    return Buffer.concat(parts);
  }
}

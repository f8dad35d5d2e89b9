/** The body of a streamed answer, whose parts can be made ready before they are due. */
import type { ServerResponse } from 'node:http';

const NOTHING = Buffer.alloc(0);
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/**
 * Frames its parts as chunks of HTTP by itself, so that each goes to the socket in one piece and at once. `ServerResponse.write` makes
 * four pieces of a chunk and sends them when the event loop comes round: too late for many streams that are due at the same time.
 */
export class StreamBody {
  readonly #response: ServerResponse;
  /** A client of HTTP/1.0 knows no chunks: for it the end of the connection is the end. */
  readonly #isChunked: boolean;

  /** Sends the head, too. */
  constructor(response: ServerResponse) {
    this.#response = response;
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    response.flushHeaders();
    this.#isChunked = response.chunkedEncoding;
    response.chunkedEncoding = false;
  }

  /** A text as it goes over the wire, in bytes, so that nothing is left to do when it is due; empty for an empty one, as an empty chunk would be the end. */
  framed(text: string): Buffer {
    if (text === '') return NOTHING;
    return Buffer.from(this.#isChunked ? `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n` : text);
  }

  /** Sends what `framed` returned. */
  send(framed: Buffer): void {
    if (framed.length === 0) return;
    const { socket } = this.#response;
    // Behind another answer on the same connection it has no socket yet, and waits.
    if (socket === null) this.#response.write(framed);
    else if (socket.writable) socket.write(framed);
  }

  /** Sends a last text, and that it was the last. */
  end(text: string): void {
    this.send(Buffer.concat([this.framed(text), this.#isChunked ? LAST_CHUNK : NOTHING]));
    this.#response.end();
  }
}

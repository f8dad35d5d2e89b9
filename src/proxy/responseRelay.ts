/** The client's side of an exchange: writes the upstream's answer to the client's socket as raw as it came. */
import type { ClientConnection } from './clientConnection.ts';
import { headerValue, type BodyRead, type ResponseHead } from './responseReader.ts';
import { UsageHider } from './usageHider.ts';

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'upgrade', 'transfer-encoding']);

/**
 * - `raw`: the body's bytes are written as they are, framing included;
 * - `hide`: usage that the client did not ask for is taken out, the result is chunked;
 * - `unframe`: an HTTP/1.0 client cannot read chunks, so it gets their payload.
 */
type Mode = 'raw' | 'hide' | 'unframe';

export class ResponseRelay {
  readonly #client: ClientConnection;
  readonly #head: ResponseHead;
  readonly #mode: Mode;
  readonly #hider: UsageHider | null;
  readonly #keepAlive: boolean;
  readonly #chunked: boolean;
  #headPending = true;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;

  constructor(client: ClientConnection, minor: number, head: ResponseHead, options: { hideUsage: boolean }) {
    this.#client = client;
    this.#head = head;
    this.contentType = headerValue(head.headers, 'content-type');
    this.contentEncoding = headerValue(head.headers, 'content-encoding');
    const readable = head.status === 200 && this.contentEncoding === null && /^text\/event-stream\b/i.test(this.contentType ?? '');
    this.#mode = minor >= 1 && options.hideUsage && readable && head.framing !== 'none' ? 'hide' : minor === 0 && head.framing === 'chunked' ? 'unframe' : 'raw';
    this.#hider = this.#mode === 'hide' ? new UsageHider() : null;
    this.#chunked = this.#mode === 'hide' || (this.#mode === 'raw' && head.framing === 'chunked');
    // Without a length and without chunks, only the connection's end tells the body's end.
    const untilClose = head.framing !== 'none' && !this.#chunked && (head.framing === 'close' || this.#mode === 'unframe');
    this.#keepAlive = client.keepsAlive && !untilClose;
  }

  /** Sends the head, unless the body's first bytes are at hand to go with it. */
  begin(bodyFollows: boolean): void {
    if (!bodyFollows) this.#send(null);
  }

  /** @returns false when the client does not keep up */
  write(read: BodyRead): boolean {
    const out = this.#hider !== null ? this.#hider.push(read) : this.#mode === 'unframe' ? unframed(read) : read.bytes;
    let flowing = true;
    if (this.#headPending) flowing = this.#send(out);
    else if (out !== null && out.length > 0) flowing = this.#client.write(out);
    if (read.done) this.#client.finish(this.#keepAlive);
    return flowing;
  }

  onDrain(callback: () => void): void {
    this.#client.onDrain(callback);
  }

  breakOff(): void {
    this.#client.breakOff();
  }

  #send(body: Buffer | null): boolean {
    this.#headPending = false;
    const { headers } = this.#head;
    const sent: string[] = [];
    for (let i = 0; i < headers.length; i += 2) {
      const lower = headers[i]!.toLowerCase();
      if (HOP_BY_HOP.has(lower) || (this.#chunked && lower === 'content-length')) continue;
      sent.push(headers[i]!, headers[i + 1]!);
    }
    if (this.#chunked) sent.push('Transfer-Encoding', 'chunked');
    return this.#client.start(this.#head.status, this.#head.reason, sent, body, this.#keepAlive);
  }
}

function unframed({ bytes, payload }: BodyRead): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i < (payload?.length ?? 0); i += 2) parts.push(bytes.subarray(payload![i], payload![i + 1]));
  return Buffer.concat(parts);
}

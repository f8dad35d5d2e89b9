/** One request as a stream of HTTP/2, its answer handed on in the form of HTTP/1.1. */
import { constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { STATUS_CODES } from 'node:http';
import type { Bytes } from '../profile/units.ts';
import { headerValue, ResponseError, type Framing, type ResponseHead } from './responseReader.ts';
import type { RequestText, UpstreamListener, UpstreamRequest } from './upstreamRequest.ts';

const CRLF = '\r\n';
const NO_TRAILERS: readonly string[] = [];
/** Of one connection of HTTP/1.1; HTTP/2 has none of them (RFC 9113, section 8.2.2). */
const NOT_IN_HTTP2 = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'host']);

export class Http2Request implements UpstreamRequest {
  readonly #listener: UpstreamListener;
  readonly #method: string;
  readonly #stream: ClientHttp2Stream | null = null;
  #framing: Framing = 'none';
  /** Of a declared length. */
  #remaining: Bytes = 0;
  #requestTrailers = NO_TRAILERS;
  #trailers = '';
  #started = false;
  #over = false;
  #writable = true;

  /** @param onOver its stream is closed */
  constructor(session: ClientHttp2Session, request: RequestText, listener: UpstreamListener, onOver: () => void) {
    this.#listener = listener;
    this.#method = request.method;
    const whole = request.replayable;
    try {
      this.#stream = session.request(http2Headers(request.head, session.encrypted === true ? 'https' : 'http'), { endStream: whole && request.body.length === 0, waitForTrailers: request.chunked });
    } catch (error) {
      setImmediate(() => {
        onOver();
        this.#fail(error instanceof Error ? error : new Error(String(error)));
      });
      return;
    }
    const stream = this.#stream;
    for (const part of request.body) stream.write(part);
    if (whole) this.end(NO_TRAILERS);
    stream.on('wantTrailers', () => stream.sendTrailers(fields(this.#requestTrailers)));
    stream.on('headers', (_headers: IncomingHttpHeaders, _flags: number, raw: string[]) => this.#onInterim(raw));
    stream.on('response', (_headers: IncomingHttpHeaders, flags: number, raw: string[]) => this.#onHead(raw, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0));
    stream.on('data', (bytes: Buffer) => this.#onData(bytes));
    stream.on('trailers', (_headers: IncomingHttpHeaders, _flags: number, raw: string[]) => (this.#trailers = trailersText(raw)));
    stream.on('end', () => this.#onEnd());
    stream.on('error', (error: Error) => this.#fail(error));
    stream.on('close', () => {
      onOver();
      this.#fail(new ResponseError(this.#started ? 'the server closed the stream before its answer ended' : 'the server closed the stream without an answer'));
    });
  }

  /** An answer has begun. */
  get started(): boolean {
    return this.#started;
  }

  /** The server has not looked at it (RFC 9113, section 8.7). */
  get refused(): boolean {
    return !this.#started && this.#stream?.rstCode === constants.NGHTTP2_REFUSED_STREAM;
  }

  write(bytes: Buffer): boolean {
    return this.#stream === null || !this.#writable || this.#stream.write(bytes);
  }

  end(trailers: readonly string[]): void {
    if (!this.#writable) return;
    this.#writable = false;
    this.#requestTrailers = trailers;
    this.#stream?.end();
  }

  onDrain(callback: () => void): void {
    this.#stream?.once('drain', callback);
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  abort(): void {
    this.#over = true;
    this.#stream?.close(constants.NGHTTP2_CANCEL);
  }

  #onInterim(raw: string[]): void {
    const head = responseHead(raw);
    if (!this.#over && head !== null && head.status !== 100) this.#listener.onInterim(head);
  }

  #onHead(raw: string[], ends: boolean): void {
    if (this.#over) return;
    this.#started = true;
    const head = responseHead(raw);
    if (head === null) {
      this.#fail(new ResponseError('the answer is not HTTP'));
      return;
    }
    const { status } = head;
    const length = headerValue(head.headers, 'content-length');
    if (this.#method === 'HEAD' || status === 204 || status === 304) head.framing = 'none';
    else if (length !== null && /^\d{1,15}$/.test(length)) {
      head.framing = 'length';
      head.length = Number(length);
    } else head.framing = 'chunked';
    this.#framing = head.framing;
    this.#remaining = head.length;
    const empty = head.framing === 'none' || (head.framing === 'length' && head.length === 0) || ends;
    this.#listener.onHead(head, empty);
    if (empty) this.#onEnd();
  }

  #onData(bytes: Buffer): void {
    if (this.#over) return;
    if (this.#framing === 'chunked') {
      const size = `${bytes.length.toString(16)}${CRLF}`;
      const framed = Buffer.allocUnsafe(size.length + bytes.length + CRLF.length);
      framed.write(size, 0, 'latin1');
      bytes.copy(framed, size.length);
      framed.write(CRLF, size.length + bytes.length, 'latin1');
      this.#listener.onBody({ bytes: framed, payload: [size.length, size.length + bytes.length], whole: true, done: false, trailers: null });
      return;
    }
    this.#remaining -= bytes.length;
    this.#over = this.#remaining === 0;
    this.#listener.onBody({ bytes, payload: null, whole: false, done: this.#over, trailers: null });
  }

  #onEnd(): void {
    if (this.#over || !this.#started) return;
    // Node ends what comes of a stream also where the stream has been reset, or its connection lost.
    if (this.#remaining > 0 || (this.#stream?.rstCode ?? 0) !== constants.NGHTTP2_NO_ERROR) {
      this.#fail(new ResponseError('the server closed the stream before its answer ended'));
      return;
    }
    this.#over = true;
    if (this.#framing !== 'chunked') {
      this.#listener.onBody({ bytes: Buffer.alloc(0), payload: null, whole: true, done: true, trailers: null });
      return;
    }
    const trailers = Buffer.from(this.#trailers + CRLF, 'latin1');
    this.#listener.onBody({ bytes: Buffer.concat([Buffer.from(`0${CRLF}`), trailers]), payload: [], whole: true, done: true, trailers });
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#listener.onFailure({ phase: 'answer', error });
  }
}

/** A request's head of HTTP/1.1 as HTTP/2 has it. */
export function http2Headers(head: string, scheme: 'http' | 'https'): OutgoingHttpHeaders {
  const [requestLine = '', ...lines] = head.split(CRLF);
  const [method = '', path = ''] = requestLine.split(' ');
  const headers: string[] = [];
  let authority = '';
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'host') authority = value;
    if (!NOT_IN_HTTP2.has(name)) headers.push(name, value);
  }
  return { ':method': method, ':scheme': scheme, ':authority': authority, ':path': path, ...fields(headers) };
}

/** Names and values in turn as Node's HTTP/2 has them. */
function fields(list: readonly string[]): OutgoingHttpHeaders {
  const values = new Map<string, string[]>();
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!.toLowerCase();
    values.set(name, [...(values.get(name) ?? []), list[i + 1]!]);
  }
  return Object.fromEntries([...values].map(([name, all]) => [name, all.length === 1 ? all[0]! : all]));
}

/** An answer's head as HTTP/1.1 has it. @param raw names and values in turn; null without a status */
export function responseHead(raw: string[]): ResponseHead | null {
  const headers: string[] = [];
  let status: number | null = null;
  for (let i = 0; i < raw.length; i += 2) {
    const [name, value] = [raw[i]!, raw[i + 1]!];
    if (name === ':status') status = Number(value);
    // What would end a line of HTTP/1.1 is no header of it.
    else if (!name.startsWith(':') && !NOT_IN_HTTP2.has(name) && !/[\r\n\0]/.test(name + value)) headers.push(name, value);
  }
  return status === null ? null : { status, reason: STATUS_CODES[status] ?? '', headers, framing: 'none', length: 0, reusable: true };
}

function trailersText(raw: string[]): string {
  let text = '';
  for (let i = 0; i < raw.length; i += 2) if (!raw[i]!.startsWith(':') && !/[\r\n\0]/.test(raw[i]! + raw[i + 1]!)) text += `${raw[i]}: ${raw[i + 1]}${CRLF}`;
  return text;
}

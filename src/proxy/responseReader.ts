/**
 * Reads one HTTP/1.x response off a socket and hands its body on as raw as it came.
 *
 * Node's own client parses each chunk and frames it anew; here the framing is only followed, so that a read
 * from the upstream becomes one write to the client, byte for byte.
 */
import { ChunkedDecoder } from './chunkedDecoder.ts';
import type { Bytes } from '../profile/units.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES: Bytes = 256 * 1024;

/** How the end of a body is known. */
export type Framing = 'chunked' | 'length' | 'close' | 'none';

export interface ResponseHead {
  status: number;
  reason: string;
  /** Names and values in turn, as received. */
  headers: string[];
  framing: Framing;
  /** Declared length when `framing` is `length`. */
  length: Bytes;
  /** The connection may serve another request after this response. */
  reusable: boolean;
}

export interface ResponseReceiver {
  /** A word before the answer: 102 Processing, 103 Early Hints. */
  onInterim(head: ResponseHead): void;
  /** @param bodyFollows whether the same read also holds the first bytes of the body */
  onHead(head: ResponseHead, bodyFollows: boolean): void;
  onBody(read: BodyRead): void;
}

/** The part of a response's body that one read brought. */
export interface BodyRead {
  /** Raw, framing included; empty with `done` for a response without a body. */
  bytes: Buffer;
  /** Where the payload of chunks stands in `bytes`: start and end in turn. Null for a body that is not chunked. */
  payload: number[] | null;
  /** Chunks neither began before this read nor go on after it. */
  whole: boolean;
  done: boolean;
  /** Of a chunked body that is done: what stands behind its last chunk, trailing headers and the empty line. */
  trailers: Buffer | null;
}

/** Raised for an answer that is not HTTP, or breaks off. */
export class ResponseError extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'ResponseError';
  }
}

/** Value of the last header of that (lower-case) name, or null. */
export function headerValue(headers: string[], name: string): string | null {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    const candidate = headers[i]!;
    if (candidate.length === name.length && candidate.toLowerCase() === name) return headers[i + 1]!;
  }
  return null;
}

export class ResponseReader {
  readonly #method: string;
  readonly #receiver: ResponseReceiver;
  #partialHead: Buffer | null = null;
  #head: ResponseHead | null = null;
  #remaining = 0;
  #chunked: ChunkedDecoder | null = null;
  #done = false;
  #started = false;

  constructor(method: string, receiver: ResponseReceiver) {
    this.#method = method;
    this.#receiver = receiver;
  }

  /** The whole response has been read. */
  get done(): boolean {
    return this.#done;
  }

  /** At least one byte has been read. */
  get started(): boolean {
    return this.#started;
  }

  get head(): ResponseHead | null {
    return this.#head;
  }

  /**
   * Takes the next bytes. `bytes` is handed on as it is, and must not be overwritten afterwards.
   * @returns how many bytes were left over after the response's end
   * @throws ResponseError or FramingError
   */
  read(bytes: Buffer): number {
    this.#started = true;
    if (this.#done) return bytes.length;
    return this.#head === null ? this.#readHead(bytes) : this.#readBody(bytes, 0);
  }

  /** The peer has closed. @throws ResponseError when the response is not complete */
  end(): void {
    if (this.#done) return;
    if (this.#head?.framing === 'close') {
      this.#done = true;
      this.#receiver.onBody(noBody());
      return;
    }
    throw new ResponseError(this.#head === null ? 'the server closed the connection without an answer' : 'the server closed the connection before its answer ended');
  }

  #readHead(bytes: Buffer): number {
    let all = this.#partialHead === null ? bytes : Buffer.concat([this.#partialHead, bytes]);
    this.#partialHead = null;
    for (;;) {
      const end = all.indexOf(HEAD_END);
      if (end < 0) {
        if (all.length > MAX_HEAD_BYTES) throw new ResponseError("the answer's head is too long");
        if (all.length >= 5 && all.toString('latin1', 0, 5) !== 'HTTP/') throw new ResponseError('the answer is not HTTP');
        this.#partialHead = all;
        return 0;
      }
      const head = parseHead(all.toString('latin1', 0, end), this.#method);
      const bodyAt = end + HEAD_END.length;
      if (head.status >= 100 && head.status < 200 && head.status !== 101) {
        // 100 Continue belongs to this hop alone: the client has been told by us.
        if (head.status !== 100) this.#receiver.onInterim(head);
        all = all.subarray(bodyAt);
        continue;
      }
      this.#head = head;
      this.#remaining = head.length;
      if (head.framing === 'chunked') this.#chunked = new ChunkedDecoder();
      const empty = head.framing === 'none' || (head.framing === 'length' && head.length === 0);
      this.#receiver.onHead(head, empty || all.length > bodyAt);
      if (empty) {
        this.#done = true;
        this.#receiver.onBody(noBody());
        return all.length - bodyAt;
      }
      return all.length > bodyAt ? this.#readBody(all, bodyAt) : 0;
    }
  }

  #readBody(all: Buffer, from: number): number {
    const bytes = from === 0 ? all : all.subarray(from);
    let end = bytes.length;
    let payload: number[] | null = null;
    let whole = false;
    if (this.#chunked !== null) {
      const wholeBefore = this.#chunked.atBoundary;
      payload = [];
      const after = this.#chunked.feed(bytes, 0, payload);
      whole = wholeBefore && this.#chunked.atBoundary;
      if (after >= 0) {
        this.#done = true;
        end = after;
      }
    } else if (this.#head!.framing === 'length') {
      end = Math.min(end, this.#remaining);
      this.#remaining -= end;
      this.#done = this.#remaining === 0;
    }
    const left = bytes.length - end;
    this.#receiver.onBody({ bytes: left === 0 ? bytes : bytes.subarray(0, end), payload, whole, done: this.#done, trailers: this.#done ? (this.#chunked?.trailers ?? null) : null });
    return left;
  }
}

function noBody(): BodyRead {
  return { bytes: Buffer.alloc(0), payload: null, whole: true, done: true, trailers: null };
}

const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/;

function parseHead(text: string, method: string): ResponseHead {
  const lines = text.split('\r\n');
  const status = STATUS_LINE.exec(lines[0]!);
  if (status === null) throw new ResponseError('the answer is not HTTP/1');
  const headers: string[] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    const colon = line.indexOf(':');
    if (colon <= 0 || line.includes('\n') || line.includes('\r')) throw new ResponseError('a header of the answer is malformed');
    headers.push(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const code = Number(status[2]);
  const connection = headerValue(headers, 'connection')?.toLowerCase() ?? '';
  const head: ResponseHead = {
    status: code,
    reason: status[3] ?? '',
    headers,
    framing: 'close',
    length: 0,
    reusable: status[1] === '1' ? !connection.includes('close') : connection.includes('keep-alive'),
  };
  const coding = headerValue(headers, 'transfer-encoding');
  const length = headerValue(headers, 'content-length');
  if (method === 'HEAD' || code === 204 || code === 304 || code < 200) head.framing = 'none';
  else if (coding !== null) head.framing = /(^|,)\s*chunked\s*$/i.test(coding) ? 'chunked' : 'close';
  else if (length !== null) {
    if (!/^\d{1,15}$/.test(length)) throw new ResponseError("the answer's content-length is no number");
    head.framing = 'length';
    head.length = Number(length);
  }
  if (head.framing === 'close') head.reusable = false;
  return head;
}

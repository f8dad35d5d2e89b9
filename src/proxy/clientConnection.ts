/**
 * A program's connection to the proxy: strict HTTP/1.1 over a bare socket, one request at a time.
 *
 * Node's http server costs two to three times what the bytes' way through costs, which programs would feel on
 * each call. Requests are never passed on as they were framed: their length is declared anew, so what another
 * parser might read differently cannot get through. What is not plainly right is answered 400 and closed.
 */
import type { Socket } from 'node:net';
import { monotonicMs } from '../profiler/clock.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import { ChunkedDecoder, FramingError } from './chunkedDecoder.ts';
import { requestTrailers } from './requestTrailers.ts';
import { headerValue } from './responseReader.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END_BYTES = 2;
const NO_TRAILERS: readonly string[] = [];
/** Room for the hook's tag (6 kB) and generous API keys. */
const MAX_HEAD_BYTES: Bytes = 64 * 1024;
const HEAD_TIMEOUT_MS: Milliseconds = 60_000;
/** Agents pause between calls for as long as their tools take. */
export const KEEP_ALIVE_MS: Milliseconds = 65_000;
/** Part of a next request that arrives while one is answered: more is left in the socket. */
const MAX_AHEAD_BYTES: Bytes = 64 * 1024;

/** Request line and headers. Values: visible characters, spaces, tabs and, as latin1, what is beyond ASCII. */
const HEAD = /^([A-Z][A-Z-]{0,19}) (\S+) HTTP\/1\.([01])\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)+$/;

export interface RequestHead {
  method: string;
  target: string;
  minor: number;
  /** Names and values in turn, as received. */
  headers: string[];
  /** Length of the body, `chunked`, or null for none. */
  body: number | 'chunked' | null;
  keepAlive: boolean;
  expectsContinue: boolean;
}

/** Parses a request's head, up to its empty line; null for everything that is not plainly right. */
export function parseRequestHead(text: string): RequestHead | null {
  const line = HEAD.exec(text);
  if (line === null) return null;
  const headers: string[] = [];
  let length: string | null = null;
  let coding: string | null = null;
  let hosts = 0;
  for (let at = text.indexOf('\n') + 1; at < text.length; ) {
    const colon = text.indexOf(':', at);
    const end = text.indexOf('\r', colon);
    const name = text.slice(at, colon);
    const value = text.slice(colon + 1, end).trim();
    at = end + 2;
    headers.push(name, value);
    if (name.length === 14 && name.toLowerCase() === 'content-length') {
      if (length !== null || !/^\d{1,15}$/.test(value)) return null;
      length = value;
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (coding !== null || value.toLowerCase() !== 'chunked') return null;
      coding = value;
    } else if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  const minor = Number(line[3]);
  // A length told in two ways is how requests are smuggled.
  if ((length !== null && coding !== null) || (coding !== null && minor === 0) || hosts !== 1) return null;
  const connection = headerValue(headers, 'connection')?.toLowerCase() ?? '';
  return {
    method: line[1]!,
    target: line[2]!,
    minor,
    headers,
    body: coding !== null ? 'chunked' : length === null ? null : Number(length),
    keepAlive: minor === 1 ? !connection.includes('close') : connection.includes('keep-alive'),
    expectsContinue: minor === 1 && headerValue(headers, 'expect')?.toLowerCase() === '100-continue',
  };
}

/** What the connection's present request is told. */
export interface RequestListener {
  onBody(part: Buffer): void;
  /** @param trailers of a chunked body: names and values in turn */
  onBodyEnd(trailers: readonly string[]): void;
  /** The client has gone away before its answer was complete. */
  onGone(): void;
}

export class ClientConnection {
  readonly #socket: Socket;
  readonly #onRequest: (head: RequestHead, connection: ClientConnection) => void;
  #received: Buffer | null = null;
  #head: RequestHead | null = null;
  #listener: RequestListener | null = null;
  #bodyRemaining = 0;
  #bodyDecoder: ChunkedDecoder | null = null;
  #bodyDone = true;
  #paused = false;
  /** Nothing more is taken from this connection; it closes when the client has read what was written. */
  #ending = false;
  /** The socket is somebody else's now. */
  #released = false;
  /** Since when it waits for a request, or for the rest of a head. */
  #waitingSince: Milliseconds = monotonicMs();

  constructor(socket: Socket, onRequest: (head: RequestHead, connection: ClientConnection) => void) {
    this.#socket = socket;
    this.#onRequest = onRequest;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    // A half-closed connection counts as closed: so do the servers behind us.
    socket.on('end', () => this.#gone());
    socket.on('error', () => this.#gone());
    socket.on('close', () => this.#gone());
  }

  /** Takes over the request: its body arrives from now on, in later turns of the loop as well as in this one. */
  accept(listener: RequestListener): void {
    this.#listener = listener;
    if (this.#head!.expectsContinue && !this.#bodyDone) this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    const bytes = this.#received;
    this.#received = null;
    if (this.#bodyDone) {
      this.#received = bytes;
      listener.onBodyEnd(NO_TRAILERS);
    } else if (bytes !== null) this.#readBody(bytes);
  }

  pauseBody(): void {
    this.#pause();
  }

  resumeBody(): void {
    this.#resume();
  }

  /** Sends an answer's head, with the body's first bytes when they are at hand. @returns false when the client does not keep up */
  start(status: number, reason: string, headers: string[], body: Buffer | null, keepAlive: boolean): boolean {
    let text = `HTTP/1.1 ${status} ${reason}\r\n`;
    for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
    text += keepAlive ? `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1000}\r\n\r\n` : 'Connection: close\r\n\r\n';
    if (body === null || body.length === 0) return this.#socket.write(text, 'latin1');
    const bytes = Buffer.allocUnsafe(text.length + body.length);
    bytes.write(text, 0, 'latin1');
    body.copy(bytes, text.length);
    return this.#socket.write(bytes);
  }

  /** Says something before the answer; HTTP/1.0 knows no such thing. */
  interim(status: number, reason: string, headers: string[]): void {
    if (this.#head?.minor !== 1) return;
    let text = `HTTP/1.1 ${status} ${reason}\r\n`;
    for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
    this.#socket.write(`${text}\r\n`, 'latin1');
  }

  write(bytes: Buffer): boolean {
    return this.#socket.write(bytes);
  }

  /** Hands the bare socket over, for another protocol, with what has come from the client since its request. */
  release(): { socket: Socket; ahead: Buffer | null } {
    const ahead = this.#received;
    this.#received = null;
    this.#listener = null;
    this.#released = true;
    this.#resume();
    return { socket: this.#socket, ahead };
  }

  onDrain(callback: () => void): void {
    this.#socket.once('drain', callback);
  }

  /** The answer is complete: the next request may come, or the connection ends. */
  finish(keepAlive: boolean): void {
    this.#listener = null;
    this.#head = null;
    this.#waitingSince = monotonicMs();
    this.#resume();
    // What is left of a body that was not read to its end cannot be told from a next request.
    if (!keepAlive || !this.#bodyDone) this.#end();
    else if (this.#received !== null) setImmediate(() => this.#readAhead());
  }

  /** Whether the present request can be followed by another on this connection. */
  get keepsAlive(): boolean {
    return this.#head?.keepAlive ?? false;
  }

  /** Ends the connection after what was written, so that the client sees the answer break off. */
  breakOff(): void {
    this.#listener = null;
    this.#head = null;
    this.#waitingSince = monotonicMs();
    this.#resume();
    this.#end();
  }

  destroy(): void {
    this.#listener = null;
    this.#socket.destroy();
  }

  /** Closes a connection that has waited too long, for a request or for a head's end. */
  closeIfStale(now: Milliseconds): void {
    if (this.#head !== null) return;
    if (now - this.#waitingSince > (this.#received === null ? KEEP_ALIVE_MS : HEAD_TIMEOUT_MS)) this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    if (this.#ending || this.#released || this.#socket.destroyed) return;
    if (this.#head === null) this.#readHead(bytes);
    else if (this.#bodyDone) {
      // A client that does not wait for its answer before asking again.
      this.#received = this.#received === null ? bytes : Buffer.concat([this.#received, bytes]);
      if (this.#received.length > MAX_AHEAD_BYTES) this.#pause();
    } else this.#readBody(bytes);
  }

  #readHead(bytes: Buffer): void {
    if (this.#received === null) this.#waitingSince = monotonicMs();
    const all = this.#received === null ? bytes : Buffer.concat([this.#received, bytes]);
    const end = all.indexOf(HEAD_END);
    if (end < 0 && all.length <= MAX_HEAD_BYTES) {
      this.#received = all;
      return;
    }
    const head = end < 0 || end > MAX_HEAD_BYTES ? null : parseRequestHead(all.toString('latin1', 0, end + LINE_END_BYTES));
    if (head === null) {
      this.#refuse();
      return;
    }
    this.#head = head;
    const rest = all.length > end + HEAD_END.length ? all.subarray(end + HEAD_END.length) : null;
    this.#received = rest;
    this.#bodyDone = head.body === null || head.body === 0;
    this.#bodyRemaining = typeof head.body === 'number' ? head.body : 0;
    this.#bodyDecoder = head.body === 'chunked' ? new ChunkedDecoder() : null;
    this.#onRequest(head, this);
  }

  #readBody(bytes: Buffer): void {
    const listener = this.#listener;
    if (listener === null) {
      this.#received = this.#received === null ? bytes : Buffer.concat([this.#received, bytes]);
      return;
    }
    let end = bytes.length;
    let trailers = NO_TRAILERS;
    if (this.#bodyDecoder !== null) {
      const ranges: number[] = [];
      try {
        const after = this.#bodyDecoder.feed(bytes, 0, ranges);
        if (after >= 0) {
          this.#bodyDone = true;
          end = after;
          trailers = requestTrailers(this.#bodyDecoder.trailers);
        }
      } catch (error) {
        if (!(error instanceof FramingError)) throw error;
        this.#gone();
        this.#socket.destroy();
        return;
      }
      for (let i = 0; i < ranges.length; i += 2) listener.onBody(bytes.subarray(ranges[i], ranges[i + 1]));
    } else {
      end = Math.min(end, this.#bodyRemaining);
      this.#bodyRemaining -= end;
      this.#bodyDone = this.#bodyRemaining === 0;
      listener.onBody(end === bytes.length ? bytes : bytes.subarray(0, end));
    }
    if (!this.#bodyDone) return;
    if (end < bytes.length) this.#received = bytes.subarray(end);
    if (this.#listener === listener) listener.onBodyEnd(trailers);
  }

  /** Takes a request that came while the one before was answered. */
  #readAhead(): void {
    if (this.#head === null && this.#received !== null) this.#read(Buffer.alloc(0));
  }

  #refuse(): void {
    this.#socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    this.#end();
  }

  /** Closes our side after what was written. What still comes in is read and dropped: to close on it would reset the connection under the answer. */
  #end(): void {
    this.#ending = true;
    this.#received = null;
    this.#socket.end();
  }

  #gone(): void {
    if (this.#released) return;
    const listener = this.#listener;
    this.#listener = null;
    this.#socket.destroy();
    listener?.onGone();
  }

  #pause(): void {
    if (!this.#paused) this.#socket.pause();
    this.#paused = true;
  }

  #resume(): void {
    if (this.#paused) this.#socket.resume();
    this.#paused = false;
  }
}

/** A connection to a server that speaks HTTP/1.1: a bare socket, kept alive between requests, which carries one at a time. */
import { connect, Socket } from 'node:net';
import { monotonicMs } from '../profiler/clock.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import { CONNECT_TIMEOUT_MS } from './dial.ts';
import { ResponseReader, ResponseError, type BodyRead, type ResponseHead } from './responseReader.ts';
import type { ServerAddress } from './serverAddress.ts';
import type { RequestText, UpstreamFailure, UpstreamListener, UpstreamRequest } from './upstreamRequest.ts';

/**
 * Below the 5 s after which uvicorn (vLLM) and Node close an idle connection, so that it is we who close first.
 * Idle connections are looked at now and then instead of each having a timer: that would be set and cleared with every call.
 */
const IDLE_MS: Milliseconds = 3500;
/** A body up to this length is copied behind its head: one write is cheaper than a list of them. */
const JOINED_BYTES: Bytes = 64 * 1024;
const READ_BUFFER_BYTES: Bytes = 64 * 1024;
const CRLF = Buffer.from('\r\n');

/** Who keeps a connection between requests. */
export interface ConnectionKeeper {
  /** Takes an idle connection back; false when it is not wanted. */
  keep(connection: Connection): boolean;
  /** It is closed. */
  forget(connection: Connection): void;
}

export class Connection implements UpstreamRequest {
  readonly #keeper: ConnectionKeeper;
  readonly #socket: Socket;
  #connected: boolean;
  #reader: ResponseReader | null = null;
  #listener: UpstreamListener | null = null;
  #chunked = false;
  #idleSince: Milliseconds = 0;

  /** @param to a connected socket, or the address of a server to which nothing but a socket is needed */
  constructor(keeper: ConnectionKeeper, to: Socket | ServerAddress) {
    this.#keeper = keeper;
    this.#connected = to instanceof Socket;
    if (to instanceof Socket) {
      this.#socket = to;
      to.on('data', (bytes: Buffer) => this.#read(bytes)).resume();
    } else this.#socket = this.#open(to);
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('end', () => this.#ended());
    this.#socket.on('close', () => {
      keeper.forget(this);
      this.#ended();
    });
  }

  #open({ host, port, socketPath }: ServerAddress): Socket {
    // One read buffer for the connection's life. What is read is copied, small as it is: cheaper than a fresh 64 kB buffer for each token.
    const buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
    const callback = (length: number): boolean => {
      const bytes = Buffer.allocUnsafe(length);
      buffer.copy(bytes, 0, 0, length);
      this.#read(bytes);
      return true;
    };
    const socket = connect({ ...(socketPath === null ? { host, port } : { path: socketPath }), onread: { buffer, callback } });
    socket.setNoDelay(true);
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => {
      if (!this.#connected) socket.destroy(Object.assign(new Error('no connection within 30 s'), { code: 'ETIMEDOUT' }));
    });
    socket.once('connect', () => {
      this.#connected = true;
      socket.setTimeout(0);
    });
    return socket;
  }

  /** A byte of the present answer has come. */
  get started(): boolean {
    return this.#reader?.started ?? false;
  }

  /** Closes the connection if it has carried no request for too long. */
  closeIfStale(now: Milliseconds): void {
    if (this.#reader === null && this.#connected && now - this.#idleSince > IDLE_MS) this.#socket.destroy();
  }

  send(request: RequestText, listener: UpstreamListener): void {
    this.#listener = listener;
    this.#reader = new ResponseReader(request.method, listener);
    const { head, body, chunked } = request;
    this.#chunked = chunked;
    const bodyBytes = body.reduce((sum, part) => sum + part.length, 0);
    if (bodyBytes <= JOINED_BYTES) {
      const whole = Buffer.allocUnsafe(head.length + bodyBytes);
      let at = whole.write(head, 0, 'latin1');
      for (const part of body) at += part.copy(whole, at);
      this.#socket.write(whole);
      return;
    }
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    for (const part of body) this.#socket.write(part);
    this.#socket.uncork();
  }

  write(bytes: Buffer): boolean {
    return this.#socket.write(this.#chunked ? Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CRLF]) : bytes);
  }

  end(trailers: readonly string[]): void {
    if (!this.#chunked) return;
    let fields = '';
    for (let i = 0; i < trailers.length; i += 2) fields += `${trailers[i]}: ${trailers[i + 1]}\r\n`;
    this.#socket.write(`0\r\n${fields}\r\n`, 'latin1');
  }

  onDrain(callback: () => void): void {
    this.#socket.once('drain', callback);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  abort(): void {
    this.#listener = null;
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    const reader = this.#reader;
    if (reader === null || this.#listener === null) {
      // Bytes that nobody asked for: the connection is out of step.
      this.#socket.destroy();
      return;
    }
    let left: number;
    try {
      left = reader.read(bytes);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (reader.done && this.#reader === reader) this.#finished(left === 0 && reader.head!.reusable);
  }

  #finished(reusable: boolean): void {
    this.#reader = null;
    this.#listener = null;
    // A body still being sent when the answer is complete would run into the next request.
    if (!reusable || this.#socket.writableLength > 0 || this.#socket.destroyed || !this.#keeper.keep(this)) {
      this.#socket.destroy();
      return;
    }
    this.#idleSince = monotonicMs();
  }

  #ended(): void {
    const reader = this.#reader;
    if (reader === null) {
      this.#socket.destroy();
      return;
    }
    try {
      reader.end();
    } catch (error) {
      this.#fail(error instanceof Error ? error : new ResponseError(String(error)));
      return;
    }
    this.#finished(false);
  }

  #fail(error: Error): void {
    const listener = this.#listener;
    this.#listener = null;
    this.#socket.destroy();
    listener?.onFailure({ phase: this.#connected ? 'answer' : 'connect', error });
  }
}

/** A request on a connection that the server may have closed in the meantime: if it has, the request is sent once more, on a new one. */
export class ReplayableRequest implements UpstreamRequest, UpstreamListener {
  readonly #listener: UpstreamListener;
  readonly #again: () => UpstreamRequest;
  readonly #idle: Connection;
  #request: UpstreamRequest;

  /** @param again sends it once more */
  constructor(idle: Connection, request: RequestText, listener: UpstreamListener, again: () => UpstreamRequest) {
    this.#idle = idle;
    this.#request = idle;
    this.#listener = listener;
    this.#again = again;
    idle.send(request, this);
  }

  onInterim(head: ResponseHead): void {
    this.#listener.onInterim(head);
  }

  onHead(head: ResponseHead, bodyFollows: boolean): void {
    this.#listener.onHead(head, bodyFollows);
  }

  onBody(read: BodyRead): void {
    this.#listener.onBody(read);
  }

  onFailure(failure: UpstreamFailure): void {
    if (this.#idle.started) this.#listener.onFailure(failure);
    else this.#request = this.#again();
  }

  write(bytes: Buffer): boolean {
    return this.#request.write(bytes);
  }

  end(trailers: readonly string[]): void {
    this.#request.end(trailers);
  }

  onDrain(callback: () => void): void {
    this.#request.onDrain(callback);
  }

  pause(): void {
    this.#request.pause();
  }

  resume(): void {
    this.#request.resume();
  }

  abort(): void {
    this.#request.abort();
  }
}

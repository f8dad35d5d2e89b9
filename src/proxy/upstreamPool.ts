/** Connections to upstream servers: plain sockets kept alive between requests, each carrying one request at a time. */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { monotonicMs } from '../profiler/clock.ts';
import type { Milliseconds } from '../profile/units.ts';
import { ResponseReader, ResponseError, type BodyRead, type ResponseHead, type ResponseReceiver } from './responseReader.ts';

/**
 * Below the 5 s after which uvicorn (vLLM) and Node close an idle connection, so that it is we who close first.
 * Idle connections are looked at now and then instead of each having a timer: that would be set and cleared with every call.
 */
const IDLE_MS: Milliseconds = 3500;
const SWEEP_EVERY_MS: Milliseconds = 500;
const CONNECT_TIMEOUT_MS: Milliseconds = 30_000;
const MAX_IDLE_PER_SERVER = 64;
/** A body up to this length is copied behind its head: one write is cheaper than a list of them. */
const JOINED_BYTES = 64 * 1024;
const READ_BUFFER_BYTES = 64 * 1024;

export interface ServerAddress {
  tls: boolean;
  /** Without brackets. */
  host: string;
  port: number;
}

/** Addresses have no server name. */
export function tlsOptions({ host, port }: ServerAddress): ConnectionOptions {
  return { host, port, servername: /^[\d.]+$|:/.test(host) ? undefined : host, ALPNProtocols: ['http/1.1'] };
}

/** How a request went wrong: before a connection stood, or later. */
export interface UpstreamFailure {
  phase: 'connect' | 'answer';
  error: Error;
}

export interface UpstreamListener extends ResponseReceiver {
  onFailure(failure: UpstreamFailure): void;
}

/** One request on one connection. */
export interface UpstreamRequest {
  /** Sends more of the body; false when the caller should wait for `onDrain`. */
  write(bytes: Buffer): boolean;
  onDrain(callback: () => void): void;
  pause(): void;
  resume(): void;
  /** Gives the request up and closes its connection. */
  abort(): void;
}

interface RequestText {
  method: string;
  head: string;
  body: Buffer[];
}

class Connection implements UpstreamRequest {
  readonly #pool: UpstreamPool;
  readonly #key: string;
  readonly #socket: Socket;
  #connected = false;
  #reader: ResponseReader | null = null;
  #listener: UpstreamListener | null = null;
  #idleSince: Milliseconds = 0;

  constructor(pool: UpstreamPool, key: string, address: ServerAddress) {
    this.#pool = pool;
    this.#key = key;
    const { host, port } = address;
    if (address.tls) {
      this.#socket = connectTls(tlsOptions(address));
      this.#socket.on('data', (bytes: Buffer) => this.#read(bytes));
      this.#socket.once('secureConnect', () => this.#onConnect());
    } else {
      // One read buffer for the connection's life. What is read is copied, small as it is: cheaper than a fresh 64 kB buffer for each token.
      const buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
      this.#socket = connectPlain({
        host,
        port,
        onread: {
          buffer,
          callback: (length: number) => {
            const bytes = Buffer.allocUnsafe(length);
            buffer.copy(bytes, 0, 0, length);
            this.#read(bytes);
            return true;
          },
        },
      });
      this.#socket.once('connect', () => this.#onConnect());
    }
    this.#socket.setNoDelay(true);
    this.#socket.setTimeout(CONNECT_TIMEOUT_MS, () => {
      if (!this.#connected) this.#socket.destroy(Object.assign(new Error('no connection within 30 s'), { code: 'ETIMEDOUT' }));
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('end', () => this.#ended());
    this.#socket.on('close', () => {
      this.#pool.forget(this.#key, this);
      this.#ended();
    });
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
    const { head, body } = request;
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
    return this.#socket.write(bytes);
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

  #onConnect(): void {
    this.#connected = true;
    this.#socket.setTimeout(0);
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
    if (!reusable || this.#socket.writableLength > 0 || this.#socket.destroyed || !this.#pool.keep(this.#key, this)) {
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
class ReplayableRequest implements UpstreamRequest, UpstreamListener {
  readonly #request: RequestText;
  readonly #listener: UpstreamListener;
  readonly #connect: () => Connection;
  #connection: Connection;

  constructor(idle: Connection, request: RequestText, listener: UpstreamListener, connect: () => Connection) {
    this.#connection = idle;
    this.#request = request;
    this.#listener = listener;
    this.#connect = connect;
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
    if (this.#connection.started) {
      this.#listener.onFailure(failure);
      return;
    }
    this.#connection = this.#connect();
    this.#connection.send(this.#request, this.#listener);
  }

  write(bytes: Buffer): boolean {
    return this.#connection.write(bytes);
  }

  onDrain(callback: () => void): void {
    this.#connection.onDrain(callback);
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  abort(): void {
    this.#connection.abort();
  }
}

export class UpstreamPool {
  readonly #idle = new Map<string, Connection[]>();
  readonly #open = new Set<Connection>();
  readonly #sweep: NodeJS.Timeout;
  #closed = false;

  constructor() {
    this.#sweep = setInterval(() => {
      const now = monotonicMs();
      for (const connection of this.#open) connection.closeIfStale(now);
    }, SWEEP_EVERY_MS);
    this.#sweep.unref();
  }

  /**
   * Sends a request on an idle connection or a new one.
   * A reused connection that turns out to have been closed before any byte of an answer came is replaced once.
   * @param request.body what is at hand of the body; more can be written afterwards
   * @param replayable whether `body` is the whole body
   */
  request(address: ServerAddress, request: RequestText, replayable: boolean, listener: UpstreamListener): UpstreamRequest {
    const key = `${address.tls ? 'tls' : 'tcp'} ${address.host} ${address.port}`;
    const idle = replayable ? this.#idle.get(key)?.pop() : undefined;
    if (idle === undefined) {
      const connection = this.#connect(key, address);
      connection.send(request, listener);
      return connection;
    }
    return new ReplayableRequest(idle, request, listener, () => this.#connect(key, address));
  }

  /** Takes a connection back; false when it is not wanted. */
  keep(key: string, connection: Connection): boolean {
    if (this.#closed) return false;
    let list = this.#idle.get(key);
    if (list === undefined) this.#idle.set(key, (list = []));
    if (list.length >= MAX_IDLE_PER_SERVER) return false;
    list.push(connection);
    return true;
  }

  forget(key: string, connection: Connection): void {
    this.#open.delete(connection);
    const list = this.#idle.get(key);
    const index = list?.indexOf(connection) ?? -1;
    if (index >= 0) list!.splice(index, 1);
  }

  /** Closes every connection; requests under way are cut off without a word to their listeners. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#sweep);
    for (const connection of this.#open) connection.abort();
  }

  #connect(key: string, address: ServerAddress): Connection {
    const connection = new Connection(this, key, address);
    this.#open.add(connection);
    return connection;
  }
}

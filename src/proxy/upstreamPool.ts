/** Connections to upstream servers: sockets kept alive between requests, or sessions of HTTP/2 where a server takes nothing else. */
import { Socket } from 'node:net';
import { monotonicMs } from '../profiler/clock.ts';
import type { Milliseconds } from '../profile/units.ts';
import { dial, isPlain, ProtocolRefused } from './dial.ts';
import { Http2Sessions } from './http2Sessions.ts';
import { addressKey, type ServerAddress } from './serverAddress.ts';
import type { Trust } from './trust.ts';
import { Connection, ReplayableRequest, type ConnectionKeeper } from './upstreamConnection.ts';
import { WaitingRequest, type RequestText, type UpstreamListener, type UpstreamRequest } from './upstreamRequest.ts';

const SWEEP_EVERY_MS: Milliseconds = 500;
const MAX_IDLE_PER_SERVER = 64;

export class UpstreamPool {
  readonly trust: Trust;
  readonly #idle = new Map<string, Connection[]>();
  readonly #open = new Set<Connection>();
  /** What is being dialled. */
  readonly #waiting = new Set<WaitingRequest>();
  readonly #http2: Http2Sessions;
  readonly #sweep: NodeJS.Timeout;
  #closed = false;
  #lastAddress: ServerAddress | null = null;
  #lastKey = '';

  constructor(trust: Trust) {
    this.trust = trust;
    this.#http2 = new Http2Sessions(trust);
    this.#sweep = setInterval(() => {
      const now = monotonicMs();
      for (const connection of this.#open) connection.closeIfStale(now);
      this.#http2.closeStale(now);
    }, SWEEP_EVERY_MS);
    this.#sweep.unref();
  }

  /**
   * Sends a request on an idle connection or a new one.
   * A reused connection that turns out to have been closed before any byte of an answer came is replaced once.
   */
  request(address: ServerAddress, request: RequestText, listener: UpstreamListener): UpstreamRequest {
    const key = this.#keyOf(address);
    if (this.#http2.isFor(key, address)) return this.#http2.request(key, address, request, listener);
    const idle = request.replayable ? this.#idle.get(key)?.pop() : undefined;
    if (idle === undefined) return this.#onNew(key, address, request, listener);
    return new ReplayableRequest(idle, request, listener, () => this.#onNew(key, address, request, listener));
  }

  /** Closes every connection; requests under way are cut off without a word to their listeners. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#sweep);
    for (const connection of this.#open) connection.abort();
    for (const waiting of this.#waiting) waiting.abort();
    this.#http2.close();
  }

  /** Most requests go where the one before went. */
  #keyOf(address: ServerAddress): string {
    if (address !== this.#lastAddress) {
      this.#lastAddress = address;
      this.#lastKey = addressKey(address);
    }
    return this.#lastKey;
  }

  #onNew(key: string, address: ServerAddress, request: RequestText, listener: UpstreamListener): UpstreamRequest {
    if (isPlain(address)) return this.#send(key, address, request, listener);
    const waiting = new WaitingRequest();
    this.#waiting.add(waiting);
    const cancel = dial(address, { trust: this.trust, protocol: 'http/1.1', tunnel: false }, (result) => {
      this.#waiting.delete(waiting);
      if (result instanceof Socket) waiting.become(this.#send(key, result, request, listener));
      else if (result instanceof ProtocolRefused) {
        this.#http2.learn(key);
        waiting.become(this.#http2.request(key, address, request, listener));
      } else listener.onFailure({ phase: 'connect', error: result });
    });
    waiting.cancel = () => {
      this.#waiting.delete(waiting);
      cancel();
    };
    return waiting;
  }

  #send(key: string, to: Socket | ServerAddress, request: RequestText, listener: UpstreamListener): UpstreamRequest {
    const connection = new Connection(this.#keeperOf(key), to);
    this.#open.add(connection);
    connection.send(request, listener);
    return connection;
  }

  #keeperOf(key: string): ConnectionKeeper {
    return {
      keep: (connection) => {
        if (this.#closed) return false;
        let list = this.#idle.get(key);
        if (list === undefined) this.#idle.set(key, (list = []));
        if (list.length >= MAX_IDLE_PER_SERVER) return false;
        list.push(connection);
        return true;
      },
      forget: (connection) => {
        this.#open.delete(connection);
        const list = this.#idle.get(key);
        const index = list?.indexOf(connection) ?? -1;
        if (index >= 0) list!.splice(index, 1);
      },
    };
  }
}

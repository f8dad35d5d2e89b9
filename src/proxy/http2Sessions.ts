/** Sessions of HTTP/2 with servers that take nothing else, each carrying many requests at once. */
import { connect, type ClientHttp2Session } from 'node:http2';
import { Socket } from 'node:net';
import { monotonicMs } from '../profiler/clock.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import { dial, ProtocolRefused, DialError } from './dial.ts';
import { Http2Request } from './http2Request.ts';
import type { ServerAddress } from './serverAddress.ts';
import type { Trust } from './trust.ts';
import { WaitingRequest, type RequestText, type UpstreamFailure, type UpstreamListener, type UpstreamRequest } from './upstreamRequest.ts';

/** A server says when it closes a session, and what it has not taken by then is sent elsewhere: no need to be quicker than it. */
const IDLE_MS: Milliseconds = 60_000;
/** A server may send so much of an answer that nobody reads (RFC 9113, section 6.9.2). */
const WINDOW_BYTES: Bytes = 256 * 1024;

interface Session {
  socket: Socket;
  http2: ClientHttp2Session;
  requests: Set<Http2Request>;
  /** It has carried an answer: the server may have closed it since. */
  used: boolean;
  idleSince: Milliseconds;
  /** The server takes no more requests on it (GOAWAY). */
  isLeft: boolean;
}

interface Waiting {
  request: WaitingRequest;
  send: (session: Session) => UpstreamRequest;
  listener: UpstreamListener;
}

export class Http2Sessions {
  readonly #trust: Trust;
  /** Servers that refused HTTP/1.1. */
  readonly #known = new Set<string>();
  readonly #sessions = new Map<string, Session[]>();
  /** All that are open, those that are left among them. */
  readonly #open = new Set<Session>();
  /** Requests that wait for a session that is being opened, and how that is given up. */
  readonly #opening = new Map<string, { waiting: Set<Waiting>; cancel: () => void }>();

  constructor(trust: Trust) {
    this.#trust = trust;
  }

  isFor(key: string, address: ServerAddress): boolean {
    return address.h2c || this.#known.has(key);
  }

  learn(key: string): void {
    this.#known.add(key);
  }

  request(key: string, address: ServerAddress, request: RequestText, listener: UpstreamListener): UpstreamRequest {
    return this.#request(key, address, request, listener, request.replayable);
  }

  closeStale(now: Milliseconds): void {
    for (const { http2, requests, idleSince } of this.#open) if (requests.size === 0 && now - idleSince > IDLE_MS) http2.close();
  }

  close(): void {
    for (const { cancel } of this.#opening.values()) cancel();
    this.#opening.clear();
    for (const session of this.#open) {
      for (const request of session.requests) request.abort();
      discard(session);
    }
  }

  #request(key: string, address: ServerAddress, request: RequestText, listener: UpstreamListener, mayRepeat: boolean): UpstreamRequest {
    const waiting = new WaitingRequest();
    const send = (session: Session): UpstreamRequest => {
      const { used } = session;
      const onFailure = (failure: UpstreamFailure): void => {
        const untouched = sent.refused || (used && !sent.started);
        if (mayRepeat && untouched && !waiting.aborted) waiting.become(this.#request(key, address, request, listener, false));
        else listener.onFailure(failure);
      };
      const sent: Http2Request = new Http2Request(session.http2, request, {
        onInterim: (head) => listener.onInterim(head),
        onHead: (head, bodyFollows) => {
          session.used = true;
          listener.onHead(head, bodyFollows);
        },
        onBody: (read) => listener.onBody(read),
        onFailure,
      }, () => {
        session.requests.delete(sent);
        session.idleSince = monotonicMs();
        if (session.isLeft && session.requests.size === 0) discard(session);
      });
      session.requests.add(sent);
      return sent;
    };
    const open = this.#sessions.get(key)?.find(hasRoom);
    if (open !== undefined) waiting.become(send(open));
    else this.#wait(key, address, { request: waiting, send, listener });
    return waiting;
  }

  /** Opens a session; requests that come meanwhile share it. */
  #wait(key: string, address: ServerAddress, entry: Waiting): void {
    let opening = this.#opening.get(key);
    if (opening === undefined) {
      const waiting = new Set<Waiting>();
      this.#opening.set(key, (opening = { waiting, cancel: () => undefined }));
      opening.cancel = dial(address, { trust: this.#trust, protocol: 'h2', tunnel: true }, (result) => {
        this.#opening.delete(key);
        if (!(result instanceof Socket)) {
          const error = result instanceof ProtocolRefused ? new DialError(`${address.host} takes neither HTTP/1.1 nor HTTP/2`) : result;
          for (const { listener } of waiting) listener.onFailure({ phase: 'connect', error });
          return;
        }
        const session = this.#opened(key, address, result);
        for (const { request, send } of waiting) request.become(send(session));
      });
    }
    const { waiting } = opening;
    waiting.add(entry);
    entry.request.cancel = () => waiting.delete(entry);
  }

  #opened(key: string, address: ServerAddress, socket: Socket): Session {
    const http2 = connect(`${address.tls ? 'https' : 'http'}://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
    });
    const session: Session = { http2, socket, requests: new Set(), used: false, idleSince: monotonicMs(), isLeft: false };
    let sessions = this.#sessions.get(key);
    if (sessions === undefined) this.#sessions.set(key, (sessions = []));
    sessions.push(session);
    this.#open.add(session);
    const list = sessions;
    const forget = (): void => {
      const index = list.indexOf(session);
      if (index >= 0) list.splice(index, 1);
    };
    // What it carried is told by each of its requests.
    http2.on('error', forget);
    http2.on('goaway', () => {
      forget();
      session.isLeft = true;
      if (session.requests.size === 0) discard(session);
    });
    http2.on('close', () => {
      forget();
      this.#open.delete(session);
    });
    return session;
  }
}

/** Node would wait for a server that has said good-bye to hang up, too. */
function discard({ http2, socket }: Session): void {
  http2.destroy();
  socket.destroy();
}

/** A server takes so many requests at once as it says; more would wait at its door, and the time be taken for the model's. */
function hasRoom({ http2, requests }: Session): boolean {
  return !http2.closed && !http2.destroyed && requests.size < (http2.remoteSettings?.maxConcurrentStreams ?? Infinity);
}

/**
 * A WebSocket on its way through (the realtime API): once the server has agreed to it, bytes pass both ways as they come. Until
 * then nothing of the client's is sent on but its request, so that a refusal cannot be used to get other requests past the route's check.
 */
import { Socket } from 'node:net';
import { monotonicMs } from '../profiler/clock.ts';
import type { CallEndLine } from '../profile/recordingFormat.ts';
import { ORIGIN_HEADER } from '../protocol/hook.ts';
import { callId } from '../recorder/messages.ts';
import { callBegun } from './callBegun.ts';
import type { ClientConnection, RequestHead } from './clientConnection.ts';
import { dial, ProtocolRefused } from './dial.ts';
import type { ForwardContext, Open } from './forward.ts';
import { Http2WebSocket } from './http2WebSocket.ts';
import { answerInPlace, unreachableRemedy } from './ownAnswer.ts';
import { requestHead } from './requestHead.ts';
import { headerValue, ResponseReader, type ResponseHead } from './responseReader.ts';
import { ResponseRelay } from './responseRelay.ts';
import type { Route } from './route.ts';
import type { Upstream } from './upstreams.ts';

const WEBSOCKET = 'websocket';
const REALTIME = /\/realtime$/;

/** Whether a request asks to go on as a WebSocket. */
export function isUpgrade({ method, minor, headers, body }: RequestHead): boolean {
  if (method !== 'GET' || minor !== 1 || body !== null || headerValue(headers, 'upgrade')?.toLowerCase() !== WEBSOCKET) return false;
  return (headerValue(headers, 'connection') ?? '').toLowerCase().split(',').some((option) => option.trim() === 'upgrade');
}

/** The server's end: a socket, or a stream of HTTP/2 that speaks as one would. */
type ServerSide = Socket | Http2WebSocket;

export class Tunnel implements Open {
  readonly #request: RequestHead;
  readonly #client: ClientConnection;
  readonly #route: Route;
  readonly #context: ForwardContext;
  readonly #call: number;
  #server: ServerSide | null = null;
  #cancelDial: () => void = () => undefined;
  #httpStatus: number | null = null;
  #relay: ResponseRelay | null = null;
  #isOpen = false;
  #over = false;

  constructor(request: RequestHead, client: ClientConnection, route: Route, context: ForwardContext) {
    this.#request = request;
    this.#client = client;
    this.#route = route;
    this.#context = context;
    this.#call = context.nextCall();
  }

  start(): void {
    this.#context.onOpen(this);
    const choice = this.#context.upstreams.choose(headerValue(this.#request.headers, ORIGIN_HEADER));
    this.#begin('refused' in choice ? '' : choice.upstream.url);
    if ('refused' in choice) this.#refuse(400, 'wrong_destination', choice.refused);
    else this.#connect(choice.upstream);
  }

  cutOff(): void {
    this.#over = true;
    this.#cancelDial();
    this.#server?.destroy();
    this.#client.destroy();
  }

  #connect(upstream: Upstream): void {
    this.#client.accept({ onBody: () => undefined, onBodyEnd: () => undefined, onGone: () => this.#end('cancelled', null) });
    if (upstream.address.h2c) this.#connectHttp2(upstream);
    else
      this.#cancelDial = dial(upstream.address, { trust: this.#context.pool.trust, protocol: 'http/1.1', tunnel: true }, (result) => {
        if (result instanceof Socket) {
          result.write(this.#handshake(upstream), 'latin1');
          this.#listen(upstream, result);
        } else if (result instanceof ProtocolRefused) this.#connectHttp2(upstream);
        else this.#fail(upstream, result);
      });
  }

  /** On a connection of its own, as each WebSocket has. */
  #connectHttp2(upstream: Upstream): void {
    this.#cancelDial = dial(upstream.address, { trust: this.#context.pool.trust, protocol: 'h2', tunnel: true }, (result) => {
      if (result instanceof Socket) this.#listen(upstream, new Http2WebSocket(result, upstream.address, this.#handshake(upstream)));
      else this.#fail(upstream, result);
    });
  }

  #handshake(upstream: Upstream): string {
    return requestHead(this.#request, { upstream, suffix: this.#route.suffix, root: this.#route.root, callId: callId(this.#call), body: null, identity: false, upgrade: WEBSOCKET });
  }

  #listen(upstream: Upstream, server: ServerSide): void {
    this.#server = server;
    const reader = new ResponseReader('GET', {
      onInterim: () => undefined,
      onHead: (head, bodyFollows) => this.#onHead(head, bodyFollows),
      onBody: (read) => {
        if (this.#isOpen || this.#over) return;
        this.#relay?.write(read);
        if (read.done) this.#end(this.#httpStatus! >= 400 ? 'error' : 'ok', null);
      },
    });
    const read = (bytes: Buffer): void => {
      try {
        const left = reader.read(bytes);
        if (this.#isOpen) this.#join(server, read, left === 0 ? null : bytes.subarray(bytes.length - left));
      } catch (error) {
        this.#fail(upstream, error instanceof Error ? error : new Error(String(error)));
      }
    };
    server.on('data', read).resume();
    server.on('error', (error: Error) => this.#fail(upstream, error));
    server.on('close', () => this.#fail(upstream, new Error('the server closed the connection without an answer')));
  }

  #onHead(head: ResponseHead, bodyFollows: boolean): void {
    if (this.#over) return;
    this.#httpStatus = head.status;
    this.#context.recorder.send({ type: 'head', call: this.#call, at: monotonicMs(), status: head.status, contentType: headerValue(head.headers, 'content-type'), contentEncoding: null, chunked: false, extensions: headerValue(head.headers, 'sec-websocket-extensions'), serverTimes: null });
    if (head.status === 101) {
      this.#isOpen = true;
      this.#client.interim(101, head.reason, head.headers);
      return;
    }
    this.#relay = new ResponseRelay(this.#client, this.#request.minor, head, { hideUsage: false });
    this.#relay.begin(bodyFollows);
  }

  /** From here on both sides are one connection; the recorder reads along what the server says in a session of the realtime API. */
  #join(server: ServerSide, read: (bytes: Buffer) => void, first: Buffer | null): void {
    server.off('data', read);
    const { socket, ahead } = this.#client.release();
    if (REALTIME.test(this.#route.path)) {
      const note = (bytes: Buffer): void => this.#context.recorder.read(this.#call, monotonicMs(), bytes);
      if (first !== null) note(first);
      server.on('data', note);
    }
    if (first !== null) socket.write(first);
    if (ahead !== null) server.write(ahead);
    server.pipe(socket);
    socket.pipe(server);
    const over = (): void => {
      this.#end('ok', null);
      server.destroy();
      socket.destroy();
    };
    for (const side of [server, socket]) side.on('close', over).on('error', over);
  }

  #fail({ url }: Upstream, error: Error): void {
    if (this.#over || this.#isOpen) return;
    if (this.#relay === null) this.#refuse(502, 'backend_unreachable', `The backend ${url} opened no WebSocket (${(error as NodeJS.ErrnoException).code ?? error.message}). ${unreachableRemedy(error, this.#context.unreachableRemedy)}`);
    else {
      this.#end('error', `${url}: ${error.message}`);
      this.#relay.breakOff();
    }
  }

  #refuse(status: number, code: string, message: string): void {
    this.#end('error', message);
    answerInPlace(this.#client, status, code, message);
  }

  #begin(upstream: string): void {
    const begun = callBegun(this.#request, this.#route, { call: this.#call, at: monotonicMs(), upstream, stream: false, bytes: 0 });
    this.#context.recorder.begun(begun, null);
  }

  #end(status: CallEndLine['status'], error: string | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#context.recorder.ended({ type: 'ended', call: this.#call, at: monotonicMs(), status, httpStatus: this.#httpStatus, error, bytes: this.#server?.bytesRead ?? 0 });
    this.#cancelDial();
    if (!this.#isOpen) this.#server?.destroy();
    this.#context.onClosed(this);
  }
}

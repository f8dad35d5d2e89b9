/**
 * One request on its way through: its body looked into where that is needed, sent on, and the answer handed
 * back read by read while the recorder's thread is told about it.
 */
import { ORIGIN_HEADER } from '../protocol/hook.ts';
import { endTurn, monotonicMs, turnMs } from '../profiler/clock.ts';
import type { CallEndLine } from '../profile/recordingFormat.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import type { RecorderLink } from '../recorder/link.ts';
import { callId, type CallHead } from '../recorder/messages.ts';
import { callBegun } from './callBegun.ts';
import type { ClientConnection, RequestHead, RequestListener } from './clientConnection.ts';
import { isHandedOver, proxyWantsKey } from './dial.ts';
import { prepareBody, scanBody, type ScannedBody } from './requestBody.ts';
import { answerInPlace, unreachableRemedy } from './ownAnswer.ts';
import { requestHead } from './requestHead.ts';
import { ResponseRelay } from './responseRelay.ts';
import { headerValue, type BodyRead, type ResponseHead } from './responseReader.ts';
import type { Route } from './route.ts';
import { isUpgrade, Tunnel } from './tunnel.ts';
import { parseHeadTimes } from './usage.ts';
import type { UpstreamPool } from './upstreamPool.ts';
import type { UpstreamFailure, UpstreamRequest } from './upstreamRequest.ts';
import type { Upstream, Upstreams } from './upstreams.ts';

/** A longer JSON body is sent on as it comes, without being held or looked into: eight million tokens are not that long. */
const MAX_INSPECTED_BYTES: Bytes = 32 * 1024 * 1024;
const TOO_LONG = 'A request of more than 32 MB was passed on as it came: its prompt is not in the recording, nor are its tokens where the program did not ask for them itself.';
/** A refusal of `stream_options` is short; a longer answer is none. */
const MAX_REFUSAL_BYTES: Bytes = 64 * 1024;

export interface ForwardContext {
  upstreams: Upstreams;
  pool: UpstreamPool;
  recorder: RecorderLink;
  /** Replaces the model's name in requests, when not null. */
  model: string | null;
  /** What a user can do when the backend cannot be reached. */
  unreachableRemedy: string;
  nextCall(): number;
  onOpen(exchange: Open): void;
  onClosed(exchange: Open): void;
}

/** What is under way, until it is recorded as ended. */
export interface Open {
  /** Cuts it off without recording an end. */
  cutOff(): void;
}

/** Starts forwarding a request that has passed the route's check. */
export function forward(request: RequestHead, client: ClientConnection, route: Route, context: ForwardContext): void {
  if (isUpgrade(request)) new Tunnel(request, client, route, context).start();
  else new Exchange(request, client, route, context).start();
}

class Exchange implements Open {
  readonly #request: RequestHead;
  readonly #client: ClientConnection;
  readonly #route: Route;
  readonly #context: ForwardContext;
  readonly #call: number;
  /** Requests and answers that the recorder reads; the others are only counted. */
  readonly #inspected: boolean;
  #upstream: Upstream | null = null;
  #sent: UpstreamRequest | null = null;
  #relay: ResponseRelay | null = null;
  #httpStatus: number | null = null;
  #bytes: Bytes = 0;
  #begun = false;
  #begunAt: Milliseconds = 0;
  #over = false;
  #body: Buffer | null = null;
  #scanned: ScannedBody | null = null;
  /** Of a request that is held: what stood behind its last chunk. */
  #trailers: readonly string[] = [];
  /** Body of a 400 that may be a refusal of the usage that was asked for. */
  #refusal: { head: ResponseHead; reads: BodyRead[]; bytes: Bytes } | null = null;
  #usageInjected = false;
  /** What the recorder is told of the answer's head once the program has it. */
  #untold: CallHead | null = null;

  constructor(request: RequestHead, client: ClientConnection, route: Route, context: ForwardContext) {
    this.#request = request;
    this.#client = client;
    this.#route = route;
    this.#context = context;
    this.#call = context.nextCall();
    this.#inspected = route.endpoint !== 'opaque' && route.endpoint !== 'models';
  }

  start(): void {
    this.#context.onOpen(this);
    const choice = this.#context.upstreams.choose(headerValue(this.#request.headers, ORIGIN_HEADER));
    if ('refused' in choice) {
      this.#begin(null, 0, '');
      this.#answer(400, 'wrong_destination', choice.refused);
      return;
    }
    this.#upstream = choice.upstream;
    const declared = typeof this.#request.body === 'number' ? this.#request.body : 0;
    if (this.#inspected && declared <= MAX_INSPECTED_BYTES) this.#collect();
    else this.#client.accept(this.#sender());
  }

  /** Cuts the exchange off without recording an end. */
  cutOff(): void {
    this.#over = true;
    this.#sent?.abort();
    this.#client.destroy();
  }

  /** Waits for the whole body: whether usage must be asked for, and the length to declare, depend on it. */
  #collect(): void {
    const parts: Buffer[] = [];
    let bytes = 0;
    /** Of a chunked body that has turned out to be too long to wait for. */
    let sender: RequestListener | null = null;
    this.#client.accept({
      onBody: (part) => {
        if (this.#over) return;
        if (sender !== null) {
          sender.onBody(part);
          return;
        }
        parts.push(part);
        bytes += part.length;
        if (bytes <= MAX_INSPECTED_BYTES) return;
        sender = this.#sender();
        for (const held of parts.splice(0)) sender.onBody(held);
      },
      onBodyEnd: (trailers) => {
        if (this.#over) return;
        if (sender !== null) {
          sender.onBodyEnd(trailers);
          return;
        }
        this.#trailers = trailers;
        this.#body = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
        this.#scanned = headerValue(this.#request.headers, 'content-encoding') === null ? scanBody(this.#body) : null;
        const at = monotonicMs();
        this.#sendBody(true);
        this.#begin(this.#body, this.#body.length, this.#upstream!.url, at);
      },
      onGone: () => this.#gone(),
    });
  }

  #gone(): void {
    if (!this.#over) this.#end('cancelled', null);
  }

  #sendBody(injectUsage: boolean): void {
    const upstream = this.#upstream!;
    const body = this.#body!;
    const wantsUsage = injectUsage && upstream.takesStreamOptions && (this.#route.endpoint === 'chat' || this.#route.endpoint === 'completions');
    const prepared = this.#scanned === null ? { parts: [body], length: body.length, usageInjected: false } : prepareBody(body, this.#scanned, { injectUsage: wantsUsage, model: this.#context.model });
    this.#usageInjected = prepared.usageInjected;
    if (this.#trailers.length === 0) {
      this.#send(prepared.length, prepared.parts, true);
      return;
    }
    // Only chunks have something behind them.
    this.#send('chunked', [], false);
    for (const part of prepared.parts) if (part.length > 0) this.#sent!.write(part);
    this.#sent!.end(this.#trailers);
  }

  /** Begins to send the body on as it arrives. */
  #sender(): RequestListener {
    const { body } = this.#request;
    this.#begin(null, typeof body === 'number' ? body : 0, this.#upstream!.url);
    if (this.#inspected) this.#context.recorder.send({ type: 'warning', at: monotonicMs(), code: 'promptNotRead', message: TOO_LONG });
    this.#send(body, [], body === null);
    let waiting = false;
    return {
      onBody: (part) => {
        if (this.#over || this.#sent!.write(part) || waiting) return;
        waiting = true;
        this.#client.pauseBody();
        this.#sent!.onDrain(() => {
          waiting = false;
          this.#client.resumeBody();
        });
      },
      onBodyEnd: (trailers) => {
        if (!this.#over) this.#sent!.end(trailers);
      },
      onGone: () => this.#gone(),
    };
  }

  #send(length: number | 'chunked' | null, body: Buffer[], replayable: boolean): void {
    const upstream = this.#upstream!;
    const head = requestHead(this.#request, { upstream, suffix: this.#route.suffix, root: this.#route.root, callId: callId(this.#call), body: length, identity: this.#inspected });
    this.#sent = this.#context.pool.request(upstream.address, { method: this.#request.method, head, body, chunked: length === 'chunked', replayable }, {
      onInterim: (word) => {
        if (!this.#over) this.#client.interim(word.status, word.reason, word.headers);
      },
      onHead: (answer, bodyFollows) => this.#onHead(answer, bodyFollows),
      onBody: (read) => this.#onBody(read),
      onFailure: (failure) => this.#onFailure(failure),
    });
  }

  #onHead(head: ResponseHead, bodyFollows: boolean): void {
    if (this.#over) return;
    const { address } = this.#upstream!;
    // Only a proxy asks for a proxy's password.
    if (head.status === 407 && isHandedOver(address)) {
      this.#onFailure({ phase: 'connect', error: proxyWantsKey(address.via!) });
      this.#sent?.abort();
      return;
    }
    if (this.#usageInjected && (head.status === 400 || head.status === 422)) {
      this.#refusal = { head, reads: [], bytes: 0 };
      return;
    }
    this.#deliver(head, bodyFollows);
  }

  #deliver(head: ResponseHead, bodyFollows: boolean): void {
    const at = this.#readAt();
    this.#httpStatus = head.status;
    this.#relay = new ResponseRelay(this.#client, this.#request.minor, head, { hideUsage: this.#usageInjected });
    // Nothing can be taken out of what is packed: usage is not asked for again where that was not to be.
    if (this.#usageInjected && head.status === 200 && (this.#relay.contentEncoding ?? 'identity') !== 'identity') this.#upstream!.takesStreamOptions = false;
    this.#relay.begin(bodyFollows);
    this.#untold = {
      type: 'head',
      call: this.#call,
      at,
      status: head.status,
      contentType: this.#relay.contentType,
      contentEncoding: this.#relay.contentEncoding,
      chunked: head.framing === 'chunked',
      serverTimes: parseHeadTimes((name) => headerValue(head.headers, name)),
    };
    if (!bodyFollows) this.#tellOfHead();
  }

  #tellOfHead(): void {
    endTurn();
    if (this.#untold === null) return;
    this.#context.recorder.send(this.#untold);
    this.#untold = null;
  }

  #onBody(read: BodyRead): void {
    if (this.#over) return;
    if (this.#refusal !== null) {
      this.#onRefusalBody(read);
      return;
    }
    const at = this.#readAt();
    this.#bytes += read.bytes.length;
    const flowing = this.#relay!.write(read);
    this.#tellOfHead();
    if (this.#route.readsAnswer && read.bytes.length > 0) this.#context.recorder.read(this.#call, at, read.bytes);
    if (read.done) this.#end(this.#httpStatus! >= 400 ? 'error' : 'ok', null, at);
    else if (!flowing) {
      this.#sent!.pause();
      this.#relay!.onDrain(() => this.#sent!.resume());
    }
  }

  /** Gathers a 400 until it is known whether it refuses what the proxy added; then asks again without, or hands it on. */
  #onRefusalBody(read: BodyRead): void {
    const refusal = this.#refusal!;
    refusal.reads.push(read);
    refusal.bytes += read.bytes.length;
    if (!read.done && refusal.bytes <= MAX_REFUSAL_BYTES) return;
    this.#refusal = null;
    const text = Buffer.concat(refusal.reads.map(({ bytes }) => bytes)).toString('latin1');
    if (read.done && /stream_options|include_usage/.test(text)) {
      this.#upstream!.takesStreamOptions = false;
      this.#sendBody(false);
      return;
    }
    this.#deliver(refusal.head, true);
    for (const gathered of refusal.reads) this.#onBody(gathered);
  }

  #onFailure({ phase, error }: UpstreamFailure): void {
    if (this.#over) return;
    const url = this.#upstream!.url;
    if (this.#relay === null) {
      const code = (error as NodeJS.ErrnoException).code;
      const why = phase === 'connect' ? `could not be reached (${code ?? error.message})` : `gave no usable answer (${error.message})`;
      this.#answer(502, 'backend_unreachable', `The backend ${url} ${why}. ${unreachableRemedy(error, this.#context.unreachableRemedy)}`);
      return;
    }
    this.#end('error', `${url}: ${error.message}`);
    this.#relay.breakOff();
  }

  /** Answers in the upstream's place. */
  #answer(status: number, code: string, message: string): void {
    this.#httpStatus = null;
    this.#end('error', message);
    answerInPlace(this.#client, status, code, message);
  }

  /** When what is being read had arrived. */
  #readAt(): Milliseconds {
    return Math.max(this.#begunAt, turnMs());
  }

  #begin(body: Buffer | null, bytes: Bytes, upstream: string, at = monotonicMs()): void {
    this.#begun = true;
    this.#begunAt = at;
    const begun = callBegun(this.#request, this.#route, { call: this.#call, at, upstream, stream: this.#scanned?.stream ?? false, bytes });
    this.#context.recorder.begun(begun, body === null || body.length === 0 ? null : body);
  }

  #end(status: CallEndLine['status'], error: string | null, at = monotonicMs()): void {
    this.#over = true;
    // A request whose body never arrived in full is no call.
    if (this.#begun) this.#context.recorder.ended({ type: 'ended', call: this.#call, at, status, httpStatus: this.#httpStatus, error, bytes: this.#bytes });
    if (status === 'cancelled') this.#sent?.abort();
    this.#context.onClosed(this);
  }
}

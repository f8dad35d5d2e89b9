/**
 * One request on its way through: its body looked into where that is needed, sent on, and the answer handed
 * back read by read while the recorder's thread is told about it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CALL_HEADER, ORIGIN_HEADER } from '../protocol/hook.ts';
import { monotonicMs } from '../profiler/clock.ts';
import type { CallEndLine } from '../profile/recordingFormat.ts';
import type { Bytes } from '../profile/units.ts';
import type { RecorderLink } from '../recorder/link.ts';
import { callId } from '../recorder/messages.ts';
import { prepareBody, scanBody, type ScannedBody } from './requestBody.ts';
import { requestHead } from './requestHead.ts';
import { ResponseRelay } from './responseRelay.ts';
import type { ResponseHead } from './responseReader.ts';
import type { Route } from './route.ts';
import type { UpstreamFailure, UpstreamPool, UpstreamRequest } from './upstreamPool.ts';
import type { Upstream, Upstreams } from './upstreams.ts';

/** A longer JSON body is sent on as it comes, without being looked into. */
const MAX_INSPECTED_BYTES: Bytes = 256 * 1024 * 1024;
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
  onOpen(exchange: Exchange): void;
  onClosed(exchange: Exchange): void;
}

/** Starts forwarding a request that has passed the route's check. */
export function forward(request: IncomingMessage, response: ServerResponse, route: Route, context: ForwardContext): void {
  new Exchange(request, response, route, context).start();
}

export class Exchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
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
  #over = false;
  #body: Buffer | null = null;
  #scanned: ScannedBody | null = null;
  /** Body of a 400 that may be a refusal of the usage that was asked for. */
  #refusal: { head: ResponseHead; parts: Buffer[]; bytes: Bytes } | null = null;
  #usageInjected = false;

  constructor(request: IncomingMessage, response: ServerResponse, route: Route, context: ForwardContext) {
    this.#request = request;
    this.#response = response;
    this.#route = route;
    this.#context = context;
    this.#call = context.nextCall();
    this.#inspected = route.endpoint !== 'opaque' && route.endpoint !== 'models';
  }

  start(): void {
    this.#context.onOpen(this);
    this.#response.on('close', () => {
      if (!this.#over) this.#end(this.#response.writableFinished ? 'ok' : 'cancelled', null);
    });
    const choice = this.#context.upstreams.choose(header(this.#request, ORIGIN_HEADER));
    if ('refused' in choice) {
      this.#begin(null, 0, '');
      this.#answer(400, 'wrong_destination', choice.refused);
      return;
    }
    this.#upstream = choice.upstream;
    const declared = Number(this.#request.headers['content-length'] ?? 0);
    if (this.#inspected && declared <= MAX_INSPECTED_BYTES) this.#collect();
    else this.#stream([]);
  }

  /** Cuts the exchange off without recording an end. */
  cutOff(): void {
    this.#over = true;
    this.#sent?.abort();
    this.#response.destroy();
  }

  /** Waits for the whole body: whether usage must be asked for, and the length to declare, depend on it. */
  #collect(): void {
    const parts: Buffer[] = [];
    let bytes = 0;
    const onData = (part: Buffer) => {
      parts.push(part);
      bytes += part.length;
      if (bytes <= MAX_INSPECTED_BYTES) return;
      this.#request.off('data', onData);
      this.#request.off('end', onEnd);
      this.#request.pause();
      this.#stream(parts);
    };
    const onEnd = () => {
      this.#body = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
      this.#scanned = this.#request.headers['content-encoding'] === undefined ? scanBody(this.#body) : null;
      const at = monotonicMs();
      this.#sendBody(true);
      this.#begin(this.#body, this.#body.length, this.#upstream!.url, at);
    };
    this.#request.on('data', onData).on('end', onEnd);
  }

  #sendBody(injectUsage: boolean): void {
    const upstream = this.#upstream!;
    const body = this.#body!;
    const wantsUsage = injectUsage && upstream.takesStreamOptions && (this.#route.endpoint === 'chat' || this.#route.endpoint === 'completions');
    const prepared = this.#scanned === null ? { parts: [body], length: body.length, usageInjected: false } : prepareBody(body, this.#scanned, { injectUsage: wantsUsage, model: this.#context.model });
    this.#usageInjected = prepared.usageInjected;
    this.#send(prepared.length, prepared.parts, true);
  }

  /** Sends the body on as it arrives. */
  #stream(first: Buffer[]): void {
    const request = this.#request;
    const declared = request.headers['content-length'];
    const chunked = declared === undefined && request.headers['transfer-encoding'] !== undefined;
    const hasBody = chunked || declared !== undefined;
    this.#begin(null, Number(declared ?? 0), this.#upstream!.url);
    const framed = (part: Buffer) => (chunked ? Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]) : part);
    this.#send(chunked ? 'chunked' : hasBody ? Number(declared) : null, first.map(framed), !hasBody);
    if (!hasBody) return;
    request.on('data', (part: Buffer) => {
      if (this.#over || this.#sent!.write(framed(part))) return;
      request.pause();
      this.#sent!.onDrain(() => request.resume());
    });
    request.on('end', () => {
      if (chunked && !this.#over) this.#sent!.write(Buffer.from('0\r\n\r\n'));
    });
    request.resume();
  }

  #send(length: number | 'chunked' | null, body: Buffer[], replayable: boolean): void {
    const upstream = this.#upstream!;
    const head = requestHead(this.#request, { upstream, suffix: this.#route.suffix, callId: callId(this.#call), body: length, identity: this.#inspected });
    this.#sent = this.#context.pool.request(upstream.address, { method: this.#request.method!, head, body }, replayable, {
      onHead: (answer, bodyFollows) => this.#onHead(answer, bodyFollows),
      onBody: (bytes, done) => this.#onBody(bytes, done),
      onFailure: (failure) => this.#onFailure(failure),
    });
  }

  #onHead(head: ResponseHead, bodyFollows: boolean): void {
    if (this.#over) return;
    if (this.#usageInjected && (head.status === 400 || head.status === 422)) {
      this.#refusal = { head, parts: [], bytes: 0 };
      return;
    }
    this.#deliver(head, bodyFollows);
  }

  #deliver(head: ResponseHead, bodyFollows: boolean): void {
    const at = monotonicMs();
    this.#httpStatus = head.status;
    this.#relay = new ResponseRelay(this.#request, this.#response, head, { hideUsage: this.#usageInjected });
    this.#relay.begin(bodyFollows);
    this.#context.recorder.send({
      type: 'head',
      call: this.#call,
      at,
      status: head.status,
      contentType: this.#relay.contentType,
      contentEncoding: this.#relay.contentEncoding,
      chunked: head.framing === 'chunked',
    });
  }

  #onBody(bytes: Buffer, done: boolean): void {
    if (this.#over) return;
    if (this.#refusal !== null) {
      this.#onRefusalBody(bytes, done);
      return;
    }
    const at = monotonicMs();
    this.#bytes += bytes.length;
    const flowing = this.#relay!.write(bytes, done);
    if (this.#inspected && bytes.length > 0) this.#context.recorder.read(this.#call, at, bytes);
    if (done) this.#end(this.#httpStatus! >= 400 ? 'error' : 'ok', null, at);
    else if (!flowing) {
      this.#sent!.pause();
      this.#relay!.onDrain(() => this.#sent!.resume());
    }
  }

  /** Gathers a 400 until it is known whether it refuses what the proxy added; then asks again without, or hands it on. */
  #onRefusalBody(bytes: Buffer, done: boolean): void {
    const refusal = this.#refusal!;
    refusal.parts.push(bytes);
    refusal.bytes += bytes.length;
    if (!done && refusal.bytes <= MAX_REFUSAL_BYTES) return;
    this.#refusal = null;
    const whole = Buffer.concat(refusal.parts);
    if (done && /stream_options|include_usage/.test(whole.toString('latin1'))) {
      this.#upstream!.takesStreamOptions = false;
      this.#sendBody(false);
      return;
    }
    this.#deliver(refusal.head, true);
    this.#onBody(whole, done);
  }

  #onFailure({ phase, error }: UpstreamFailure): void {
    if (this.#over) return;
    const url = this.#upstream!.url;
    if (this.#relay === null) {
      const code = (error as NodeJS.ErrnoException).code;
      const why = phase === 'connect' ? `could not be reached (${code ?? error.message})` : `gave no usable answer (${error.message})`;
      this.#answer(502, 'backend_unreachable', `The backend ${url} ${why}. ${this.#context.unreachableRemedy}`);
      return;
    }
    this.#end('error', `${url}: ${error.message}`);
    this.#relay.breakOff();
  }

  /** Answers in the upstream's place, in the shape of OpenAI's errors. */
  #answer(status: number, code: string, message: string): void {
    this.#httpStatus = null;
    this.#end('error', message);
    if (this.#response.headersSent || this.#response.destroyed) return;
    const body = JSON.stringify({ error: { message, type: code, param: null, code } });
    this.#response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    this.#response.end(body);
  }

  #begin(body: Buffer | null, bytes: Bytes, upstream: string, at = monotonicMs()): void {
    this.#begun = true;
    this.#context.recorder.send({
      type: 'begun',
      call: this.#call,
      at,
      endpoint: this.#route.endpoint,
      method: this.#request.method!,
      path: this.#route.path,
      tag: header(this.#request, CALL_HEADER) ?? null,
      attempt: attempt(this.#request),
      upstream,
      stream: this.#scanned?.stream ?? false,
      bytes,
      body: body === null || body.length === 0 ? null : new Uint8Array(body),
    });
  }

  #end(status: CallEndLine['status'], error: string | null, at = monotonicMs()): void {
    this.#over = true;
    // A request whose body never arrived in full is no call.
    if (this.#begun) this.#context.recorder.send({ type: 'ended', call: this.#call, at, status, httpStatus: this.#httpStatus, error, bytes: this.#bytes });
    if (status === 'cancelled') this.#sent?.abort();
    this.#context.onClosed(this);
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The openai SDKs count their retries from 0. */
function attempt(request: IncomingMessage): number {
  const retries = Number(header(request, 'x-stainless-retry-count') ?? 0);
  return Number.isInteger(retries) && retries >= 0 && retries < 1000 ? retries + 1 : 1;
}

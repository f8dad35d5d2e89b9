/** Spans of HTTP requests that are no LLM calls: the program's tools, as far as they speak HTTP. */
import { currentContext, enclosingSpan, type CallContext, type NamedCaller, type WireObserver } from './context.ts';
import { speaksOtherProtocol } from './llmRequests.ts';
import type { Runtime, Span } from './runtime.ts';
import { describeError, describeRequest, isCancellation } from './safeText.ts';

/** What MCP's clients must accept: their tools have spans of their own. */
const MCP_ACCEPT = /^\s*application\/json\s*,\s*text\/event-stream\s*$/;

/** Requests that are no tool's: long-lived event streams, MCP's messages, and LLM protocols that the proxy does not speak yet. */
function isNoTool(url: URL, method: string, accept: string | null): boolean {
  if (accept !== null && (method === 'POST' ? MCP_ACCEPT : /^\s*text\/event-stream/).test(accept) && /^(GET|POST)$/.test(method)) return true;
  return speaksOtherProtocol(url.hostname);
}

/** A request that is about to be made: what its span will say, should it really go out. */
export interface HttpRequestStart {
  caller: NamedCaller;
  t: number;
  url: URL;
  method: string;
  accept: string | null;
  /** It asks a model, and cannot be sent to the proxy. */
  unrouted?: Unrouted;
}

/** Why a call of a model goes where the program sends it. */
export interface Unrouted {
  /** What it is made with, as in `over HTTP/2`. */
  way: string;
  /** What the program can do about it, as a sentence. */
  remedy: string;
}

export function openHttpSpan(runtime: Runtime, { caller, t, url, method, accept, unrouted }: HttpRequestStart): Span {
  if (unrouted !== undefined) {
    const { way, remedy } = unrouted;
    runtime.note('not-routed', `Calls to ${url.host} ${way} go there directly: they are shown as requests and not measured as model calls. ${remedy}`);
    return runtime.openSpan({ kind: 'other', name: caller.functionName ?? url.host, caller, source: 'http', detail: `${describeRequest(method, url)} (model call, not routed: ${way})`, callId: null, t });
  }
  if (speaksOtherProtocol(url.hostname))
    runtime.note('protocol-not-supported', `Calls to ${url.host} speak a protocol that the backend does not: they went where they were sent and are shown as plain HTTP requests. With \`--backend direct\` they are timed as model calls.`);
  return runtime.openSpan({
    kind: isNoTool(url, method, accept) ? 'other' : 'tool',
    name: caller.functionName ?? url.host,
    caller,
    source: 'http',
    detail: describeRequest(method, url),
    callId: null,
    t,
  });
}

export function endHttpSpan(span: Span, status: number | null, error: unknown, resultBytes: number | null): void {
  if (error !== null && error !== undefined) span.end(isCancellation(error) ? 'cancelled' : 'error', describeError(error), resultBytes);
  else if (status !== null && status >= 400) span.end('error', `HTTP ${status}`, resultBytes);
  else span.end('ok', null, resultBytes);
}

/** The context of what a request does underneath: that of its caller, but watched by `wire`. */
export function wireContext(wire: CallContext['wire']): CallContext {
  const around = currentContext();
  return {
    frames: around?.frames ?? [],
    unattributed: around?.unattributed ?? null,
    insideSdk: around?.insideSdk ?? false,
    isClient: around?.isClient ?? false,
    span: enclosingSpan(),
    tool: around?.tool ?? null,
    definition: around?.definition ?? null,
    wire,
  };
}

/**
 * The span of one request as undici's diagnostics channels tell it: it begins with the call if a request really goes out, and
 * ends when the body has arrived. Nothing that the program can see is touched. A mocked transport is silent: no span.
 */
export class HttpSpanObserver implements WireObserver {
  readonly #runtime: Runtime;
  readonly #start: HttpRequestStart;
  readonly #followsRedirects: boolean;
  #span: Span | null = null;
  #latest: object | null = null;
  #status: number | null = null;
  #bytes: number | null = null;

  constructor(runtime: Runtime, start: HttpRequestStart, followsRedirects: boolean) {
    this.#runtime = runtime;
    this.#start = start;
    this.#followsRedirects = followsRedirects;
  }

  created(request: object): void {
    this.#span ??= openHttpSpan(this.#runtime, this.#start);
    this.#latest = request;
    this.#status = null;
    this.#bytes = null;
  }

  headers(request: object, status: number, headers: unknown): void {
    if (request !== this.#latest) return;
    this.#status = status;
    this.#bytes = contentLength(headers);
  }

  done(request: object): void {
    const redirected = this.#followsRedirects && this.#status !== null && [301, 302, 303, 307, 308].includes(this.#status);
    if (request === this.#latest && !redirected) this.#end(null);
  }

  failed(request: object, error: unknown): void {
    if (request === this.#latest) this.#end(error);
  }

  #end(error: unknown): void {
    if (this.#span !== null) endHttpSpan(this.#span, this.#status, error, this.#bytes);
  }
}

/** Of names and values in turn. Null when the body is compressed: the length is then not that of the result. */
function contentLength(headers: unknown): number | null {
  if (!Array.isArray(headers)) return null;
  let length: number | null = null;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = String(headers[index]).toLowerCase();
    if (name === 'content-encoding') return null;
    if (name === 'content-length') length = Number.parseInt(String(headers[index + 1]), 10);
  }
  return length !== null && Number.isSafeInteger(length) ? length : null;
}

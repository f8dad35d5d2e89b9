/** Spans of HTTP requests that are no LLM calls: the program's tools, as far as they speak HTTP. */
import { callerOf, currentContext, type CallContext, type WireObserver } from './context.ts';
import type { Runtime, Span } from './runtime.ts';
import { describeError, describeRequest, isCancellation } from './safeText.ts';

/** Requests that are no tool's: long-lived event streams, and LLM protocols that the proxy does not speak yet. */
function isNoTool(url: URL, method: string, accept: string | null): boolean {
  return (method === 'GET' && accept !== null && /^\s*text\/event-stream/.test(accept)) || url.hostname === 'api.anthropic.com';
}

/** Opens the span of a request that `below`, the hook's own entry function, was called for. */
export function openHttpSpan(runtime: Runtime, url: URL, method: string, accept: string | null, below: (...args: never[]) => unknown): Span {
  const caller = callerOf(below);
  if (url.hostname === 'api.anthropic.com')
    runtime.note('protocol-not-supported', `Calls to ${url.host} do not speak the OpenAI protocol; they are shown as plain HTTP requests.`);
  return runtime.openSpan({
    kind: isNoTool(url, method, accept) ? 'other' : 'tool',
    name: caller.functionName ?? url.host,
    caller,
    source: 'http',
    detail: describeRequest(method, url),
    callId: null,
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
  return { frames: around?.frames ?? [], unattributed: around?.unattributed ?? null, insideSdk: around?.insideSdk ?? false, span: around?.span ?? null, wire };
}

/**
 * Ends a span when the response's body has arrived, as undici's diagnostics channels tell. Nothing that the program can see
 * is touched. For a transport that is silent on those channels (a mocked one) the span ends with the response's head.
 */
export class HttpSpanObserver implements WireObserver {
  readonly #span: Span;
  #latest: object | null = null;
  #status: number | null = null;
  #bytes: number | null = null;
  #bodyArrived = false;
  #answered: boolean;

  /** `answered`: there is no promise to wait for, the last request's end is the span's. */
  constructor(span: Span, answered: boolean) {
    this.#span = span;
    this.#answered = answered;
  }

  created(request: object): void {
    this.#latest = request;
    this.#bodyArrived = false;
  }

  headers(request: object, status: number, contentLength: number | null): void {
    if (request !== this.#latest) return;
    this.#status = status;
    this.#bytes = contentLength;
  }

  done(request: object): void {
    if (request !== this.#latest) return;
    this.#bodyArrived = true;
    if (this.#answered) this.#end(null);
  }

  failed(request: object, error: unknown): void {
    if (request === this.#latest && this.#answered) this.#end(error);
  }

  /** The program has been given the response. */
  answer(status: number): void {
    this.#answered = true;
    this.#status = status;
    if (this.#latest === null || this.#bodyArrived) this.#end(null);
  }

  /** The program has been given an error instead of a response. */
  reject(error: unknown): void {
    this.#end(error);
  }

  #end(error: unknown): void {
    endHttpSpan(this.#span, this.#status, error, this.#bytes);
  }
}

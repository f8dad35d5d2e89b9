/**
 * HTTP requests that the program answers: what it does for one of them is one task of the agent, whatever else is answered meanwhile.
 *
 * A request is a span to all that comes of it until it is answered, and is written down only once something that is written down
 * begins inside it: most of what a server answers asks no model.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { currentContext, enterContext, keepContext, type CallContext, type Enclosing } from './context.ts';
import { now } from './events.ts';
import type { Runtime } from './runtime.ts';
import { describePath } from './safeText.ts';
import { disguise, type Callable } from './wrapping.ts';

const NO_LINE = 'a request that the program answers has no line of its own';

/** Has what comes of each request that Node's own servers answer be inside of it. */
export function observeServers(runtime: Runtime): void {
  subscribe('http.server.request.start', (message) => {
    try {
      const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
      const span = new ServedRequest(runtime, request, response);
      const context: CallContext = { frames: [], unattributed: null, insideSdk: false, span, tool: null, definition: null, wire: null };
      keepContext(context);
      keepWith(request, span, context);
    } catch {
      // What is asked meanwhile is inside of no request.
    }
  });
}

/**
 * Events of a request's body come in the context of their connection, where Node keeps contexts in frames (from 24 on): who waits for
 * its end goes on in the request's own.
 */
function keepWith(request: IncomingMessage, span: Enclosing, context: CallContext): void {
  const emit: Callable = function (this: unknown, ...args: unknown[]): unknown {
    const original = (Object.getPrototypeOf(request) as { emit: Callable }).emit;
    if (isInside(span)) return Reflect.apply(original, this, args);
    const leave = enterContext(context);
    try {
      return Reflect.apply(original, this, args);
    } finally {
      leave();
    }
  };
  Object.defineProperty(request, 'emit', { value: disguise(emit, (request as unknown as { emit: Callable }).emit), writable: true, configurable: true, enumerable: false });
}

function isInside(span: Enclosing): boolean {
  for (let at = currentContext()?.span ?? null; at !== null; at = at.outer) if (at === span) return true;
  return false;
}

class ServedRequest implements Enclosing {
  readonly outer = null;
  readonly passesOn = false;
  readonly isLeftBehind = false;
  readonly isFunction = false;
  readonly #runtime: Runtime;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #started = now();
  #id: string | null = null;
  #endedAt: number | null = null;

  constructor(runtime: Runtime, request: IncomingMessage, response: ServerResponse) {
    this.#runtime = runtime;
    this.#request = request;
    this.#response = response;
  }

  /** Whoever asks will name it as a parent: it is written down. */
  get id(): string {
    return (this.#id ??= this.#write());
  }

  get ended(): boolean {
    return this.#endedAt !== null || this.#response.writableFinished || this.#response.destroyed;
  }

  get endedAt(): number | null {
    // Nobody listened for the end of one that was not written down.
    if (this.#endedAt === null && this.ended) this.#endedAt = now();
    return this.#endedAt;
  }

  #write(): string {
    const { method = 'GET', url = '/' } = this.#request;
    const id = this.#runtime.newId();
    this.#runtime.writeSpan({ id, t: this.#started, kind: 'agent', name: describePath(method, url), parent: null, caller: { frames: [], unattributed: NO_LINE }, source: 'http', detail: null, callId: null });
    this.#response.once('close', () => this.#end(id));
    return id;
  }

  #end(id: string): void {
    this.#endedAt = now();
    const { statusCode, writableFinished } = this.#response;
    if (!writableFinished) this.#runtime.writeSpanEnd(id, this.#endedAt, 'cancelled', 'the connection was closed before the answer was complete', null);
    else if (statusCode >= 500) this.#runtime.writeSpanEnd(id, this.#endedAt, 'error', `HTTP ${statusCode}`, null);
    else this.#runtime.writeSpanEnd(id, this.#endedAt, 'ok', null, null);
  }

  chainFrom(): null {
    return null;
  }

  actual(): Enclosing {
    return this;
  }

  innerBegan(): void {
    // It ends with its answer.
  }

  innerEnded(): void {
    // As above.
  }
}

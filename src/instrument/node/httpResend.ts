/**
 * A request of `http` that the profiler left without an answer: it is made once more, to where the program meant it to go. The
 * program holds the first request, so that it is told by this one what becomes of the second.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { isBrokenOff, isRefused, type Router } from './router.ts';
import type { Callable } from './wrapping.ts';

/** A longer body, in bytes or characters, is not kept. */
const MOST_KEPT = 32 * 1024 * 1024;
/** What a program may listen to on a request that has been sent. */
const TOLD = ['information', 'continue', 'timeout'] as const;

type Piece = ['write' | 'end', ...unknown[]];

/** Makes the second request, with the headers of the first as they were in the end; it sends nothing yet. */
type Make = (first: ClientRequest) => ClientRequest;

export class HttpResend {
  readonly #request: ClientRequest;
  readonly #router: Router;
  readonly #make: Make;
  readonly #inContext = AsyncLocalStorage.snapshot();
  #pieces: Piece[] | null = [];
  #length = 0;
  #isComplete = false;
  /** The program has given it up. */
  #isLeft = false;
  /** What the program would have been told; `undefined` while all goes well. */
  #error: unknown;
  #isClosed = false;
  /** What tells the program of the first request, and whether that was the request's own. */
  #told: Callable | null = null;
  #emitBefore: PropertyDescriptor | undefined;
  #second: ClientRequest | null = null;

  /** `request` is to be sent to the profiler, and has not begun to. */
  constructor(request: ClientRequest, router: Router, make: Make) {
    this.#request = request;
    this.#router = router;
    this.#make = make;
    for (const name of ['write', 'end'] as const) this.#replace(name, (args) => this.#keep(name, args));
    for (const name of ['destroy', 'abort'] as const) this.#replace(name, (args) => this.#leave(name, args));
  }

  /** To be called with the request's error, before the program is. */
  failed(error: unknown): void {
    if (!this.#isComplete || this.#pieces === null || this.#isLeft || this.#error !== undefined || answerOf(this.#request) !== null) return;
    if (isRefused(error)) {
      this.#router.markGone();
      this.#hold(error);
      this.#again();
    } else if (isBrokenOff(error)) {
      this.#hold(error);
      // Whether the profiler has died is known once its port is asked.
      void this.#router.listens().then((listens) => this.#inContext(() => (listens ? this.#giveUp() : this.#again())));
    }
  }

  /** A property of the request's own, unlisted, that looks on before the method does its work. */
  #replace(name: 'write' | 'end' | 'destroy' | 'abort' | 'emit', look: (args: unknown[]) => boolean): void {
    const original = Reflect.get(this.#request, name) as Callable;
    const request = this.#request;
    const value = function (this: unknown, ...args: unknown[]): unknown {
      return look(args) ? Reflect.apply(original, this, args) : request;
    };
    Object.defineProperty(request, name, { value, writable: true, configurable: true, enumerable: false });
  }

  #keep(name: 'write' | 'end', args: unknown[]): boolean {
    if (this.#isComplete) return true;
    // A callback is called once, by the first.
    const [data, encoding] = args.map((arg) => (typeof arg === 'function' ? undefined : arg));
    this.#length += typeof data === 'string' || data instanceof Uint8Array ? data.length : 0;
    if (this.#length > MOST_KEPT) this.#pieces = null;
    this.#pieces?.push(encoding === undefined ? [name, ...(data === undefined ? [] : [data])] : [name, data, encoding]);
    this.#isComplete = name === 'end';
    return true;
  }

  #leave(name: 'destroy' | 'abort', args: unknown[]): boolean {
    this.#isLeft = true;
    if (this.#error === undefined) return true;
    if (this.#second === null) this.#tell(args[0] ?? this.#error);
    else Reflect.apply(Reflect.get(this.#second, name) as Callable, this.#second, args);
    return false;
  }

  /** From here on the program hears nothing of the first request's end. */
  #hold(error: unknown): void {
    this.#error = error;
    this.#emitBefore = Object.getOwnPropertyDescriptor(this.#request, 'emit');
    this.#told = Reflect.get(this.#request, 'emit') as Callable;
    this.#replace('emit', ([event]) => {
      if (event === 'close') this.#isClosed = true;
      return event !== 'error' && event !== 'close';
    });
  }

  #again(): void {
    if (this.#isLeft) return;
    try {
      const second = this.#inContext(() => this.#make(this.#request));
      this.#second = second;
      second.on('response', (response) => this.#inContext(() => this.#answer(response)));
      for (const event of TOLD) second.on(event, (...args: unknown[]) => this.#emit(event, ...args));
      second.on('error', (error) => this.#emit('error', error));
      second.on('close', () => this.#emit('close'));
      for (const [name, ...args] of this.#pieces ?? []) Reflect.apply(Reflect.get(second, name) as Callable, second, args);
      this.#pieces = null;
    } catch {
      this.#giveUp();
    }
  }

  #answer(response: IncomingMessage): void {
    (this.#request as { res?: IncomingMessage }).res = response;
    // As Node does where nobody wants an answer.
    if (!this.#emit('response', response)) response.resume();
  }

  #giveUp(): void {
    if (!this.#isLeft) this.#tell(this.#error);
  }

  /** Lets the program hear of the first request's end after all. */
  #tell(error: unknown): void {
    this.#pieces = null;
    const isClosed = this.#isClosed;
    if (this.#emitBefore === undefined) Reflect.deleteProperty(this.#request, 'emit');
    else Object.defineProperty(this.#request, 'emit', this.#emitBefore);
    // In a turn of its own, as all that is told of a request.
    process.nextTick(() => {
      this.#request.emit('error', error as Error);
      if (isClosed) this.#request.emit('close');
    });
  }

  #emit(event: string, ...args: unknown[]): boolean {
    return this.#told === null ? false : (Reflect.apply(this.#told, this.#request, [event, ...args]) as boolean);
  }
}

function answerOf(request: ClientRequest): IncomingMessage | null {
  return (request as { res?: IncomingMessage | null }).res ?? null;
}

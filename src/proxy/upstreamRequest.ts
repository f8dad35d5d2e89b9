/** One request to a server, whatever carries it there. */
import type { ResponseReceiver } from './responseReader.ts';

/** How a request went wrong: before a connection stood, or later. */
export interface UpstreamFailure {
  phase: 'connect' | 'answer';
  error: Error;
}

export interface UpstreamListener extends ResponseReceiver {
  onFailure(failure: UpstreamFailure): void;
}

export interface UpstreamRequest {
  /** Sends more of the body, without framing; false when the caller should wait for `onDrain`. */
  write(bytes: Buffer): boolean;
  /**
   * The body is complete.
   * @param trailers of a chunked one: names and values in turn
   */
  end(trailers: readonly string[]): void;
  onDrain(callback: () => void): void;
  pause(): void;
  resume(): void;
  /** Gives the request up. */
  abort(): void;
}

export interface RequestText {
  method: string;
  /** Request line and headers of HTTP/1.1, up to the empty line. */
  head: string;
  /** What is at hand of the body; more can be written afterwards. */
  body: Buffer[];
  /** More of the body follows in chunks. */
  chunked: boolean;
  /** `body` is the whole body, so that the request can be sent once more. */
  replayable: boolean;
}

/** What of a request waits in memory for its connection, before its sender is told to wait, too. */
const MAX_WAITING_BYTES = 256 * 1024;

/** A request whose connection is being made. */
export class WaitingRequest implements UpstreamRequest {
  #inner: UpstreamRequest | null = null;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Of a body that is complete. */
  #trailers: readonly string[] | null = null;
  #aborted = false;
  #onDrain: (() => void)[] = [];
  /** Gives up what it waits for. */
  cancel: () => void = () => undefined;

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Goes on as another request, which has been sent what was at hand at the beginning. */
  become(inner: UpstreamRequest): void {
    this.#inner = inner;
    for (const bytes of this.#waiting) inner.write(bytes);
    this.#waiting = [];
    if (this.#trailers !== null) inner.end(this.#trailers);
    const waiting = this.#onDrain;
    this.#onDrain = [];
    for (const callback of waiting) callback();
  }

  write(bytes: Buffer): boolean {
    if (this.#inner !== null) return this.#inner.write(bytes);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    return this.#waitingBytes < MAX_WAITING_BYTES;
  }

  end(trailers: readonly string[]): void {
    this.#trailers = trailers;
    this.#inner?.end(trailers);
  }

  onDrain(callback: () => void): void {
    if (this.#inner === null) this.#onDrain.push(callback);
    else this.#inner.onDrain(callback);
  }

  pause(): void {
    this.#inner?.pause();
  }

  resume(): void {
    this.#inner?.resume();
  }

  abort(): void {
    this.#aborted = true;
    if (this.#inner === null) this.cancel();
    else this.#inner.abort();
  }
}

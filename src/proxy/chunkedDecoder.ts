/** HTTP/1.1 chunked framing, followed byte for byte without copying. */

const CR = 13;
const LF = 10;
const SEMICOLON = 59;
/** 2^48 bytes: larger than any answer, and exact as a number. */
const MAX_SIZE_DIGITS = 12;
const NO_TRAILERS = Buffer.from('\r\n');
const MAX_EXTENSION_AND_TRAILER_BYTES = 64 * 1024;

const states = { size: 0, extension: 1, sizeLineFeed: 2, data: 3, dataCarriageReturn: 4, dataLineFeed: 5, trailerStart: 6, trailer: 7, trailerLineFeed: 8, lastLineFeed: 9, done: 10 } as const;
type State = (typeof states)[keyof typeof states];

/** Raised for bytes that are no chunked framing. */
export class FramingError extends Error {
  constructor(what: string) {
    super(`malformed chunked encoding: ${what}`);
    this.name = 'FramingError';
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Follows one message's chunked body over any number of reads. */
export class ChunkedDecoder {
  #state: State = states.size;
  #remaining = 0;
  #digits = 0;
  #overhead = 0;
  #trailers: Buffer | null = null;

  /** Between two chunks: no part of a chunk is outstanding. */
  get atBoundary(): boolean {
    return (this.#state === states.size && this.#digits === 0) || this.#state === states.done;
  }

  get done(): boolean {
    return this.#state === states.done;
  }

  /** What stands behind the last chunk, once done: trailing headers as they came, and the empty line. */
  get trailers(): Buffer {
    return this.#trailers ?? NO_TRAILERS;
  }

  /**
   * Follows the framing through `bytes` from `position` on.
   * @param payload gets each run of payload as two indices into `bytes`, start and end; a chunk may come in several
   * @returns the index after the message's last byte, or -1 when it goes on beyond `bytes`
   * @throws FramingError
   */
  feed(bytes: Uint8Array, position: number, payload: number[] | null): number {
    // This runs for each token of each answer: locals are several times faster than fields while the code is young.
    let state = this.#state;
    let remaining = this.#remaining;
    let digits = this.#digits;
    let at = position;
    let trailersAt = state >= states.trailerStart && state < states.done ? position : -1;
    const { length } = bytes;
    while (at < length && state !== states.done) {
      if (state === states.data) {
        const end = Math.min(length, at + remaining);
        payload?.push(at, end);
        remaining -= end - at;
        at = end;
        if (remaining === 0) state = states.dataCarriageReturn;
        continue;
      }
      const byte = bytes[at++]!;
      switch (state) {
        case states.size: {
          const digit = hexDigit(byte);
          if (digit >= 0) {
            if (++digits > MAX_SIZE_DIGITS) throw new FramingError('chunk too large');
            remaining = remaining * 16 + digit;
          } else if (digits === 0) throw new FramingError('no chunk size');
          else if (byte === CR) state = states.sizeLineFeed;
          else if (byte === SEMICOLON || byte === 32 || byte === 9) state = states.extension;
          else throw new FramingError('bad chunk size');
          break;
        }
        case states.extension:
          this.#countOverhead(byte);
          if (byte === CR) state = states.sizeLineFeed;
          break;
        case states.sizeLineFeed:
          expectLineFeed(byte);
          digits = 0;
          state = remaining === 0 ? states.trailerStart : states.data;
          if (remaining === 0) trailersAt = at;
          break;
        case states.dataCarriageReturn:
          if (byte !== CR) throw new FramingError('line end missing');
          state = states.dataLineFeed;
          break;
        case states.dataLineFeed:
          expectLineFeed(byte);
          state = states.size;
          break;
        case states.trailerStart:
          state = byte === CR ? states.lastLineFeed : states.trailer;
          break;
        case states.trailer:
          this.#countOverhead(byte);
          if (byte === CR) state = states.trailerLineFeed;
          break;
        case states.trailerLineFeed:
          expectLineFeed(byte);
          state = states.trailerStart;
          break;
        case states.lastLineFeed:
          expectLineFeed(byte);
          state = states.done;
          break;
      }
    }
    this.#state = state;
    this.#remaining = remaining;
    this.#digits = digits;
    // Most bodies have none, and their end in one read.
    if (trailersAt >= 0 && (state !== states.done || at - trailersAt > NO_TRAILERS.length || this.#trailers !== null)) this.#keepTrailers(bytes.subarray(trailersAt, at));
    return state === states.done ? at : -1;
  }

  #keepTrailers(part: Uint8Array): void {
    this.#trailers = this.#trailers === null ? Buffer.from(part) : Buffer.concat([this.#trailers, part]);
  }

  /** Extensions and trailers are passed over; a bare line feed, which some parsers take for their end, is refused. */
  #countOverhead(byte: number): void {
    if (byte === LF) throw new FramingError('bare line feed');
    if (++this.#overhead > MAX_EXTENSION_AND_TRAILER_BYTES) throw new FramingError('extensions or trailers too long');
  }
}

function expectLineFeed(byte: number): void {
  if (byte !== LF) throw new FramingError('line end missing');
}

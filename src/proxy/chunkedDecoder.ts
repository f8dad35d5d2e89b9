/** HTTP/1.1 chunked framing, followed byte for byte without copying. */

const CR = 13;
const LF = 10;
const SEMICOLON = 59;
/** 2^48 bytes: larger than any answer, and exact as a number. */
const MAX_SIZE_DIGITS = 12;
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

  /** Between two chunks: no part of a chunk is outstanding. */
  get atBoundary(): boolean {
    return (this.#state === states.size && this.#digits === 0) || this.#state === states.done;
  }

  get done(): boolean {
    return this.#state === states.done;
  }

  /**
   * Follows the framing through `bytes` from `position` on.
   * @param onPayload told each run of payload as a range of `bytes`; a chunk may come in several
   * @returns the index after the message's last byte, or -1 when it goes on beyond `bytes`
   * @throws FramingError
   */
  feed(bytes: Uint8Array, position: number, onPayload?: (start: number, end: number) => void): number {
    const length = bytes.length;
    let at = position;
    while (at < length) {
      switch (this.#state) {
        case states.data: {
          const end = Math.min(length, at + this.#remaining);
          onPayload?.(at, end);
          this.#remaining -= end - at;
          at = end;
          if (this.#remaining === 0) this.#state = states.dataCarriageReturn;
          continue;
        }
        case states.size: {
          const byte = bytes[at++]!;
          const digit = hexDigit(byte);
          if (digit >= 0) {
            if (++this.#digits > MAX_SIZE_DIGITS) throw new FramingError('chunk too large');
            this.#remaining = this.#remaining * 16 + digit;
          } else if (this.#digits === 0) throw new FramingError('no chunk size');
          else if (byte === CR) this.#state = states.sizeLineFeed;
          else if (byte === SEMICOLON || byte === 32 || byte === 9) this.#state = states.extension;
          else throw new FramingError('bad chunk size');
          continue;
        }
        case states.extension:
          this.#countOverhead();
          if (bytes[at++] === CR) this.#state = states.sizeLineFeed;
          continue;
        case states.sizeLineFeed:
          this.#expect(bytes[at++]!, LF);
          this.#digits = 0;
          this.#state = this.#remaining === 0 ? states.trailerStart : states.data;
          continue;
        case states.dataCarriageReturn:
          this.#expect(bytes[at++]!, CR);
          this.#state = states.dataLineFeed;
          continue;
        case states.dataLineFeed:
          this.#expect(bytes[at++]!, LF);
          this.#state = states.size;
          continue;
        case states.trailerStart:
          this.#state = bytes[at++] === CR ? states.lastLineFeed : states.trailer;
          continue;
        case states.trailer:
          this.#countOverhead();
          if (bytes[at++] === CR) this.#state = states.trailerLineFeed;
          continue;
        case states.trailerLineFeed:
          this.#expect(bytes[at++]!, LF);
          this.#state = states.trailerStart;
          continue;
        case states.lastLineFeed:
          this.#expect(bytes[at++]!, LF);
          this.#state = states.done;
          return at;
        case states.done:
          return at;
      }
    }
    return -1;
  }

  #expect(byte: number, wanted: number): void {
    if (byte !== wanted) throw new FramingError('line end missing');
  }

  #countOverhead(): void {
    if (++this.#overhead > MAX_EXTENSION_AND_TRAILER_BYTES) throw new FramingError('extensions or trailers too long');
  }
}

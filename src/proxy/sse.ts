/** Splits a stream of server-sent events into the data of each, whatever the reads' boundaries. */

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** An event longer than this is given up: its stream is no stream of tokens. */
const MAX_EVENT_BYTES = 64 * 1024 * 1024;

export class SseParser {
  /** A line's beginning, in the pieces in which it came. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  #data: string[] = [];
  #first = true;
  /** The last byte was a carriage return. */
  #afterReturn = false;

  /** Nothing of a next event has come. */
  get isBetweenEvents(): boolean {
    return this.#restBytes === 0 && this.#data.length === 0 && !this.#afterReturn;
  }

  /** Takes the next bytes and calls `onEvent` with the data of each event that they complete. Lines end with a line feed, both, or a carriage return alone. */
  push(bytes: Buffer, onEvent: (data: string) => void): void {
    // The other half of a line's end that was taken for the whole of it.
    let at = this.#afterReturn && bytes[0] === LINE_FEED ? 1 : 0;
    if (bytes.length > 0) this.#afterReturn = false;
    let feed = bytes.indexOf(LINE_FEED, at);
    let carriageReturn = bytes.indexOf(CARRIAGE_RETURN, at);
    while (feed >= 0 || carriageReturn >= 0) {
      const isReturn = carriageReturn >= 0 && (feed < 0 || carriageReturn < feed);
      const end = isReturn ? carriageReturn : feed;
      this.#line(this.#rest.length > 0 ? this.#takeRest(bytes.subarray(at, end)).toString('utf8') : bytes.toString('utf8', at, end), onEvent);
      at = end + 1;
      if (isReturn) {
        if (at === bytes.length) this.#afterReturn = true;
        else if (bytes[at] === LINE_FEED) at++;
        carriageReturn = bytes.indexOf(CARRIAGE_RETURN, at);
      }
      if (feed >= 0 && feed < at) feed = bytes.indexOf(LINE_FEED, at);
    }
    if (at >= bytes.length) return;
    this.#rest.push(bytes.subarray(at));
    this.#restBytes += bytes.length - at;
    if (this.#restBytes > MAX_EVENT_BYTES) this.#takeRest(Buffer.alloc(0));
  }

  /** The stream has ended: an event without its blank line counts all the same. */
  end(onEvent: (data: string) => void): void {
    if (this.#rest.length > 0) this.#line(this.#takeRest(Buffer.alloc(0)).toString('utf8'), onEvent);
    this.#dispatch(onEvent);
  }

  #takeRest(more: Buffer): Buffer {
    const whole = Buffer.concat([...this.#rest, more]);
    this.#rest = [];
    this.#restBytes = 0;
    return whole;
  }

  #line(text: string, onEvent: (data: string) => void): void {
    this.#field(this.#first && text.startsWith('\uFEFF') ? text.slice(1) : text, onEvent);
    this.#first = false;
  }

  #field(line: string, onEvent: (data: string) => void): void {
    if (line === '') this.#dispatch(onEvent);
    else if (line.startsWith('data:')) this.#data.push(line.charCodeAt(5) === 32 ? line.slice(6) : line.slice(5));
    else if (line === 'data') this.#data.push('');
  }

  #dispatch(onEvent: (data: string) => void): void {
    if (this.#data.length === 0) return;
    const data = this.#data.length === 1 ? this.#data[0]! : this.#data.join('\n');
    this.#data = [];
    onEvent(data);
  }
}

/** Splits a stream of server-sent events into the data of each, whatever the reads' boundaries. */

const LINE_FEED = 10;

/** An event longer than this is given up: its stream is no stream of tokens. */
const MAX_EVENT_BYTES = 64 * 1024 * 1024;

export class SseParser {
  /** A line's beginning, in the pieces in which it came. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  #data: string[] = [];
  #first = true;

  /** Takes the next bytes and calls `onEvent` with the data of each event that they complete. */
  push(bytes: Buffer, onEvent: (data: string) => void): void {
    let end = bytes.indexOf(LINE_FEED);
    let at = 0;
    if (end >= 0 && this.#rest.length > 0) {
      this.#line(this.#takeRest(bytes.subarray(0, end)).toString('utf8'), onEvent);
      at = end + 1;
      end = bytes.indexOf(LINE_FEED, at);
    }
    for (; end >= 0; end = bytes.indexOf(LINE_FEED, at)) {
      this.#line(bytes.toString('utf8', at, end), onEvent);
      at = end + 1;
    }
    if (at === bytes.length) return;
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
    const line = this.#first && text.startsWith('\uFEFF') ? text.slice(1) : text;
    this.#first = false;
    // Lines may end in CRLF, LF or CR alone.
    if (line.includes('\r')) {
      for (const part of (line.endsWith('\r') ? line.slice(0, -1) : line).split('\r')) this.#field(part, onEvent);
    } else this.#field(line, onEvent);
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

/** Splits a stream of JSON lines, whatever the reads' boundaries. */

const LINE_FEED = 10;
/** A line longer than this is given up: its stream is no stream of tokens. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

export class JsonLinesParser {
  /** A line's beginning, in the pieces in which it came. */
  #rest: Buffer[] = [];
  #restBytes = 0;

  /** Takes the next bytes and calls `onLine` with each line that they complete. */
  push(bytes: Buffer, onLine: (line: string) => void): void {
    let at = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, at)) {
      this.#take(bytes.subarray(at, end), onLine);
      at = end + 1;
    }
    if (at === bytes.length) return;
    this.#rest.push(bytes.subarray(at));
    this.#restBytes += bytes.length - at;
    if (this.#restBytes > MAX_LINE_BYTES) this.#clear();
  }

  /** The stream has ended: a last line without its line feed counts all the same. */
  end(onLine: (line: string) => void): void {
    this.#take(Buffer.alloc(0), onLine);
  }

  #take(last: Buffer, onLine: (line: string) => void): void {
    const text = (this.#rest.length === 0 ? last : Buffer.concat([...this.#rest, last])).toString('utf8').trim();
    this.#clear();
    if (text !== '') onLine(text);
  }

  #clear(): void {
    this.#rest = [];
    this.#restBytes = 0;
  }
}

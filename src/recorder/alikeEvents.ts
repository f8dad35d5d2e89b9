/**
 * Finds the events of a stream that are alike but for their text in its bytes, without making a string of each: a
 * stream of tokens repeats the same two hundred characters around every few letters.
 */

/** What stands before and after the text in an event's data, when nothing else in it changes from token to token. */
export interface EventTemplate {
  before: string;
  after: string;
}

const QUOTE = 34;
const BACKSLASH = 92;
const FIRST_PRINTABLE = 32;
const LINE_END = /[\r\n]/;
/** How servers end an event. A carriage return alone cannot be told from half of a line's end. */
const EVENT_ENDS = ['\n\n', '\r\n\r\n'];

export class AlikeEvents {
  readonly #before: Buffer;
  readonly #after: Buffer;
  #text = '';

  private constructor(before: Buffer, after: Buffer) {
    this.#before = before;
    this.#after = after;
  }

  /**
   * @param template of an event's data; what comes after the text begins with the quote that ends it
   * @param bytes in which such an event stands from `start` on
   * @returns null when it is not written as one line of data
   */
  static like({ before, after }: EventTemplate, bytes: Buffer, start: number, end: number): AlikeEvents | null {
    if (LINE_END.test(before) || LINE_END.test(after)) return null;
    for (const name of ['data: ', 'data:'])
      for (const eventEnd of EVENT_ENDS) {
        const alike = new AlikeEvents(Buffer.from(name + before), Buffer.from(after + eventEnd));
        if (alike.next(bytes, start, end) >= 0) return alike;
      }
    return null;
  }

  /** The text of the event that `next` found last. */
  get text(): string {
    return this.#text;
  }

  /** @returns the index after the event that begins at `start` and is whole before `end`, or -1 when there is none that is like the others */
  next(bytes: Buffer, start: number, end: number): number {
    const [before, after] = [this.#before, this.#after];
    const textAt = start + before.length;
    if (textAt + after.length >= end || bytes.compare(before, 0, before.length, start, textAt) !== 0) return -1;
    let quote = textAt;
    for (; ; quote++) {
      if (quote + after.length > end) return -1;
      const byte = bytes[quote]!;
      if (byte === QUOTE) break;
      // What is escaped is read as JSON, and a line's end would end the data.
      if (byte === BACKSLASH || byte < FIRST_PRINTABLE) return -1;
    }
    const eventEnd = quote + after.length;
    if (quote === textAt || bytes.compare(after, 0, after.length, quote, eventEnd) !== 0) return -1;
    this.#text = bytes.toString('utf8', textAt, quote);
    return eventEnd;
  }
}

/**
 * Takes out of a stream what is there only because the proxy asked for it: the usage-only event, and
 * `"usage":null` on the others. Everything else passes as the bytes it came in.
 */
import type { BodyRead } from './responseReader.ts';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const NAME = Buffer.from('"usage"');
const LAST_CHUNK = Buffer.from('0\r\n');
const CRLF = Buffer.from('\r\n');
/** The usage-only event as servers write it, told without parsing it: it is the last to come, and the client waits for what follows. */
const USAGE_ONLY = /^data: \{(?:"\w+":(?:"[^"\\]*"|[\d.]+|null),)*"choices":\[\],"usage":\{[^\r\n]*\}(?:\r\n|\n|\r){2}$/;
/** A byte-order mark, which a stream may begin with, as latin1. */
const MARK = '\xef\xbb\xbf';
/** An event longer than this is passed on unchecked rather than held. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;

/** Whether an event's blank line ends just before `end`. */
function endsEvent(bytes: Buffer, end: number): boolean {
  if (bytes[end - 1] === CARRIAGE_RETURN) return bytes[end - 2] === CARRIAGE_RETURN;
  return bytes[end - 1] === LINE_FEED && (bytes[end - 2] === LINE_FEED || (bytes[end - 2] === CARRIAGE_RETURN && bytes[end - 3] === LINE_FEED));
}

/** Index after the first event's blank line, or -1. Lines end with a line feed, both, or a carriage return alone (`carriageReturns`). */
function eventEnd(bytes: Buffer, from: number, carriageReturns: boolean): number {
  const doubled = carriageReturns ? bytes.indexOf('\r\r', from, 'latin1') : -1;
  const end = doubled < 0 ? bytes.length : doubled;
  for (let at = bytes.indexOf(LINE_FEED, from); at >= 0 && at < end; at = bytes.indexOf(LINE_FEED, at + 1)) {
    if (bytes[at + 1] === LINE_FEED) return at + 2;
    if (bytes[at + 1] === CARRIAGE_RETURN && bytes[at + 2] === LINE_FEED) return at + 3;
  }
  return doubled < 0 ? -1 : doubled + 2;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The event without what was not asked for; null when nothing of it remains. */
export function withoutUsage(event: Buffer): Buffer | null {
  if (!event.includes(NAME)) return event;
  // JSON's signs are ASCII, and what is not UTF-8 must come out as it came in.
  const text = event.toString('latin1');
  const mark = text.startsWith(MARK) ? MARK : '';
  const nothing = mark === '' ? null : Buffer.from(mark, 'latin1');
  if (USAGE_ONLY.test(text.slice(mark.length))) return nothing;
  const data = /(?:^(?:\xef\xbb\xbf)?|[\r\n])data:[ ]?([^\r\n]*)/.exec(text);
  if (data === null) return event;
  let parsed: unknown;
  try {
    parsed = JSON.parse(data[1]!);
  } catch {
    return event;
  }
  if (!isObject(parsed)) return event;
  const { usage, ...rest } = parsed;
  if (isObject(usage) && Array.isArray(parsed['choices']) && parsed['choices'].length === 0) return nothing;
  if (usage !== null) return event;
  const cut = data[1]!.replace(/,\s*"usage"\s*:\s*null|"usage"\s*:\s*null\s*,\s*/, '');
  // The first match could be a field of the same name deeper inside: then the event stays as it is.
  if (cut === data[1] || JSON.stringify(JSON.parse(cut)) !== JSON.stringify(rest)) return event;
  return Buffer.from(text.replace(data[1]!, () => cut), 'latin1');
}

/** One stream's filter. Its output is chunked whether or not its input was. */
export class UsageHider {
  /** An event's beginning, in the pieces in which it came. */
  #held: Buffer[] = [];
  #heldBytes = 0;

  /** What to send for a read; null for nothing. */
  push({ bytes, payload, whole, done, trailers }: BodyRead): Buffer | null {
    if (payload !== null && whole && this.#heldBytes === 0 && runsEndEvents(bytes, payload)) return withoutUsageByChunk(bytes, payload);
    const out: Buffer[] = [];
    if (payload !== null) for (let i = 0; i < payload.length; i += 2) this.#payload(bytes.subarray(payload[i], payload[i + 1]), out);
    else if (bytes.length > 0) this.#payload(bytes, out);
    if (done) {
      if (this.#held.length > 0) {
        const rest = withoutUsage(Buffer.concat(this.#held));
        if (rest !== null) frame(rest, out);
        this.#held = [];
        this.#heldBytes = 0;
      }
      out.push(LAST_CHUNK, trailers ?? CRLF);
    }
    return out.length === 0 ? null : Buffer.concat(out);
  }

  #payload(payload: Buffer, out: Buffer[]): void {
    this.#held.push(payload);
    this.#heldBytes += payload.length;
    // Without a line's end, nothing held has become a whole event.
    if (this.#heldBytes <= MAX_HELD_BYTES && !payload.includes(LINE_FEED) && !payload.includes(CARRIAGE_RETURN)) return;
    const bytes = this.#held.length === 1 ? payload : Buffer.concat(this.#held);
    const kept: Buffer[] = [];
    let at = eventsWithoutUsage(bytes, kept);
    if (bytes.length - at > MAX_HELD_BYTES) {
      kept.push(bytes.subarray(at));
      at = bytes.length;
    }
    this.#held = at === bytes.length ? [] : [bytes.subarray(at)];
    this.#heldBytes = bytes.length - at;
    if (kept.length > 0) frame(kept.length === 1 ? kept[0]! : Buffer.concat(kept), out);
  }
}

function runsEndEvents(bytes: Buffer, payload: number[]): boolean {
  for (let i = 1; i < payload.length; i += 2) if (!endsEvent(bytes, payload[i]!)) return false;
  return true;
}

/** The usual read: whole chunks of whole events. Those that do not speak of usage stay as they came, framing and all. */
function withoutUsageByChunk(bytes: Buffer, payload: number[]): Buffer | null {
  let named = bytes.indexOf(NAME);
  if (named < 0) return bytes;
  const out: Buffer[] = [];
  let rawFrom = 0;
  let chunkFrom = 0;
  for (let i = 0; i < payload.length && named >= 0; i += 2) {
    const [start, end] = [payload[i]!, payload[i + 1]!];
    const chunkEnd = end + CRLF.length;
    if (named < end) {
      out.push(bytes.subarray(rawFrom, chunkFrom));
      rawFrom = chunkEnd;
      const kept: Buffer[] = [];
      eventsWithoutUsage(bytes.subarray(start, end), kept);
      if (kept.length > 0) frame(Buffer.concat(kept), out);
      named = bytes.indexOf(NAME, end);
    }
    chunkFrom = chunkEnd;
  }
  out.push(bytes.subarray(rawFrom));
  const whole = Buffer.concat(out);
  return whole.length === 0 ? null : whole;
}

/** Puts into `kept` what stays of the whole events in `bytes`. @returns the index after the last of them */
function eventsWithoutUsage(bytes: Buffer, kept: Buffer[]): number {
  let at = 0;
  const carriageReturns = bytes.includes('\r\r', 0, 'latin1');
  for (let end = eventEnd(bytes, 0, carriageReturns); end >= 0; end = eventEnd(bytes, at, carriageReturns)) {
    const event = withoutUsage(bytes.subarray(at, end));
    if (event !== null) kept.push(event);
    at = end;
  }
  return at;
}

function frame(payload: Buffer, out: Buffer[]): void {
  out.push(Buffer.from(`${payload.length.toString(16)}\r\n`), payload, CRLF);
}

/**
 * Takes out of a stream what is there only because the proxy asked for it: the usage-only event, and
 * `"usage":null` on the others. Everything else passes as the bytes it came in.
 */
import type { BodyRead } from './responseReader.ts';

const LINE_FEED = 10;
const NAME = Buffer.from('"usage"');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const CRLF = Buffer.from('\r\n');
/** The usage-only event as servers write it, told without parsing it: it is the last to come, and the client waits for what follows. */
const USAGE_ONLY = /^data: \{(?:"\w+":(?:"[^"\\]*"|[\d.]+|null),)*"choices":\[\],"usage":\{[^\r\n]*\}\r?\n\r?\n$/;
/** An event longer than this is passed on unchecked rather than held. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;

/** Whether an event's blank line ends just before `end`. */
function endsEvent(bytes: Buffer, end: number): boolean {
  return bytes[end - 1] === 10 && (bytes[end - 2] === 10 || (bytes[end - 2] === 13 && bytes[end - 3] === 10));
}

/** Index after the first event's blank line, or -1. */
function eventEnd(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return -1;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The event without what was not asked for; null when nothing of it remains. */
export function withoutUsage(event: Buffer): Buffer | null {
  if (!event.includes(NAME)) return event;
  const text = event.toString('utf8');
  if (USAGE_ONLY.test(text)) return null;
  // Not `.` and `$`: for them a line ends at U+2028, too, which may stand in a token.
  const data = /(?:^|\n)data:[ ]?([^\r\n]*)/.exec(text);
  if (data === null) return event;
  let parsed: unknown;
  try {
    parsed = JSON.parse(data[1]!);
  } catch {
    return event;
  }
  if (!isObject(parsed)) return event;
  const { usage, ...rest } = parsed;
  if (isObject(usage) && Array.isArray(parsed['choices']) && parsed['choices'].length === 0) return null;
  if (usage !== null) return event;
  const cut = data[1]!.replace(/,\s*"usage"\s*:\s*null|"usage"\s*:\s*null\s*,\s*/, '');
  // The first match could be a field of the same name deeper inside: then the event stays as it is.
  if (cut === data[1] || JSON.stringify(JSON.parse(cut)) !== JSON.stringify(rest)) return event;
  return Buffer.from(text.replace(data[1]!, () => cut));
}

/** One stream's filter. Its output is chunked whether or not its input was. */
export class UsageHider {
  /** An event's beginning, in the pieces in which it came. */
  #held: Buffer[] = [];
  #heldBytes = 0;

  /** What to send for a read; null for nothing. */
  push({ bytes, payload, whole, done }: BodyRead): Buffer | null {
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
      out.push(LAST_CHUNK);
    }
    return out.length === 0 ? null : Buffer.concat(out);
  }

  #payload(payload: Buffer, out: Buffer[]): void {
    this.#held.push(payload);
    this.#heldBytes += payload.length;
    // Without a line's end, nothing held has become a whole event.
    if (this.#heldBytes <= MAX_HELD_BYTES && !payload.includes(LINE_FEED)) return;
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
  for (let end = eventEnd(bytes, 0); end >= 0; end = eventEnd(bytes, at)) {
    const event = withoutUsage(bytes.subarray(at, end));
    if (event !== null) kept.push(event);
    at = end;
  }
  return at;
}

function frame(payload: Buffer, out: Buffer[]): void {
  out.push(Buffer.from(`${payload.length.toString(16)}\r\n`), payload, CRLF);
}

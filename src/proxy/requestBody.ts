/**
 * Looks into a JSON request without parsing it, and changes it without re-writing it: only the top level is
 * scanned, for the few fields that the proxy must know, and changes are spliced into the bytes as they came.
 */

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const COMMA = 44;
const COLON = 58;

/** Where a value stands in the body: [start, end). */
export interface Range {
  start: number;
  end: number;
}

export interface ScannedBody {
  stream: boolean;
  model: Range | null;
  streamOptions: Range | null;
  /** Index of the object's closing brace. */
  end: number;
  /** The object has no fields. */
  empty: boolean;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}

/** Index after the string that opens at `start`, or -1. */
function skipString(bytes: Buffer, start: number): number {
  let at = start + 1;
  for (;;) {
    const quote = bytes.indexOf(QUOTE, at);
    if (quote < 0) return -1;
    let backslashes = 0;
    while (bytes[quote - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/** Index after the value that begins at `start`, or -1. Nesting is counted, not recursed into. */
function skipValue(bytes: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      at = skipString(bytes, at);
      if (at < 0) return -1;
      if (depth === 0) return at;
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      // The enclosing object's end terminates a bare value such as a number.
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (depth === 0 && (byte === COMMA || isSpace(byte))) return at;
    at++;
  }
  return -1;
}

function skipSpace(bytes: Buffer, start: number): number {
  let at = start;
  while (isSpace(bytes[at])) at++;
  return at;
}

/** Scans a JSON object's top level; null when the body is no JSON object. As with JSON.parse, a repeated field's last value counts. */
export function scanBody(bytes: Buffer): ScannedBody | null {
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== OPEN_BRACE) return null;
  const scanned: ScannedBody = { stream: false, model: null, streamOptions: null, end: -1, empty: true };
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === CLOSE_BRACE) return skipSpace(bytes, at + 1) === bytes.length ? { ...scanned, end: at } : null;
  for (;;) {
    if (bytes[at] !== QUOTE) return null;
    const keyEnd = skipString(bytes, at);
    if (keyEnd < 0) return null;
    // Longer keys are none of ours, and might be large.
    const key = keyEnd - at <= 20 ? bytes.toString('latin1', at + 1, keyEnd - 1) : '';
    at = skipSpace(bytes, keyEnd);
    if (bytes[at] !== COLON) return null;
    const start = skipSpace(bytes, at + 1);
    const end = skipValue(bytes, start);
    if (end <= start) return null;
    if (key === 'stream') scanned.stream = bytes.toString('latin1', start, end) === 'true';
    else if (key === 'model') scanned.model = { start, end };
    else if (key === 'stream_options') scanned.streamOptions = { start, end };
    scanned.empty = false;
    at = skipSpace(bytes, end);
    if (bytes[at] === CLOSE_BRACE) {
      if (skipSpace(bytes, at + 1) !== bytes.length) return null;
      scanned.end = at;
      return scanned;
    }
    if (bytes[at] !== COMMA) return null;
    at = skipSpace(bytes, at + 1);
  }
}

interface Splice extends Range {
  text: Buffer;
}

const FIRST_FIELD = Buffer.from('"stream_options":{"include_usage":true}');
const LATER_FIELD = Buffer.from(',"stream_options":{"include_usage":true}');

export interface PreparedBody {
  /** Parts to send in turn; the untouched ones are views of the original. */
  parts: Buffer[];
  length: number;
  /** Usage was asked for on behalf of the profiler: what the client did not ask for must be hidden from it. */
  usageInjected: boolean;
}

function usageSplice(bytes: Buffer, scanned: ScannedBody): Splice | null {
  const range = scanned.streamOptions;
  if (range === null) return { start: scanned.end, end: scanned.end, text: scanned.empty ? FIRST_FIELD : LATER_FIELD };
  let options: unknown;
  try {
    options = JSON.parse(bytes.toString('utf8', range.start, range.end));
  } catch {
    // Not JSON: the server is to say so.
    return null;
  }
  if (options === null) return { ...range, text: Buffer.from('{"include_usage":true}') };
  if (typeof options !== 'object' || Array.isArray(options)) return null;
  if ((options as Record<string, unknown>)['include_usage'] === true) return null;
  return { ...range, text: Buffer.from(JSON.stringify({ ...options, include_usage: true })) };
}

/** The body to send: with usage asked for on a stream when `injectUsage`, and with the model's name replaced when `model` is given. */
export function prepareBody(bytes: Buffer, scanned: ScannedBody, options: { injectUsage: boolean; model: string | null }): PreparedBody {
  const splices: Splice[] = [];
  const usage = options.injectUsage && scanned.stream ? usageSplice(bytes, scanned) : null;
  if (options.model !== null) {
    const name = JSON.stringify(options.model);
    if (scanned.model !== null) splices.push({ ...scanned.model, text: Buffer.from(name) });
    else splices.push({ start: scanned.end, end: scanned.end, text: Buffer.from(`${scanned.empty ? '' : ','}"model":${name}`) });
  }
  if (usage !== null) splices.push(scanned.empty && splices.length > 0 ? { ...usage, text: LATER_FIELD } : usage);
  if (splices.length === 0) return { parts: [bytes], length: bytes.length, usageInjected: false };
  if (splices.length > 1) splices.sort((a, b) => a.start - b.start);
  const parts: Buffer[] = [];
  let length = bytes.length;
  let at = 0;
  for (const splice of splices) {
    if (splice.start > at) parts.push(bytes.subarray(at, splice.start));
    parts.push(splice.text);
    length += splice.text.length - (splice.end - splice.start);
    at = splice.end;
  }
  if (at < bytes.length) parts.push(bytes.subarray(at));
  return { parts, length, usageInjected: usage !== null };
}

/** Streams of events: read for what they tell, and passed on without what was not asked for. */
import { ChunkedDecoder } from '../../../src/proxy/chunkedDecoder.ts';
import { JsonLinesParser } from '../../../src/proxy/jsonLines.ts';
import type { BodyRead } from '../../../src/proxy/responseReader.ts';
import { SseParser } from '../../../src/proxy/sse.ts';
import { UsageHider } from '../../../src/proxy/usageHider.ts';
import { reads, same } from '../pieces.ts';

function parsed(parser: SseParser | JsonLinesParser, pieces: Buffer[]): string[] {
  const found: string[] = [];
  for (const piece of pieces) parser.push(piece, (text) => found.push(text));
  parser.end((text) => found.push(text));
  return found;
}

/** The same events in whatever reads the stream comes. */
function sse(bytes: Buffer): void {
  same(parsed(new SseParser(), [bytes]), parsed(new SseParser(), reads(bytes, bytes.length)), 'events of one read and of many');
}

function jsonLines(bytes: Buffer): void {
  same(parsed(new JsonLinesParser(), [bytes]), parsed(new JsonLinesParser(), reads(bytes, bytes.length)), 'lines of one read and of many');
}

function hidden(pieces: Buffer[]): Buffer {
  const hider = new UsageHider();
  const sent: Buffer[] = [];
  const push = (read: BodyRead) => {
    const out = hider.push(read);
    if (out !== null) sent.push(out);
  };
  for (const piece of pieces) push({ bytes: piece, payload: null, whole: false, done: false, trailers: null });
  push({ bytes: Buffer.alloc(0), payload: null, whole: true, done: true, trailers: null });
  const raw = Buffer.concat(sent);
  const payload: number[] = [];
  const after = new ChunkedDecoder().feed(raw, 0, payload);
  if (after !== raw.length) throw new Error(`its chunks end at ${after} of ${raw.length} bytes`);
  const runs: Buffer[] = [];
  for (let n = 0; n < payload.length; n += 2) runs.push(raw.subarray(payload[n], payload[n + 1]));
  return Buffer.concat(runs);
}

/** Without a word of usage, every byte passes; with one, it passes the same in whatever reads it comes. */
function usageHider(bytes: Buffer): void {
  const one = hidden([bytes]);
  const many = hidden(reads(bytes, bytes.length));
  if (!one.equals(many)) throw new Error(`${JSON.stringify(one.toString('latin1').slice(0, 300))} in one read, ${JSON.stringify(many.toString('latin1').slice(0, 300))} in many`);
  if (!bytes.includes('"usage"') && !one.equals(bytes)) throw new Error('bytes were changed that do not speak of usage');
}

export const streams = { sse, jsonLines, usageHider };

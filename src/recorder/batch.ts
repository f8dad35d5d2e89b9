/**
 * Gathers what goes to the recorder's thread at once: messages, and beside them all bytes in one buffer and all reads in
 * one array, both of which change hands without a copy. An object for each token would cost more than its way through.
 */
import { READ_COLUMNS, type ByteRange, type RecorderBatch, type ToRecorder } from './messages.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';

const LEAST_BYTES: Bytes = 4 * 1024;
const LEAST_READS = 32;
/** What a message takes while it waits, about: strings of a request's head, and the objects that hold them. */
const MESSAGE_BYTES: Bytes = 512;

/** Memory that a batch holds until it is taken. */
export function heldBytes({ messages, reads, bytes }: RecorderBatch): Bytes {
  return bytes.buffer.byteLength + reads.buffer.byteLength + messages.length * MESSAGE_BYTES;
}

/** A buffer of its own, which can change hands; not filled with zeros, which for a long prompt takes as long as its copy. */
function bytesOf(length: Bytes): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

export class BatchBuilder {
  #messages: ToRecorder[] = [];
  #bytes = bytesOf(LEAST_BYTES);
  #size: Bytes = 0;
  #reads = new Float64Array(LEAST_READS * READ_COLUMNS);
  #readCount = 0;
  /** The run of reads that the next one goes on; null after another message. */
  #run: Extract<ToRecorder, { type: 'reads' }> | null = null;

  /** Bytes put so far. */
  get size(): Bytes {
    return this.#size;
  }

  add(message: ToRecorder): void {
    this.#messages.push(message);
    this.#run = null;
  }

  /** Copies bytes that a message speaks of. */
  put(bytes: Uint8Array): ByteRange {
    const start = this.#size;
    const end = start + bytes.length;
    if (end > this.#bytes.length) {
      const grown = bytesOf(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, start);
    this.#size = end;
    return { start, end };
  }

  /** Adds a read of a call's answer. */
  read(call: number, at: Milliseconds, bytes: Uint8Array): void {
    if (this.#run === null) {
      this.#run = { type: 'reads', first: this.#readCount, count: 0, start: this.#size };
      this.#messages.push(this.#run);
    }
    this.put(bytes);
    const place = this.#readCount * READ_COLUMNS;
    if (place === this.#reads.length) {
      const grown = new Float64Array(place * 2);
      grown.set(this.#reads);
      this.#reads = grown;
    }
    this.#reads[place] = call;
    this.#reads[place + 1] = at;
    this.#reads[place + 2] = bytes.length;
    this.#readCount++;
    this.#run.count++;
  }

  /** What was gathered, for good; null for nothing. */
  take(): RecorderBatch | null {
    if (this.#messages.length === 0) return null;
    const batch = { messages: this.#messages, reads: this.#reads.subarray(0, this.#readCount * READ_COLUMNS), bytes: this.#bytes.subarray(0, this.#size) };
    // The next batch is about as large as this one, unless one body made it so.
    this.#bytes = bytesOf(Math.min(64 * LEAST_BYTES, Math.max(LEAST_BYTES, this.#size)));
    this.#reads = new Float64Array(Math.max(LEAST_READS, this.#readCount) * READ_COLUMNS);
    this.#messages = [];
    this.#size = 0;
    this.#readCount = 0;
    this.#run = null;
    return batch;
  }
}

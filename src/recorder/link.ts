/**
 * The serving thread's end of the line to the recorder. Nothing here may take time: messages are gathered, and
 * posted when a call has ended or a few milliseconds have passed.
 */
import type { Worker } from 'node:worker_threads';
import type { CallBytes, ToRecorder } from './messages.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';

const POST_EVERY_MS: Milliseconds = 20;
const POST_AT_BYTES: Bytes = 256 * 1024;

/** Reads of one call that have not been posted yet. */
interface PendingReads {
  at: Milliseconds[];
  parts: Buffer[];
  bytes: Bytes;
}

export class RecorderLink {
  readonly #post: (batch: ToRecorder[], transfer: ArrayBuffer[]) => void;
  #batch: ToRecorder[] = [];
  readonly #reads = new Map<number, PendingReads>();
  #pendingBytes: Bytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #immediate = false;

  constructor(post: (batch: ToRecorder[], transfer: ArrayBuffer[]) => void) {
    this.#post = post;
  }

  static to(worker: Worker): RecorderLink {
    return new RecorderLink((batch, transfer) => worker.postMessage(batch, transfer));
  }

  /** Queues a message; a call's end is posted as soon as the serving thread has nothing better to do. */
  send(message: ToRecorder): void {
    if (message.type === 'ended') this.#flushReads(message.call);
    this.#batch.push(message);
    if (message.type === 'begun' && message.body !== null) this.#pendingBytes += message.body.length;
    this.#schedule(message.type === 'ended');
  }

  /** Notes one read of a call's answer. `bytes` must not change afterwards. */
  read(call: number, at: Milliseconds, bytes: Buffer): void {
    let pending = this.#reads.get(call);
    if (pending === undefined) this.#reads.set(call, (pending = { at: [], parts: [], bytes: 0 }));
    pending.at.push(at);
    pending.parts.push(bytes);
    pending.bytes += bytes.length;
    this.#pendingBytes += bytes.length;
    this.#schedule(false);
  }

  /** Posts everything now. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const call of [...this.#reads.keys()]) this.#flushReads(call);
    this.#pendingBytes = 0;
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#post(
      batch,
      batch.flatMap((message) => {
        const bytes = message.type === 'bytes' ? message.data : message.type === 'begun' ? message.body : null;
        return bytes === null ? [] : [bytes.buffer as ArrayBuffer];
      }),
    );
  }

  #schedule(soon: boolean): void {
    if (soon || this.#pendingBytes > POST_AT_BYTES) {
      if (this.#immediate) return;
      this.#immediate = true;
      setImmediate(() => {
        this.#immediate = false;
        this.flush();
      });
    } else this.#timer ??= setTimeout(() => this.flush(), POST_EVERY_MS);
  }

  #flushReads(call: number): void {
    const pending = this.#reads.get(call);
    if (pending === undefined) return;
    this.#reads.delete(call);
    // A buffer of its own, not of Node's pool, so that it can change hands without a copy.
    const data = new Uint8Array(pending.bytes);
    const ends: number[] = [];
    let at = 0;
    for (const part of pending.parts) {
      data.set(part, at);
      at += part.length;
      ends.push(at);
    }
    const message: CallBytes = { type: 'bytes', call, at: pending.at, ends, data };
    this.#batch.push(message);
  }
}

/**
 * The serving thread's end of the line to the recorder. Nothing here may take time: messages are gathered and
 * posted now and then, and sooner when a call has ended; not at once, because the program that just got its
 * answer is to have the processor first.
 */
import { monotonicMs } from '../profiler/clock.ts';
import type { CallBegun, CallEnded, OtlpArrived, RecorderBatch, ToRecorder } from './messages.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';

const POST_EVERY_MS: Milliseconds = 40;
/** As long as a call that has ended may be lost if the profiler is killed. */
const POST_ENDED_WITHIN_MS: Milliseconds = 5;
const POST_AT_BYTES: Bytes = 256 * 1024;

/** Reads of one call that have not been posted yet. */
interface PendingReads {
  call: number;
  at: Milliseconds[];
  parts: Buffer[];
  bytes: Bytes;
}

interface Pending {
  message: ToRecorder;
  /** What goes into the batch's bytes for it. */
  parts: Buffer[];
}

export class RecorderLink {
  readonly #post: (batch: RecorderBatch) => void;
  #pending: Pending[] = [];
  readonly #reads = new Map<number, PendingReads>();
  #pendingBytes: Bytes = 0;
  #timer: NodeJS.Timeout | null = null;
  /** When the timer is due at the latest. */
  #dueAt: Milliseconds = Infinity;
  #immediate = false;

  /** @param post must transfer the batch's bytes, or use them up at once */
  constructor(post: (batch: RecorderBatch) => void) {
    this.#post = post;
  }

  /** Queues a message. */
  send(message: Exclude<ToRecorder, CallBegun | CallEnded | OtlpArrived>): void {
    this.#pending.push({ message, parts: [] });
    this.#schedule(POST_EVERY_MS);
  }

  /** Queues a call's end, behind what is still gathered of its answer. */
  ended(message: CallEnded): void {
    this.#takeReads(message.call);
    this.#pending.push({ message, parts: [] });
    this.#schedule(POST_ENDED_WITHIN_MS);
  }

  /** Queues a call's beginning. `body` must not change afterwards. */
  begun(message: Omit<CallBegun, 'body'>, body: Buffer | null): void {
    const range = body === null ? null : { start: this.#pendingBytes, end: this.#pendingBytes + body.length };
    this.#pending.push({ message: { ...message, body: range }, parts: body === null ? [] : [body] });
    this.#pendingBytes += body?.length ?? 0;
    this.#schedule(POST_EVERY_MS);
  }

  /** Queues an export of the program's own tracing. `body` must not change afterwards. */
  otlp(message: Omit<OtlpArrived, 'type' | 'body'>, body: Buffer): void {
    this.#pending.push({ message: { type: 'otlp', ...message, body: { start: this.#pendingBytes, end: this.#pendingBytes + body.length } }, parts: [body] });
    this.#pendingBytes += body.length;
    this.#schedule(POST_EVERY_MS);
  }

  /** Notes one read of a call's answer. `bytes` must not change afterwards. */
  read(call: number, at: Milliseconds, bytes: Buffer): void {
    let pending = this.#reads.get(call);
    if (pending === undefined) this.#reads.set(call, (pending = { call, at: [], parts: [], bytes: 0 }));
    pending.at.push(at);
    pending.parts.push(bytes);
    pending.bytes += bytes.length;
    if (pending.bytes > POST_AT_BYTES) this.#takeReads(call);
    this.#schedule(POST_EVERY_MS);
  }

  /** Posts everything now. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#dueAt = Infinity;
    for (const call of [...this.#reads.keys()]) this.#takeReads(call);
    if (this.#pending.length === 0) return;
    // A buffer of its own, not of Node's pool, so that it can change hands.
    const bytes = new Uint8Array(this.#pendingBytes);
    let at = 0;
    for (const { parts } of this.#pending) {
      for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
      }
    }
    const messages = this.#pending.map(({ message }) => message);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#post({ messages, bytes });
  }

  #schedule(within: Milliseconds): void {
    if (this.#pendingBytes > POST_AT_BYTES) {
      if (this.#immediate) return;
      this.#immediate = true;
      setImmediate(() => {
        this.#immediate = false;
        this.flush();
      });
      return;
    }
    // Nothing is ever due later than the longest wait: each read comes through here.
    if (this.#timer !== null && within === POST_EVERY_MS) return;
    const dueAt = monotonicMs() + within;
    if (dueAt >= this.#dueAt) return;
    this.#dueAt = dueAt;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), within);
  }

  #takeReads(call: number): void {
    const reads = this.#reads.get(call);
    if (reads === undefined) return;
    this.#reads.delete(call);
    const start = this.#pendingBytes;
    this.#pendingBytes += reads.bytes;
    const data = { start, end: this.#pendingBytes };
    this.#pending.push({ message: { type: 'bytes', call, at: reads.at, lengths: reads.parts.map(({ length }) => length), data }, parts: reads.parts });
  }
}

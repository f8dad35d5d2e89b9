/**
 * The serving thread's end of the line to the recorder. Nothing here may take time: messages are gathered and
 * posted now and then, and sooner when a call has ended; not at once, because the program that just got its
 * answer is to have the processor first. What waits for a recorder that does not keep up is bounded: beyond that,
 * bodies are left out, counted, and told of; calls, their times and their totals are not.
 */
import { monotonicMs } from '../profiler/clock.ts';
import { BatchBuilder, heldBytes } from './batch.ts';
import type { CallBegun, CallEnded, OtlpArrived, RecorderBatch, ToRecorder } from './messages.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';

const POST_EVERY_MS: Milliseconds = 40;
/** As long as a call that has ended may be lost if the profiler is killed. */
const POST_ENDED_WITHIN_MS: Milliseconds = 5;
const POST_AT_BYTES: Bytes = 256 * 1024;
/** Bodies that the recorder has not taken yet. */
const MAX_UNTAKEN_BYTES: Bytes = 48 * 1024 * 1024;

export class RecorderLink {
  readonly #post: (batch: RecorderBatch) => void;
  readonly #batch = new BatchBuilder();
  #untaken: Bytes = 0;
  /** Calls whose answers are not read any further. */
  readonly #unread = new Set<number>();
  #droppedBodies = 0;
  #droppedBytes: Bytes = 0;
  #droppedUntold = false;
  /** Neither is cleared when it has become needless: that costs more than to look and find nothing. */
  #timer: NodeJS.Timeout | null = null;
  #endedTimer: NodeJS.Timeout | null = null;
  #immediate = false;

  /** @param post must transfer the batch's buffers, or use them up at once; `taken` is to be called when the recorder is done with it */
  constructor(post: (batch: RecorderBatch) => void) {
    this.#post = post;
  }

  /** Queues a message. */
  send(message: Exclude<ToRecorder, CallBegun | CallEnded | OtlpArrived>): void {
    this.#batch.add(message);
    this.#schedule();
  }

  /** Queues a call's end. */
  ended(message: CallEnded): void {
    this.#unread.delete(message.call);
    this.#batch.add(message);
    this.#endedTimer ??= setTimeout(() => {
      this.#endedTimer = null;
      this.flush();
    }, POST_ENDED_WITHIN_MS);
  }

  /** Queues a call's beginning. */
  begun(message: Omit<CallBegun, 'body'>, body: Buffer | null): void {
    const taken = body !== null && this.#hasRoom(body.length) ? body : null;
    if (body !== null && taken === null) this.#drop(body.length, true);
    this.#batch.add({ ...message, body: taken === null ? null : this.#batch.put(taken) });
    this.#schedule();
  }

  /** Queues an export of the program's own tracing. */
  otlp(message: Omit<OtlpArrived, 'type' | 'body'>, body: Buffer): void {
    this.#batch.add({ type: 'otlp', ...message, body: this.#batch.put(body) });
    this.#schedule();
  }

  /** Notes one read of a call's answer. */
  read(call: number, at: Milliseconds, bytes: Buffer): void {
    if (this.#unread.size > 0 && this.#unread.has(call)) this.#drop(bytes.length, false);
    else if (this.#hasRoom(bytes.length)) this.#batch.read(call, at, bytes);
    else {
      this.#unread.add(call);
      this.#drop(bytes.length, true);
      this.#batch.add({ type: 'unread', call });
    }
    this.#schedule();
  }

  /** The recorder is done with batches that held so many bytes. */
  taken(bytes: Bytes): void {
    this.#untaken -= bytes;
    if (this.#droppedUntold && this.#untaken < MAX_UNTAKEN_BYTES / 2) this.tellOfDropped();
  }

  /** Says what had to be left out, if that has not been said. */
  tellOfDropped(): void {
    if (!this.#droppedUntold) return;
    this.#droppedUntold = false;
    const bodies = `${this.#droppedBodies} ${this.#droppedBodies === 1 ? 'prompt or answer' : 'prompts and answers'}`;
    this.send({
      type: 'warning',
      at: monotonicMs(),
      code: 'recorderBehind',
      message: `The recording is incomplete: the recorder could not keep up, and ${bodies} (${(this.#droppedBytes / 1e6).toFixed(1)} MB) were left out, with what they say of tokens. The calls and their times are there.`,
    });
  }

  /** Posts everything now. */
  flush(): void {
    const batch = this.#batch.take();
    if (batch === null) return;
    this.#untaken += heldBytes(batch);
    this.#post(batch);
  }

  #hasRoom(bytes: Bytes): boolean {
    return this.#untaken + this.#batch.size + bytes <= MAX_UNTAKEN_BYTES;
  }

  #drop(bytes: Bytes, isFirst: boolean): void {
    if (isFirst) this.#droppedBodies++;
    this.#droppedBytes += bytes;
    this.#droppedUntold = true;
  }

  #schedule(): void {
    if (this.#batch.size > POST_AT_BYTES) {
      if (this.#immediate) return;
      this.#immediate = true;
      setImmediate(() => {
        this.#immediate = false;
        this.flush();
      });
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.flush();
    }, POST_EVERY_MS);
  }
}

/**
 * Appends lines to a recording file in batches, off the callers' way. A disk that is full or stalls costs
 * recorded detail, never the agent: what waits is bounded, and thinned from the least to the most important.
 */
import { formatCount } from '../profile/formatCount.ts';
import { formatBytes } from '../profile/formatValue.ts';
import { withChecksum } from '../profile/lineChecksum.ts';
import type { RecordingLine } from '../profile/recordingFormat.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import { crc32 } from './crc32.ts';
import type { RecordingSink } from './recordingSink.ts';
import { DROPPED_FIRST, fitting, LostLines, thinned, withoutText, type Waiting } from './thinLines.ts';

/** A call's end is written at once, unless calls end faster than this. */
const FLUSH_AFTER_MS: Milliseconds = 20;
/** Who follows the recording is told at once that it has grown, and then this often: a fourth of the time in which a live view is to have what is new. */
export const GREW_EVERY_MS: Milliseconds = 25;
const RETRY_AFTER_MS: Milliseconds = 500;
const BATCH_BYTES: Bytes = 1024 * 1024;
export const MAX_WAITING_BYTES: Bytes = 64 * 1024 * 1024;
/** Of the room that is held for the end: what the warning about what did not fit may take. */
const WARNING_BYTES: Bytes = 1024;

export interface WriterListener {
  /** The file has grown to so many bytes, all of it whole lines. */
  onGrew(bytes: Bytes): void;
  /** Something was or may be lost; said again only when it has changed for the worse or is over. */
  onLoss(code: string, message: string): void;
}

export class RecordingWriter {
  readonly #sink: RecordingSink;
  readonly #mostBytes: Bytes;
  readonly #listener: WriterListener;
  #queue: Waiting[] = [];
  #queuedBytes: Bytes = 0;
  /** Being written: `#batch` from `#batchAt` on, which holds these lines. */
  #batch: Buffer | null = null;
  #batchLines: Waiting[] = [];
  #batchAt = 0;
  #bytes: Bytes = 0;
  #writing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #failure: string | null = null;
  readonly #lost = new LostLines();
  /** How much of what was lost has been told. */
  #toldOf = 0;
  /** Calls and answers whose texts were not kept because the recording is as long as it may be. */
  #withoutTexts = 0;
  #closing = false;
  #flushedAt: Milliseconds = -Infinity;

  /** @param mostBytes at which texts are no longer written; figures go on */
  constructor(sink: RecordingSink, listener: WriterListener, mostBytes: Bytes = Infinity) {
    this.#sink = sink;
    this.#listener = listener;
    this.#mostBytes = mostBytes;
  }

  append(line: RecordingLine): void {
    const text = JSON.stringify(this.#bytes + (this.#batch?.length ?? 0) + this.#queuedBytes < this.#mostBytes ? line : this.#withoutText(line));
    this.#queue.push({ type: line.type, text });
    this.#queuedBytes += text.length;
    if (this.#queuedBytes > MAX_WAITING_BYTES) this.#thin();
    if (this.#failure !== null) return;
    const urgent = line.type === 'callEnd' || line.type === 'header' || line.type === 'end';
    if (urgent && performance.now() - this.#flushedAt > FLUSH_AFTER_MS) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_AFTER_MS);
  }

  /** Writes what waits, as far as it can be written, and closes the file. */
  async close(): Promise<Bytes> {
    if (this.#withoutTexts > 0) this.#listener.onLoss('recordingFull', `The recording has reached ${formatBytes(this.#mostBytes)}: the texts of ${formatCount(this.#withoutTexts, 'later line')} were not kept. All figures were.`);
    this.#closing = true;
    for (;;) {
      if (this.#writing !== null) await this.#writing;
      if (this.#batch === null && this.#queue.length === 0) break;
      if (this.#failure !== null) {
        // There may be room again since the last try.
        await this.#write();
        if (this.#failure === null) continue;
        if (await this.#writeLast()) break;
        this.#thinQueue();
        await this.#write();
        if (this.#failure !== null) break;
      } else this.#flush();
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#batch !== null && this.#failure !== null) {
      this.#lost.drop(this.#queue);
      this.#listener.onLoss('recordingIncomplete', `The recording is incomplete: ${this.#lost.words()} could not be written (${this.#failure}).`);
    }
    await this.#finish();
    await this.#sink.close();
    return this.#bytes;
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#writing !== null) return;
    this.#flushedAt = performance.now();
    this.#writing = this.#write().then(() => {
      this.#writing = null;
      if (this.#failure !== null) {
        if (!this.#closing) this.#timer ??= setTimeout(() => this.#flush(), RETRY_AFTER_MS);
      } else if (this.#queue.length > 0) this.#timer ??= setTimeout(() => this.#flush(), FLUSH_AFTER_MS);
    });
  }

  /** Writes one batch; a failure leaves the rest of it for the next try. */
  async #write(): Promise<void> {
    if (this.#batch === null) {
      let count = 0;
      let bytes = 0;
      while (count < this.#queue.length && (count === 0 || bytes < BATCH_BYTES)) bytes += this.#queue[count++]!.text.length;
      const taken = this.#queue.splice(0, count);
      this.#queuedBytes -= bytes;
      this.#batch = await this.#sink.encode(written(taken));
      this.#batchLines = taken;
      this.#batchAt = 0;
    }
    try {
      while (this.#batchAt < this.#batch.length) {
        const { bytesWritten } = await this.#sink.write(this.#batch, this.#batchAt, this.#batch.length - this.#batchAt);
        this.#batchAt += bytesWritten;
      }
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#bytes += this.#batch.length;
    this.#batch = null;
    this.#batchLines = [];
    this.#listener.onGrew(this.#bytes);
    const why = this.#failure ?? 'the disk did not keep up';
    this.#failure = null;
    this.#tellOfLoss(why);
  }

  /**
   * Writes the lines that wait into the room that is held for them, as far as they fit.
   * @returns false where none is held, or it cannot be written either
   */
  async #writeLast(): Promise<boolean> {
    const room = (await this.#sink.lastBytes()) - WARNING_BYTES;
    const queue = this.#queue;
    if (room <= 0 || (this.#batch === null && queue.length === 0)) return false;
    if (await this.#sink.takeBack()) this.#batchAt = 0;
    const lines = fitting([...this.#batchLines, ...queue], room, this.#lost);
    this.#setQueue([]);
    if (this.#lost.count > this.#toldOf) this.#listener.onLoss('recordingIncomplete', `The recording is incomplete: ${this.#lost.words()} found no room (${this.#failure}).`);
    try {
      this.#bytes += await this.#sink.writeLast(Buffer.from(written([...lines, ...this.#queue])));
    } catch {
      // Told below as what could not be written.
      this.#setQueue(queue);
      return false;
    }
    this.#batch = null;
    this.#setQueue([]);
    this.#listener.onGrew(this.#bytes);
    return true;
  }

  /** The end of what is compressed; readers do without it. */
  async #finish(): Promise<void> {
    if (this.#batch !== null || this.#failure !== null) return;
    const end = await this.#sink.finish();
    try {
      for (let at = 0; at < end.length; ) at += (await this.#sink.write(end, at, end.length - at)).bytesWritten;
      this.#bytes += end.length;
    } catch {
      // Every line is there already.
    }
  }

  #withoutText(line: RecordingLine): RecordingLine {
    if (line.type !== 'call' && line.type !== 'callEnd') return line;
    if (this.#withoutTexts++ === 0) this.#listener.onLoss('recordingFull', `The recording has reached ${formatBytes(this.#mostBytes)}: prompts and answers are no longer kept, all figures are.`);
    return withoutText(line);
  }

  #failed(error: unknown): void {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const why = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG' ? 'the disk is full' : code === 'EROFS' ? 'the disk is read-only' : error instanceof Error ? error.message : String(error);
    if (this.#failure === null) this.#listener.onLoss('recordingStalled', `The recording cannot be written: ${why}. The program runs on; make room, or what it does from here on is lost.`);
    this.#failure = why;
  }

  /** Says what was lost since that was last said, once no more is about to be. */
  #tellOfLoss(why: string): void {
    const lost = this.#lost.count;
    if (lost === this.#toldOf || this.#queuedBytes > MAX_WAITING_BYTES / 2) return;
    this.#toldOf = lost;
    this.#listener.onLoss('recordingIncomplete', `The recording is incomplete: while ${why}, ${this.#lost.words()} was lost.`);
  }

  /** Makes room: texts and chunk times first, calls and their totals last. */
  #thin(): void {
    this.#thinQueue();
    for (const type of DROPPED_FIRST) {
      if (this.#queuedBytes <= MAX_WAITING_BYTES / 2) return;
      this.#lost.drop(this.#queue.filter((waiting) => waiting.type === type));
      this.#setQueue(this.#queue.filter((waiting) => waiting.type !== type));
    }
    while (this.#queuedBytes > MAX_WAITING_BYTES) {
      const first = this.#queue.shift()!;
      this.#queuedBytes -= first.text.length;
      this.#lost.drop([first]);
    }
  }

  #thinQueue(): void {
    this.#setQueue(
      this.#queue.map((waiting) => {
        const thin = thinned(waiting);
        if (thin.text.length < waiting.text.length) this.#lost.thin(1);
        return thin;
      }),
    );
  }

  #setQueue(queue: Waiting[]): void {
    this.#queue = queue;
    this.#queuedBytes = queue.reduce((sum, { text }) => sum + text.length, 0);
  }
}

/** Lines as they stand in the file. */
function written(lines: readonly Waiting[]): string {
  return lines.map(({ text }) => `${withChecksum(text, crc32)}\n`).join('');
}

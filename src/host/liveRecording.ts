/** Follows a recording while it is being written, and analyses it as often as that is worth the time. */
import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { analyze } from '../analysis/analyze.ts';
import type { Accounting } from '../profile/accounting.ts';
import { RecordingReader } from '../profile/readRecording.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { TimelineDocument } from '../protocol/webview.ts';

/** Four documents a second look live; more would take time from the editor. */
const SHORTEST_PAUSE_MS: Milliseconds = 250;
/** Analysis of a long run may take this share of the extension host's time, and no more. */
const LARGEST_SHARE = 0.2;
/** While nothing new is recorded, running spans still grow. */
const GROWTH_PERIOD_MS: Milliseconds = 1000;
const PIECE_BYTES = 1 << 20;

export interface LiveRecordingEvents {
  onDocument(document: TimelineDocument): void;
  /** The recording cannot be read any further; said once. */
  onError(error: unknown): void;
}

export class LiveRecording {
  private readonly file: string;
  private readonly events: LiveRecordingEvents;
  private readonly accounting: () => Accounting;
  private readonly reader = new RecordingReader();
  private readonly decoder = new StringDecoder('utf8');
  private offset = 0;
  /** Reads follow one another: two at once would hand over pieces in the wrong order. */
  private reading: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | null = null;
  private timerDue = Infinity;
  private lastAnalysisMs: Milliseconds = 0;
  private lastAnalysisEnd = 0;
  private state: 'live' | 'finished' | 'failed' = 'live';

  /** @param accounting how energy is charged now */
  constructor(file: string, events: LiveRecordingEvents, accounting: () => Accounting) {
    this.file = file;
    this.events = events;
    this.accounting = accounting;
  }

  /** The profiler says that the file holds this many bytes of whole lines. */
  grew(bytes: number): void {
    if (this.state !== 'live' || bytes <= this.offset) return;
    this.reading = this.reading.then(() => this.read(bytes));
    void this.reading.then(() => this.schedule(this.nextAnalysisIn()));
  }

  /**
   * Reads to the end of the file and analyses it a last time, now as a finished run.
   * @throws RecordingError, or the error of reading the file
   */
  async finish(): Promise<TimelineDocument> {
    await this.reading;
    this.state = this.state === 'live' ? 'finished' : this.state;
    this.stopTimer();
    await this.readTo(Infinity);
    this.reader.push(this.decoder.end());
    this.reader.finish();
    return analyze(this.reader.profile, { accounting: this.accounting() });
  }

  /** Lets go without a last look, as when the editor closes. */
  dispose(): void {
    this.state = 'finished';
    this.stopTimer();
  }

  private async read(bytes: number): Promise<void> {
    if (this.state !== 'live') return;
    try {
      await this.readTo(bytes);
    } catch (error) {
      this.fail(error);
    }
  }

  private async readTo(bytes: number): Promise<void> {
    const handle = await open(this.file, 'r');
    try {
      const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(PIECE_BYTES, bytes - this.offset)));
      while (this.offset < bytes) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, bytes - this.offset), this.offset);
        if (bytesRead === 0) return;
        this.offset += bytesRead;
        this.reader.push(this.decoder.write(buffer.subarray(0, bytesRead)));
      }
    } finally {
      await handle.close();
    }
  }

  private nextAnalysisIn(): Milliseconds {
    const pause = Math.max(SHORTEST_PAUSE_MS, this.lastAnalysisMs / LARGEST_SHARE);
    return Math.max(0, this.lastAnalysisEnd + pause - performance.now());
  }

  private schedule(delay: Milliseconds): void {
    if (this.state !== 'live') return;
    const due = performance.now() + delay;
    if (this.timer !== null && this.timerDue <= due) return;
    this.stopTimer();
    this.timerDue = due;
    this.timer = setTimeout(() => this.analyzeNow(), delay);
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.timerDue = Infinity;
  }

  private analyzeNow(): void {
    this.stopTimer();
    if (this.state !== 'live' || !this.reader.started) return;
    const begun = performance.now();
    let document: TimelineDocument;
    try {
      const { profile } = this.reader;
      document = analyze(profile, { live: true, accounting: this.accounting(), nowMs: Math.max(profile.lastT, Date.now() - Date.parse(profile.header.startedAt)) });
    } catch (error) {
      this.fail(error);
      return;
    }
    this.lastAnalysisEnd = performance.now();
    this.lastAnalysisMs = this.lastAnalysisEnd - begun;
    this.events.onDocument(document);
    this.schedule(Math.max(GROWTH_PERIOD_MS, this.nextAnalysisIn()));
  }

  private fail(error: unknown): void {
    this.state = 'failed';
    this.stopTimer();
    this.events.onError(error);
  }
}

/** Follows a recording while it is being written, and has it analysed as often as that is worth the time. */
import * as l10n from '@vscode/l10n';
import type { Accounting } from '../profile/accounting.ts';
import type { ReportSpan } from '../profile/report.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { TimelineDocument } from '../protocol/webview.ts';
import { FileTail } from '../recorder/recordingTail.ts';
import { LivePreview } from './livePreview.ts';
import { RecordingAnalysis } from './recordingAnalysis.ts';
import { LONG_RECORDING_BYTES } from '../profile/recordingSize.ts';

/** What is recorded should be seen within a tenth of a second, as long as the run is short enough for that. */
const SHORTEST_PAUSE_MS: Milliseconds = 80;
/** An analysis of a long run takes seconds; calls and tools are shown ahead of it as they are recorded: at once, and then once a frame. */
const PREVIEW_MS: Milliseconds = 16;
/** Analysis of a long run may take this share of a processor's time, and no more. */
const LARGEST_SHARE = 0.5;
/** Of the editor's own thread, in which whatever is shown meanwhile has to wait for a document to be taken in. */
const LARGEST_HOST_SHARE = 0.03;
/** While nothing new is recorded, running spans still grow. */
const GROWTH_PERIOD_MS: Milliseconds = 1000;

export interface LiveRecordingEvents {
  onDocument(document: TimelineDocument): void;
  /** Model calls and tools that have begun or ended, ahead of the document that will have them. */
  onPreview(spans: ReportSpan[]): void;
  /** The recording cannot be read any further; said once. */
  onError(error: unknown): void;
}

export class LiveRecording {
  private readonly events: LiveRecordingEvents;
  private readonly accounting: () => Accounting;
  private readonly keptIn: string | null;
  private readonly analysis: RecordingAnalysis;
  /** As far as the file holds whole lines. */
  private bytes = 0;
  private analysing = false;
  private readonly preview = new LivePreview();
  private readonly previewTail: FileTail;
  private previewTimer: NodeJS.Timeout | null = null;
  private previewing = false;
  private previewedAt = -Infinity;
  private timer: NodeJS.Timeout | null = null;
  private timerDue = Infinity;
  /** How long the next analysis has to wait because of what the last one took. */
  private pauseMs: Milliseconds = SHORTEST_PAUSE_MS;
  private lastAnalysisEnd = 0;
  private state: 'live' | 'finished' | 'failed' = 'live';

  /**
   * @param threadFile `dist/analysis.cjs`
   * @param accounting how energy is charged now
   * @param keptIn the folder in which the run's document is kept for a next time; null: it is not
   */
  constructor(threadFile: string, file: string, events: LiveRecordingEvents, accounting: () => Accounting, keptIn: string | null = null) {
    this.events = events;
    this.accounting = accounting;
    this.keptIn = keptIn;
    this.analysis = new RecordingAnalysis(threadFile, file);
    this.previewTail = new FileTail(file, { onText: (text) => this.preview.push(text), onLost: () => this.preview.lose() });
  }

  /** The profiler says that the file holds this many bytes of whole lines. */
  grew(bytes: number): void {
    if (this.state !== 'live' || bytes <= this.bytes) return;
    this.bytes = bytes;
    this.schedule(this.nextAnalysisIn());
    this.schedulePreview();
  }

  private schedulePreview(): void {
    if (this.previewing || this.state !== 'live') return;
    this.previewTimer ??= setTimeout(() => void this.previewNow(), Math.max(0, this.previewedAt + PREVIEW_MS - performance.now()));
  }

  private async previewNow(): Promise<void> {
    const { bytes } = this;
    this.previewTimer = null;
    this.previewing = true;
    this.previewedAt = performance.now();
    try {
      await this.previewTail.readTo(bytes);
    } catch {
      // The analysis reads the same file, and says why it cannot be read; there is no preview any more.
      return;
    }
    this.previewing = false;
    if (this.state !== 'live') return;
    const spans = this.preview.take();
    if (spans.length > 0) this.events.onPreview(spans);
    if (this.bytes > bytes) this.schedulePreview();
  }

  /**
   * Reads to the end of the file and analyses it a last time, now as a finished run.
   * @throws RecordingError, or the error of reading the file
   */
  async finish(): Promise<TimelineDocument> {
    this.state = this.state === 'live' ? 'finished' : this.state;
    this.stopTimers();
    try {
      const analysed = await this.analysis.analyze({ bytes: null, liveAtMs: null, accounting: this.accounting(), keptIn: this.bytes > LONG_RECORDING_BYTES ? this.keptIn : null });
      if (analysed === null) throw new Error(l10n.t('Nothing was recorded.'));
      this.analysis.retire();
      return analysed.document;
    } catch (error) {
      this.analysis.dispose();
      throw error;
    }
  }

  /** Lets go without a last look, as when the editor closes. */
  dispose(): void {
    this.state = 'finished';
    this.stopTimers();
    this.analysis.dispose();
  }

  private nextAnalysisIn(): Milliseconds {
    return Math.max(0, this.lastAnalysisEnd + this.pauseMs - performance.now());
  }

  private schedule(delay: Milliseconds): void {
    if (this.state !== 'live' || this.analysing) return;
    const due = performance.now() + delay;
    if (this.timer !== null && this.timerDue <= due) return;
    this.stopTimer();
    this.timerDue = due;
    this.timer = setTimeout(() => void this.analyzeNow(), delay);
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.timerDue = Infinity;
  }

  private stopTimers(): void {
    this.stopTimer();
    if (this.previewTimer !== null) clearTimeout(this.previewTimer);
    this.previewTimer = null;
  }

  private async analyzeNow(): Promise<void> {
    this.stopTimer();
    this.analysing = true;
    const { bytes } = this;
    try {
      const analysed = await this.analysis.analyze({ bytes, liveAtMs: Date.now(), accounting: this.accounting() });
      if (this.state !== 'live') return;
      const arrived = performance.now();
      if (analysed !== null) this.events.onDocument(analysed.document);
      this.lastAnalysisEnd = performance.now();
      const hostMs = (analysed?.takenInMs ?? 0) + this.lastAnalysisEnd - arrived;
      const pauseAfter = (tookMs: Milliseconds, share: number): Milliseconds => tookMs / share - tookMs;
      this.pauseMs = Math.max(SHORTEST_PAUSE_MS, pauseAfter(analysed?.tookMs ?? 0, LARGEST_SHARE), pauseAfter(hostMs, LARGEST_HOST_SHARE));
    } catch (error) {
      this.fail(error);
      return;
    } finally {
      this.analysing = false;
    }
    this.schedule(this.bytes > bytes ? this.nextAnalysisIn() : Math.max(GROWTH_PERIOD_MS, this.nextAnalysisIn()));
  }

  private fail(error: unknown): void {
    if (this.state !== 'live') return;
    this.state = 'failed';
    this.stopTimers();
    this.events.onError(error);
  }
}

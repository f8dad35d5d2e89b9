/** Follows a recording while it is being written, and has it analysed as often as that is worth the time. */
import * as l10n from '@vscode/l10n';
import type { Accounting } from '../profile/accounting.ts';
import type { ReportSpan } from '../profile/report.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { TimelineDocument } from '../protocol/webview.ts';
import { FileTail } from '../recorder/recordingTail.ts';
import { LivePreview } from './livePreview.ts';
import { RecordingAnalysis } from './recordingAnalysis.ts';

/** What is recorded should be seen within a tenth of a second, as long as the run is short enough for that. */
const SHORTEST_PAUSE_MS: Milliseconds = 80;
/** An analysis of a long run takes seconds; calls and tools are shown ahead of it as they are recorded, this often at most. */
const PREVIEW_MS: Milliseconds = 40;
/** Analysis of a long run may take this share of a processor's time, and no more. */
const LARGEST_SHARE = 0.5;
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
  private readonly analysis: RecordingAnalysis;
  /** As far as the file holds whole lines. */
  private bytes = 0;
  private analysing = false;
  private readonly preview = new LivePreview();
  private readonly previewTail: FileTail;
  private previewTimer: NodeJS.Timeout | null = null;
  private timer: NodeJS.Timeout | null = null;
  private timerDue = Infinity;
  private lastAnalysisMs: Milliseconds = 0;
  private lastAnalysisEnd = 0;
  private state: 'live' | 'finished' | 'failed' = 'live';

  /**
   * @param threadFile `dist/analysis.cjs`
   * @param accounting how energy is charged now
   */
  constructor(threadFile: string, file: string, events: LiveRecordingEvents, accounting: () => Accounting) {
    this.events = events;
    this.accounting = accounting;
    this.analysis = new RecordingAnalysis(threadFile, file);
    this.previewTail = new FileTail(file, { onText: (text) => this.preview.push(text), onLost: () => this.preview.lose() });
  }

  /** The profiler says that the file holds this many bytes of whole lines. */
  grew(bytes: number): void {
    if (this.state !== 'live' || bytes <= this.bytes) return;
    this.bytes = bytes;
    this.schedule(this.nextAnalysisIn());
    this.previewTimer ??= setTimeout(() => void this.previewNow(), PREVIEW_MS);
  }

  private async previewNow(): Promise<void> {
    const { bytes } = this;
    try {
      await this.previewTail.readTo(bytes);
    } catch {
      // The analysis reads the same file, and says why it cannot be read.
      return;
    }
    if (this.state !== 'live') return;
    const spans = this.preview.take();
    if (spans.length > 0) this.events.onPreview(spans);
    this.previewTimer = this.bytes > bytes ? setTimeout(() => void this.previewNow(), PREVIEW_MS) : null;
  }

  /**
   * Reads to the end of the file and analyses it a last time, now as a finished run.
   * @throws RecordingError, or the error of reading the file
   */
  async finish(): Promise<TimelineDocument> {
    this.state = this.state === 'live' ? 'finished' : this.state;
    this.stopTimer();
    try {
      const analysed = await this.analysis.analyze({ bytes: null, liveAtMs: null, accounting: this.accounting() });
      if (analysed === null) throw new Error(l10n.t('Nothing was recorded.'));
      return analysed.document;
    } finally {
      this.analysis.dispose();
    }
  }

  /** Lets go without a last look, as when the editor closes. */
  dispose(): void {
    this.state = 'finished';
    this.stopTimer();
    this.analysis.dispose();
  }

  private nextAnalysisIn(): Milliseconds {
    const pause = Math.max(SHORTEST_PAUSE_MS, this.lastAnalysisMs / LARGEST_SHARE - this.lastAnalysisMs);
    return Math.max(0, this.lastAnalysisEnd + pause - performance.now());
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

  private async analyzeNow(): Promise<void> {
    this.stopTimer();
    this.analysing = true;
    const { bytes } = this;
    try {
      const analysed = await this.analysis.analyze({ bytes, liveAtMs: Date.now(), accounting: this.accounting() });
      if (this.state !== 'live') return;
      this.lastAnalysisEnd = performance.now();
      if (analysed !== null) {
        this.lastAnalysisMs = analysed.tookMs;
        this.events.onDocument(analysed.document);
      }
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
    this.stopTimer();
    this.events.onError(error);
  }
}

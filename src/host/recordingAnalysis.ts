/** Reads and analyses a recording in a thread of its own. Knows no `vscode`. */
import { totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import * as l10n from '@vscode/l10n';
import { spoken, type Language } from '../profile/language.ts';
import { ColumnDocument } from '../analysis/columnDocument.ts';
import { applyUpdate } from '../analysis/diffDocuments.ts';
import { RecordingError } from '../profile/recordingFormat.ts';
import type { Milliseconds, Ratio } from '../profile/units.ts';
import { isPiece, type AnalysisAnswer, type AnalysisRequest, type AnalysisThreadData, type ReadAhead, type ToAnalysisThread } from '../protocol/analysisThread.ts';
import type { DocumentPart, TimelineDocument, TimelineUpdate } from '../protocol/webview.ts';
import { makerOf } from '../recorder/keptDocuments.ts';

/** Of the machine's memory that the thread may hold. By V8's own limit (4 GB at most) it cleans up again and again from a million spans on, which takes as long as the analysis. */
const HEAP_SHARE: Ratio = 0.6;

/** A document, how long the thread took for it, and how long taking it in held up this one. */
export interface Analysed {
  document: TimelineDocument;
  tookMs: Milliseconds;
  takenInMs: Milliseconds;
}

export class RecordingAnalysis {
  private readonly worker: Worker;
  private readonly threadFile: string;
  private document: TimelineDocument | null = null;
  private asked: Promise<unknown> = Promise.resolve();
  private failed: Error | null = null;
  private readonly pending = new Set<(error: Error) => void>();

  /**
   * @param threadFile `dist/analysis.cjs`
   * @param language of the report's sentences
   */
  constructor(threadFile: string, file: string, language: Language = spoken()) {
    this.threadFile = threadFile;
    // Not the editor's own options, which may be for a debugger.
    this.worker = new Worker(threadFile, { workerData: { file, language } satisfies AnalysisThreadData, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: (totalmem() * HEAP_SHARE) / 2 ** 20 } });
    this.worker.unref();
    this.worker.on('error', (error) => this.end(error));
    this.worker.once('exit', (code) => this.end(new Error(l10n.t`the analysis ended early (exit code ${code})`)));
  }

  /**
   * Reads on and analyses. One request after the other.
   * @param onRead told meanwhile what has been read
   * @returns null when there is nothing to be analysed yet
   * @throws RecordingError, or the error of reading the file
   */
  analyze(request: Question, onRead: OnRead | null = null): Promise<Analysed | null> {
    const update: ReceivedUpdate = { spans: [], gpu: [] };
    return this.inTurn<Analysed>({ ...request, columns: false }, onRead, (answer, takenInMs) => {
      if (answer.type !== 'done') {
        takeIn(update, answer);
        return null;
      }
      const begun = performance.now();
      const { report, removed, gpuFrom, tookMs } = answer;
      this.document = this.document === null ? firstDocument(report, update) : applyUpdate(this.document, { report, removed, gpuFrom, ...update });
      return { document: this.document, tookMs, takenInMs: takenInMs + performance.now() - begun };
    });
  }

  /**
   * Reads all that there is and analyses it. Its spans stay in columns, which reach a timeline as they are.
   * @param onRead told meanwhile what has been read
   * @returns null when there is nothing to be analysed yet
   * @throws RecordingError, or the error of reading the file
   */
  analyzeWhole(request: Question, onRead: OnRead | null = null): Promise<ColumnDocument | null> {
    const messages: DocumentPart[] = [];
    return this.inTurn<ColumnDocument>({ ...request, columns: true }, onRead, (answer) => {
      if (answer.type === 'message') messages.push(answer.message);
      return answer.type === 'whole' ? new ColumnDocument(messages, answer.rows) : null;
    });
  }

  /** Lets go, once what is kept for a next time is written. */
  retire(): void {
    this.worker.postMessage('end' satisfies ToAnalysisThread);
  }

  dispose(): void {
    void this.worker.terminate();
  }

  private end(error: Error): void {
    this.failed ??= error;
    for (const reject of this.pending) reject(error);
  }

  private inTurn<Result>({ keptIn = null, ...request }: Question, onRead: OnRead | null, take: Take<Result>): Promise<Result | null> {
    const answer = this.asked.then(async () => {
      const kept = keptIn === null ? null : { folder: keptIn, maker: await makerOf(this.threadFile) };
      return this.ask<Result>({ ...request, kept, ahead: onRead !== null }, onRead, take);
    });
    this.asked = answer.catch(() => undefined);
    return answer;
  }

  private ask<Result>(request: AnalysisRequest, onRead: OnRead | null, take: Take<Result>): Promise<Result | null> {
    return new Promise((done, reject) => {
      if (this.failed !== null) return reject(this.failed);
      let takenInMs = 0;
      const settle = <Value>(act: (value: Value) => void, value: Value): void => {
        this.worker.off('message', receive);
        this.worker.unref();
        this.pending.delete(reject);
        act(value);
      };
      const receive = (answer: AnalysisAnswer): void => {
        const begun = performance.now();
        if (answer.type === 'reading') onRead?.(answer);
        else if (answer.type === 'nothing') settle(done, null);
        else if (answer.type === 'failed') settle(reject, answer.reason === null ? new Error(answer.message) : new RecordingError(answer.reason, answer.message));
        else {
          const result = take(answer, takenInMs);
          if (result !== null) settle(done, result);
        }
        takenInMs += performance.now() - begun;
        // The editor's own work comes between two pieces: more of them do not lie in wait than keep the thread busy.
        if (isPiece(answer)) this.worker.postMessage('more' satisfies ToAnalysisThread);
      };
      this.pending.add(reject);
      this.worker.ref();
      this.worker.on('message', receive);
      this.worker.postMessage(request satisfies ToAnalysisThread);
    });
  }
}

/** `keptIn`: the folder in which documents are kept for a next time; null or absent: none is. */
export type Question = Omit<AnalysisRequest, 'ahead' | 'kept'> & { keptIn?: string | null };

/** Told of what has been read of a recording. */
export type OnRead = (read: ReadAhead) => void;

/** Takes a piece of an answer in, `takenInMs` after those before; gives what it was asked for, once all has come. */
type Take<Result> = (answer: AnalysisAnswer, takenInMs: Milliseconds) => Result | null;

type ReceivedUpdate = Pick<TimelineUpdate, 'spans' | 'gpu'> & { parts?: NonNullable<TimelineUpdate['parts']> };

function takeIn(update: ReceivedUpdate, answer: AnalysisAnswer): void {
  if (answer.type === 'spans') for (const span of answer.spans) update.spans.push(span);
  else if (answer.type === 'gpu') for (const segment of answer.gpu) update.gpu.push(segment);
  else if (answer.type === 'part') {
    const parts = (update.parts ??= []);
    const known = parts.find(({ key }) => key === answer.part.key);
    if (known === undefined) parts.push(answer.part);
    else for (const segment of answer.part.gpu) known.gpu.push(segment);
  }
}

function firstDocument(report: TimelineUpdate['report'], { spans, gpu, parts }: ReceivedUpdate): TimelineDocument {
  return { report: { ...report, spans }, gpu, ...(parts === undefined ? {} : { parts: parts.map(({ gpuFrom: _gpuFrom, ...part }) => part) }) };
}

/**
 * Reads and analyses a whole recording.
 * @param options `onRead` is told meanwhile what has been read; the language of the report's sentences, by default the one that is spoken; when it is, where it is still written (ms since 1970); the folder in which documents are kept for a next time
 * @throws RecordingError, or the error of reading the file
 */
export async function analyzeInThread(
  threadFile: string,
  file: string,
  accounting: AnalysisRequest['accounting'],
  { onRead = null, language = spoken(), liveAtMs = null, keptIn = null }: { onRead?: OnRead | null; language?: Language; liveAtMs?: number | null; keptIn?: string | null } = {},
): Promise<ColumnDocument> {
  const analysis = new RecordingAnalysis(threadFile, file, language);
  try {
    const document = await analysis.analyzeWhole({ bytes: null, liveAtMs, accounting, keptIn }, onRead);
    if (document === null) throw new RecordingError('empty', l10n.t('The recording is empty: it ended before anything was recorded. Profile the program again.'));
    analysis.retire();
    return document;
  } catch (error) {
    analysis.dispose();
    throw RecordingError.is(error) ? new RecordingError(error.reason, `${file}: ${error.message}`) : error;
  }
}

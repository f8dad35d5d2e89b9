/** Looks up what the spans of a long recording said in a thread of its own, which is let go when nobody has asked for a while. Knows no `vscode`. */
import { Worker } from 'node:worker_threads';
import * as l10n from '@vscode/l10n';
import { spoken } from '../profile/language.ts';
import { RecordingError } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { SpanContent } from '../protocol/content.ts';
import type { AnalysisThreadData } from '../protocol/analysisThread.ts';
import type { ContentOf, ContentsAnswer, ContentsRequest } from '../protocol/contentsThread.ts';

type Question = { type: 'content'; span: ContentOf } | { type: 'chunks'; call: string };

interface Waiting {
  settle: (answer: ContentsAnswer) => void;
  reject: (error: Error) => void;
}

export class ThreadContents {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private readonly onIdle: () => void;
  private readonly idleMs: Milliseconds;
  private idleTimer: NodeJS.Timeout | null = null;
  private asked = 0;
  private failure: Error | null = null;
  private isRetired = false;

  /**
   * @param threadFile `dist/contents.cjs`
   * @param onIdle called once, when for `idleMs` nothing was asked, or the thread has ended: then its memory is given back
   */
  constructor(threadFile: string, file: string, idleMs: Milliseconds, onIdle: () => void) {
    this.idleMs = idleMs;
    this.onIdle = onIdle;
    // Not the editor's own options, which may be for a debugger.
    this.worker = new Worker(threadFile, { workerData: { file, language: spoken() } satisfies AnalysisThreadData, execArgv: [] });
    this.worker.unref();
    this.worker.on('message', (answer: ContentsAnswer) => {
      this.take(answer.number)?.settle(answer);
    });
    this.worker.on('error', (error) => this.end(error));
    this.worker.once('exit', (code) => this.end(new Error(l10n.t`the reading of prompts and answers ended early (exit code ${code})`)));
  }

  /**
   * What a span said; null where nothing is known of it.
   * @throws RecordingError, or an Error with a clear message when the file cannot be read
   */
  async contentOf(span: ContentOf): Promise<SpanContent | null> {
    const answer = await this.ask({ type: 'content', span });
    return answer.type === 'content' ? answer.content : null;
  }

  /**
   * When a call's output came; null where nothing is known of it.
   * @throws as `contentOf`
   */
  async chunkGapsOf(call: string): Promise<readonly number[] | null> {
    const answer = await this.ask({ type: 'chunks', call });
    return answer.type === 'chunks' ? answer.gaps : null;
  }

  /** Ends the thread once it has answered what it was asked. */
  retire(): void {
    this.isRetired = true;
    if (this.waiting.size === 0) this.dispose();
  }

  /** Ends the thread now: what it was asked is not answered any more. */
  dispose(): void {
    if (this.idleTimer !== null) clearTimeout(this.idleTimer);
    this.waiting.clear();
    void this.worker.terminate();
  }

  private ask(question: Question): Promise<ContentsAnswer> {
    if (this.failure !== null) return Promise.reject(this.failure);
    if (this.idleTimer !== null) clearTimeout(this.idleTimer);
    this.idleTimer = null;
    const number = this.asked++;
    return new Promise((done, reject) => {
      const settle = (answer: ContentsAnswer): void => {
        if (answer.type !== 'failed') done(answer);
        else reject(answer.reason === null ? new Error(answer.message) : new RecordingError(answer.reason, answer.message));
      };
      this.waiting.set(number, { settle, reject });
      this.worker.ref();
      this.worker.postMessage({ number, ...question } satisfies ContentsRequest);
    });
  }

  private take(number: number): Waiting | undefined {
    const waiting = this.waiting.get(number);
    this.waiting.delete(number);
    if (this.waiting.size === 0 && this.isRetired) this.dispose();
    else if (this.waiting.size === 0) {
      this.worker.unref();
      this.idleTimer ??= setTimeout(() => this.onIdle(), this.idleMs).unref();
    }
    return waiting;
  }

  private end(error: Error): void {
    if (this.failure !== null) return;
    this.failure = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
    this.onIdle();
  }
}

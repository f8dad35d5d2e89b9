/** Messages between the extension host and the thread that reads and analyses a recording. */
import type { Language } from '../profile/language.ts';
import type { Accounting } from '../profile/accounting.ts';
import type { GpuSegment, ReportSpan } from '../profile/report.ts';
import type { RecordingErrorReason } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { SpanSlice } from './spanColumns.ts';
import type { DocumentPart, ReportHead, TimelineUpdate } from './webview.ts';

/** What the thread is started with. */
export interface AnalysisThreadData {
  /** The recording. */
  file: string;
  language: Language;
}

/** Reads on and analyses what is there. */
export interface AnalysisRequest {
  /** How far to read; null: to the end of the file, after which nothing more comes. */
  bytes: number | null;
  /** Still being recorded, since then (ms since 1970, as told by the asker's clock now); null: it has ended. */
  liveAtMs: number | null;
  accounting: Accounting;
  /** Say meanwhile what has been read: `reading` answers. */
  ahead?: boolean;
  /** Answer with the whole document in columns, which is many times faster than objects: `message` and `whole`. */
  columns?: boolean;
  /** Where the document may lie from an earlier time, and is kept for a next one. Not with `liveAtMs`. */
  kept?: KeptPlace | null;
}

/** Where documents are kept. */
export interface KeptPlace {
  folder: string;
  /** What made a document that may be shown: another one's figures may differ. */
  maker: string;
}

/** `more`: a piece of an answer has been taken in. `end`: no request comes any more; what is still to be written is. */
export type ToAnalysisThread = AnalysisRequest | 'more' | 'end';

/** Numbers of the spans of each of a report's lines and functions, in their order. */
export interface SpansOfRows {
  lines: Int32Array[];
  functions: Int32Array[];
}

/** What has been read of a recording that is still being read. */
export interface ReadAhead {
  /** Of the recording, 0 to 1; null once all of it is read and being analysed. */
  share: number | null;
  /** Once, ahead of all spans: whose run it is. Its figures say nothing yet. */
  head: ReportHead | null;
  /** Calls and tools that have ended, for one reader, who has to be given all of them in their order. */
  spans: SpanSlice[];
}

/**
 * The answer to a request with `columns`: the messages that bring the document to a timeline, one by one, then `whole`. To any
 * other: what changed since the one before (at first, since nothing), in pieces, so that taking it in holds
 * the asker up for no more than some milliseconds at a time. `done` is the last.
 */
export type AnalysisAnswer =
  | ({ type: 'reading' } & ReadAhead)
  | { type: 'spans'; spans: ReportSpan[] }
  | { type: 'gpu'; gpu: GpuSegment[] }
  /** The GPU track's parts, in order; `gpu` goes on in further ones of the same key. */
  | { type: 'part'; part: NonNullable<TimelineUpdate['parts']>[number] }
  | { type: 'done'; report: TimelineUpdate['report']; removed: string[]; gpuFrom: number; tookMs: Milliseconds }
  | { type: 'message'; message: DocumentPart }
  | { type: 'whole'; rows: SpansOfRows }
  /** Nothing is there yet that could be analysed. */
  | { type: 'nothing' }
  | { type: 'failed'; reason: RecordingErrorReason | null; message: string };

/** Whether this is one of the pieces of an answer that are each to be taken in before more of them come. */
export function isPiece({ type }: AnalysisAnswer): boolean {
  return type === 'spans' || type === 'gpu' || type === 'part' || type === 'message';
}

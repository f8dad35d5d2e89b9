/** Messages between the extension host and the thread that looks up what the spans of a long recording said. */
import type { RecordingErrorReason } from '../profile/recordingFormat.ts';
import type { SpanContent } from './content.ts';

/** A span of which what it said is wanted: as `spanContent` takes it. */
export interface ContentOf {
  id: string;
  toolCallId: string | null;
  startMs: number;
}

/** `chunks`: when the output of the call with this id came. Each is answered once, under its number. */
export type ContentsRequest = { number: number } & ({ type: 'content'; span: ContentOf } | { type: 'chunks'; call: string });

export type ContentsAnswer = { number: number } & (
  | { type: 'content'; content: SpanContent | null }
  | { type: 'chunks'; gaps: readonly number[] | null }
  | { type: 'failed'; reason: RecordingErrorReason | null; message: string }
);

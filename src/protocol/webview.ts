/** Messages between the extension host and the timeline webview, and the document that both the webview and the HTML export show. */
import { z } from 'zod';
import { MOST_COPIED_CHARS } from './limits.ts';
import { gpuPartSchema, gpuSegmentSchema, type GpuPart, reportSchema, reportSpanSchema, type GpuSegment, type Report, type ReportFunction, type ReportLine } from '../profile/report.ts';
import type { SpanContent } from './content.ts';
import type { GpuSlice } from './gpuColumns.ts';
import type { SpanSlice } from './spanColumns.ts';
import type { Milliseconds } from '../profile/units.ts';

/** Everything a timeline shows. The GPU track covers [0, wallMs] without gaps, and so do its parts, which are there where it has several. */
export const timelineDocumentSchema = z.object({ report: reportSchema, gpu: z.array(gpuSegmentSchema), parts: z.array(gpuPartSchema).optional() });
export type TimelineDocument = z.infer<typeof timelineDocumentSchema>;

/** What changed since the last document or update: replace spans by id, cut the GPU track at `gpuFrom` and append. */
export const timelineUpdateSchema = z.object({
  report: reportSchema.omit({ spans: true }),
  spans: z.array(reportSpanSchema),
  removed: z.array(z.string()),
  gpuFrom: z.int(),
  gpu: z.array(gpuSegmentSchema),
  /** All parts that there are now, each cut at its `gpuFrom` and gone on with; absent where there are none. */
  parts: z.array(gpuPartSchema.extend({ gpuFrom: z.int() })).optional(),
});
export type TimelineUpdate = z.infer<typeof timelineUpdateSchema>;

/** A part of the GPU's track without what it did. */
export type GpuPartHead = Omit<GpuPart, 'gpu'>;

/** A report without its spans, and without the lists of spans of its lines and functions. */
export type ReportHead = Omit<Report, 'spans' | 'lines' | 'functions'> & { lines: Omit<ReportLine, 'spans'>[]; functions: Omit<ReportFunction, 'spans'>[] };

/** A `TimelineUpdate` as it crosses to the webview. */
export interface PackedUpdate {
  head: ReportHead;
  spans: SpanSlice[];
  /** Numbers. */
  removed: number[];
  gpuFrom: number;
  gpu: GpuSegment[];
  parts?: TimelineUpdate['parts'];
}

/**
 * What brings a document: `begin`, with how many spans and segments there are in all, then slices, then `end`. A slice's segments
 * are of the whole track, or of the part of this number in `parts`.
 *
 * With `reading` it is no document yet, but what has been read so far of a recording: of the head only the run and the backend say
 * something, each slice says which share of the recording has been read (null: all of it, and it is being analysed), and a `begin`
 * of the document itself comes in the place of `end`.
 */
export type DocumentPart =
  | { type: 'begin'; head: ReportHead; spans: number; gpu: number; parts: GpuPartHead[]; reading?: boolean }
  | { type: 'slice'; spans: SpanSlice | null; gpu: GpuSlice | null; part?: number; share?: number | null }
  | { type: 'end' };

/** The run that stands beside this one in an editor of two. */
export interface Beside {
  name: string;
  wallMs: Milliseconds;
  /** It is the earlier one, and `changes` is what changed from it to this one. */
  isBefore: boolean;
  changes: { label: string; text: string }[];
}

/** What the host tells the timeline. Types only: the page looks at no more than the envelope, as the host made the content a moment ago. */
export type ToWebview =
  | DocumentPart
  | { type: 'update'; update: PackedUpdate }
  /** Spans that have begun or ended since the last update, ahead of the next. */
  | { type: 'preview'; spans: SpanSlice[] }
  /** Select a span (and bring it into view), or a line's spans; none clears. */
  | { type: 'select'; spans: string[]; reveal: boolean }
  /** What a span said and was told; null where nothing is known of it. */
  | { type: 'content'; span: string; content: SpanContent | null }
  /** When a call's output came: milliseconds from each piece of it to the next; null where nothing is known of it. */
  | { type: 'chunks'; span: string; gaps: readonly number[] | null }
  /** Another run stands beside this one: both are on one scale of time; null: no more. */
  | { type: 'beside'; other: Beside | null }
  /** Show this stretch of time, as the run beside it does. */
  | { type: 'range'; start: Milliseconds; end: Milliseconds }
  /** Nothing to show, and what to say instead; `canProfile`: a file may be run from here. */
  | { type: 'empty'; message: string; detail: string | null; canProfile: boolean };

export const fromWebviewSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('selected'), span: z.string().nullable() }),
  /** Open the source of a span's frame (0 = innermost). The host looks the place up itself. */
  z.object({ type: z.literal('openSource'), span: z.string(), frame: z.int().min(0) }),
  /** Open a setting of ours, by its id. */
  z.object({ type: z.literal('openSetting'), setting: z.string().max(100) }),
  /** Asks for what a span said and was told. */
  z.object({ type: z.literal('content'), span: z.string().max(1000) }),
  /** Asks for when a call's output came. */
  z.object({ type: z.literal('chunks'), span: z.string().max(1000) }),
  /** Beside another run: this stretch of time is shown now. */
  z.object({ type: z.literal('range'), start: z.number(), end: z.number() }),
  /** Show both runs line by line. */
  z.object({ type: z.literal('compare') }),
  z.object({ type: z.literal('copy'), text: z.string().max(MOST_COPIED_CHARS) }),
  z.object({ type: z.literal('openTab') }),
  z.object({ type: z.literal('export') }),
  z.object({ type: z.literal('profileActiveFile') }),
  z.object({ type: z.literal('failed'), message: z.string().max(10_000) }),
]);
export type FromWebview = z.infer<typeof fromWebviewSchema>;

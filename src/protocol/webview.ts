/** Messages between the extension host and the timeline webview, and the document that both the webview and the HTML export show. */
import { z } from 'zod';
import { spanContentSchema } from './content.ts';
import { MOST_COPIED_CHARS } from './limits.ts';
import { gpuSegmentSchema, reportSchema, reportSpanSchema } from '../profile/report.ts';

/** Everything a timeline shows. The GPU track covers [0, wallMs] without gaps. */
export const timelineDocumentSchema = z.object({ report: reportSchema, gpu: z.array(gpuSegmentSchema) });
export type TimelineDocument = z.infer<typeof timelineDocumentSchema>;

/** What changed since the last document or update: replace spans by id, cut the GPU track at `gpuFrom` and append. */
export const timelineUpdateSchema = z.object({
  report: reportSchema.omit({ spans: true }),
  spans: z.array(reportSpanSchema),
  removed: z.array(z.string()),
  gpuFrom: z.int(),
  gpu: z.array(gpuSegmentSchema),
});
export type TimelineUpdate = z.infer<typeof timelineUpdateSchema>;

export const toWebviewSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('document'), document: timelineDocumentSchema }),
  z.object({ type: z.literal('update'), update: timelineUpdateSchema }),
  /** Select a span (and bring it into view), or a line's spans; null clears. */
  z.object({ type: z.literal('select'), spans: z.array(z.string()), reveal: z.boolean() }),
  /** What a span said and was told; null where nothing is known of it. */
  z.object({ type: z.literal('content'), span: z.string(), content: spanContentSchema.nullable() }),
  /** Nothing to show, and what to say instead; `canProfile`: a file may be run from here. */
  z.object({ type: z.literal('empty'), message: z.string(), detail: z.string().nullable(), canProfile: z.boolean() }),
]);
export type ToWebview = z.infer<typeof toWebviewSchema>;

export const fromWebviewSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('selected'), span: z.string().nullable() }),
  /** Open the source of a span's frame (0 = innermost). The host looks the place up itself. */
  z.object({ type: z.literal('openSource'), span: z.string(), frame: z.int().min(0) }),
  /** Open a setting of ours, by its id. */
  z.object({ type: z.literal('openSetting'), setting: z.string().max(100) }),
  /** Asks for what a span said and was told. */
  z.object({ type: z.literal('content'), span: z.string().max(1000) }),
  z.object({ type: z.literal('copy'), text: z.string().max(MOST_COPIED_CHARS) }),
  z.object({ type: z.literal('openTab') }),
  z.object({ type: z.literal('export') }),
  z.object({ type: z.literal('profileActiveFile') }),
  z.object({ type: z.literal('failed'), message: z.string().max(10_000) }),
]);
export type FromWebview = z.infer<typeof fromWebviewSchema>;

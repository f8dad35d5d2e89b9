/** A document, and what changes of it, as the messages that bring it to the timeline. Pure, and without schemas: the timeline's page has it, too. */
import { gpuBuffers, packGpu } from './gpuColumns.ts';
import { spanBuffers } from './spanColumns.ts';
import { SLICE_SPANS, type SpanPacker } from './packSpans.ts';
import type { SpansOfRows } from './analysisThread.ts';
import type { Report, ReportSpan } from '../profile/report.ts';
import type { DocumentPart, PackedUpdate, ReportHead, TimelineDocument, TimelineUpdate } from './webview.ts';

/** What the timeline shows besides spans and the GPU's track. */
export function headOf({ lines, functions, ...report }: Omit<Report, 'spans'>): ReportHead {
  return { ...report, lines: lines.map(({ spans: _spans, ...line }) => line), functions: functions.map(({ spans: _spans, ...each }) => each) };
}

/** A document as the messages that bring it, made one by one with a few milliseconds of work; null where that work is not done yet. */
export function* packDocument({ report, gpu, parts = [] }: TimelineDocument, packer: SpanPacker): Generator<DocumentPart | null, void> {
  const { spans: all, ...rest } = report;
  const segments = parts.reduce((sum, part) => sum + part.gpu.length, gpu.length);
  yield { type: 'begin', head: headOf(rest), spans: all.length, gpu: segments, parts: parts.map(({ gpu: _gpu, ...head }) => head) };
  const numberOf = (id: string): number => packer.numberOf(id);
  for (const spans of packer.add(all)) yield spans && { type: 'slice', spans, gpu: null };
  for (let from = 0; from < gpu.length; from += SLICE_SPANS) yield { type: 'slice', spans: null, gpu: packGpu(gpu.slice(from, from + SLICE_SPANS), numberOf) };
  for (const [part, { gpu: own }] of parts.entries()) for (let from = 0; from < own.length; from += SLICE_SPANS) yield { type: 'slice', spans: null, gpu: packGpu(own.slice(from, from + SLICE_SPANS), numberOf), part };
  yield { type: 'end' };
}

/** The numbers of the spans of a report's lines and functions, once its document has been packed with `packer`. */
export function rowsOf({ lines, functions }: Report, packer: SpanPacker): SpansOfRows {
  const numbersOf = ({ spans }: { spans: readonly string[] }): Int32Array => Int32Array.from(spans, (id) => packer.numberOf(id));
  return { lines: lines.map(numbersOf), functions: functions.map(numbersOf) };
}

/** The memory of a message's numbers, so that it can be handed over and not copied. */
export function buffersOf(message: DocumentPart): ArrayBuffer[] {
  if (message.type !== 'slice') return [];
  // Columns may lie in one memory, as those of a message that was kept.
  return [...new Set([...(message.spans === null ? [] : spanBuffers(message.spans)), ...(message.gpu === null ? [] : gpuBuffers(message.gpu))])];
}

/** What changes from a document that was packed with `packer` to `next`. */
export function packUpdate(update: TimelineUpdate, next: TimelineDocument, packer: SpanPacker): PackedUpdate {
  let byId: Map<string, ReportSpan> | null = null;
  const find = (id: string): ReportSpan | undefined => (byId ??= new Map(next.report.spans.map((span) => [span.id, span]))).get(id);
  const removed = packer.remove(update.removed);
  return { head: headOf(update.report), spans: packer.update(update.spans, find), removed, gpuFrom: update.gpuFrom, gpu: update.gpu, ...(update.parts === undefined ? {} : { parts: update.parts }) };
}

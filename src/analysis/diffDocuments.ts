/** What changes between two states of a live timeline, so that only that crosses to the webview. */
import type { GpuPart, GpuSegment, Report, ReportSpan } from '../profile/report.ts';
import type { TimelineDocument, TimelineUpdate } from '../protocol/webview.ts';
import { compareSpans } from './spanOrder.ts';

/** The update that turns `previous` into `next`; both as `analyze` makes them (spans in its order, ids unique). */
export function updateBetween(previous: TimelineDocument, next: TimelineDocument): TimelineUpdate {
  const before = new Map(previous.report.spans.map((span) => [span.id, span]));
  const spans = next.report.spans.filter((span) => !sameValue(before.get(span.id), span));
  const kept = new Set(next.report.spans.map((span) => span.id));
  const removed = previous.report.spans.filter((span) => !kept.has(span.id)).map((span) => span.id);
  const gpuFrom = firstDifference(previous.gpu, next.gpu);
  return { report: withoutSpans(next.report), spans, removed, gpuFrom, gpu: next.gpu.slice(gpuFrom), ...(next.parts === undefined ? {} : { parts: partsBetween(previous.parts ?? [], next.parts) }) };
}

function firstDifference(previous: readonly GpuSegment[], next: readonly GpuSegment[]): number {
  let at = 0;
  while (at < previous.length && at < next.length && sameValue(previous[at], next[at])) at++;
  return at;
}

function partsBetween(previous: readonly GpuPart[], next: readonly GpuPart[]): TimelineUpdate['parts'] {
  return next.map((part) => {
    const gpuFrom = firstDifference(previous.find(({ key }) => key === part.key)?.gpu ?? [], part.gpu);
    return { ...part, gpuFrom, gpu: part.gpu.slice(gpuFrom) };
  });
}

/** The parts after an update; undefined where there are none. */
function partsAfter(parts: readonly GpuPart[], update: TimelineUpdate['parts']): GpuPart[] | undefined {
  return update?.map(({ gpuFrom, ...part }) => ({ ...part, gpu: [...(parts.find(({ key }) => key === part.key)?.gpu ?? []).slice(0, gpuFrom), ...part.gpu] }));
}

/** A document may be behind what was recorded when its analysis began by about this much. */
const BEHIND_MS = 1000;

/**
 * The update for who has seen `previewed` spans ahead of it, by id, beside the previous document. Those that the next one knows, or
 * should know, are taken out of `previewed`; those that are newer than it stay as they were seen.
 */
export function settlePreview(update: TimelineUpdate, next: TimelineDocument, previewed: Map<string, ReportSpan>): TimelineUpdate {
  if (previewed.size === 0) return update;
  const { wallMs } = next.report.totals;
  const spans = new Map(update.spans.map((span) => [span.id, span]));
  const removed = [...update.removed];
  const known = new Map(next.report.spans.flatMap((span) => (previewed.has(span.id) ? [[span.id, span] as const] : [])));
  for (const [id, seen] of previewed) {
    const span = known.get(id);
    const isNewer = next.report.run.live && (span === undefined ? seen.startMs > wallMs - BEHIND_MS : span.endMs === null && seen.endMs !== null);
    if (isNewer) {
      spans.delete(id);
      continue;
    }
    previewed.delete(id);
    if (span !== undefined) spans.set(id, span);
    else if (!removed.includes(id)) removed.push(id);
  }
  return { ...update, spans: [...spans.values()], removed };
}

/** `applyUpdate(previous, updateBetween(previous, next))` equals `next`. Leaves both arguments as they are. */
export function applyUpdate(document: TimelineDocument, update: TimelineUpdate): TimelineDocument {
  const spans = new Map(document.report.spans.map((span) => [span.id, span]));
  for (const id of update.removed) spans.delete(id);
  for (const span of update.spans) spans.set(span.id, span);
  const parts = partsAfter(document.parts ?? [], update.parts);
  return {
    report: { ...update.report, spans: [...spans.values()].sort(compareSpans) },
    gpu: [...document.gpu.slice(0, update.gpuFrom), ...update.gpu],
    ...(parts === undefined ? {} : { parts }),
  };
}

function withoutSpans(report: Report): TimelineUpdate['report'] {
  const { schema, run, backend, accounting, server, totals, lines, tools, functions, findings, warnings } = report;
  return { schema, run, backend, accounting, server, totals, lines, tools, functions, findings, warnings };
}

/** Deep equality of plain data. */
function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => sameValue(item, b[index]));
  }
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) if (!Object.hasOwn(b, key) || !sameValue((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])) return false;
  return true;
}

/**
 * A run as Chrome trace events, which ui.perfetto.dev and chrome://tracing open.
 *
 * Format: "Trace Event Format" (Google), JSON object form: complete events (`X`), counters (`C`), metadata (`M`), times
 * in microseconds. Slices of one lane have to nest, so what runs at once gets lanes of its own. Flows (`s` to `f`, the latter
 * bound to the slice around it: `bp: "e"`) lead from a span to those inside of it, from a failed call to its retry, and from a
 * call to what the GPU first did for it.
 */
import { phaseBounds } from './phaseBounds.ts';
import type { GpuSegment, Report, ReportSpan } from './report.ts';
import type { Milliseconds } from './units.ts';
import { visibleText } from './visibleText.ts';

interface TraceEvent {
  name: string;
  ph: 'X' | 'C' | 'M' | 's' | 'f';
  pid: number;
  tid: number;
  /** Microseconds. */
  ts?: number;
  dur?: number;
  cat?: string;
  /** Of a flow. */
  id?: number;
  bp?: 'e';
  args?: Record<string, unknown>;
}

const AGENT = 1;
const GPU = 2;
/** Lanes of one kind lie together, in this order; `tid` is the number of the first. */
const LANES = [
  { kind: 'agent', title: 'requests', tid: 1000 },
  { kind: 'step', title: 'steps', tid: 2000 },
  { kind: 'llm', title: 'llm', tid: 3000 },
  { kind: 'tool', title: 'tools', tid: 4000 },
  { kind: 'other', title: 'other', tid: 5000 },
] as const;

/** The JSON text of a trace. Takes a `TimelineDocument`. */
export function toPerfettoJson(document: { report: Report; gpu: readonly GpuSegment[] }): string {
  const { report, gpu } = document;
  const { wallMs } = report.totals;
  const label = report.backend.simulated ? ' (simulated)' : '';
  const events: TraceEvent[] = [
    metadata('process_name', AGENT, 0, { name: visibleText(report.run.name) }),
    metadata('process_sort_index', AGENT, 0, { sort_index: 0 }),
    metadata('process_name', GPU, 0, { name: `GPU ${report.backend.gpu ?? ''}`.trim() + label }),
    metadata('process_sort_index', GPU, 0, { sort_index: 1 }),
    metadata('thread_name', GPU, 1, { name: 'state' }),
  ];
  const placed = new Map<string, Place>();
  for (const { kind, title, tid } of LANES) {
    const lanes = packLanes(report.spans.filter((span) => span.kind === kind), wallMs);
    lanes.forEach((lane, index) => {
      events.push(metadata('thread_name', AGENT, tid + index, { name: lanes.length === 1 ? title : `${title} ${index + 1}` }));
      events.push(metadata('thread_sort_index', AGENT, tid + index, { sort_index: tid + index }));
      for (const span of lane) {
        const bounds = boundsOf(span, wallMs);
        addSpan(events, span, tid + index, bounds);
        placed.set(span.id, { pid: AGENT, tid: tid + index, ...bounds });
      }
    });
  }
  for (const segment of gpu) {
    if (segment.state !== 'idle') events.push(slice(segment.state, 'gpu', GPU, 1, segment.startMs, segment.endMs, { batch: segment.batch, spans: segment.spans }));
  }
  addFlows(events, report.spans, gpu, placed);
  addCounters(events, gpu, wallMs, report.backend.simulated);
  const otherData = { run: report.run.id, startedAt: report.run.startedAt, simulated: report.backend.simulated };
  return JSON.stringify({ displayTimeUnit: 'ms', otherData, traceEvents: events });
}

/** A span's slice, and below it the phases of a call. The outer slice comes first, as viewers want it. */
function addSpan(events: TraceEvent[], span: ReportSpan, tid: number, { startMs, endMs }: Bounds): void {
  const args: Record<string, unknown> = { id: span.id, parent: span.parent, status: span.status, evidence: span.evidence };
  if (span.site !== null) args.site = `${span.site.file}:${span.site.line}`;
  else args.unattributed = span.unattributed;
  if (span.error !== null) args.error = span.error.message;
  if (span.activity !== null) args.activity = span.activity;
  if (span.tool !== null) Object.assign(args, span.tool);
  if (startMs !== span.startMs || (span.endMs !== null && endMs !== span.endMs)) Object.assign(args, { recordedStartMs: span.startMs, recordedEndMs: span.endMs });
  events.push(slice(visibleText(span.name), span.kind, AGENT, tid, startMs, endMs, args));
  const { llm } = span;
  if (llm !== null) {
    const { model, promptTokens, cachedTokens, completionTokens, ttftMs, finishReason, energyWh, phaseEvidence, phaseSource } = llm;
    Object.assign(args, { model, promptTokens, cachedTokens, completionTokens, ttftMs, finishReason, energyWh: energyWh.active, energyGrade: energyWh.grade });
    if (phaseEvidence !== null) {
      for (const bound of phaseBounds(llm, startMs, endMs)) {
        events.push(slice(bound.phase, 'phase', AGENT, tid, bound.startMs, bound.endMs, { evidence: phaseEvidence, source: phaseSource }));
      }
    }
  }
}

interface Bounds {
  startMs: Milliseconds;
  endMs: Milliseconds;
}

/** What of a span can be drawn: Perfetto leaves out what begins before 0, and takes a negative length as it is. One that never ended lasts as long as the run. */
function boundsOf({ startMs, endMs }: ReportSpan, wallMs: Milliseconds): Bounds {
  const start = Math.max(0, startMs);
  return { startMs: start, endMs: Math.max(start, endMs ?? wallMs) };
}

/** Puts each span into the first lane that is free again; a span inside another of its kind goes below it, in a lane of its own. */
function packLanes(spans: readonly ReportSpan[], wallMs: number): ReportSpan[][] {
  const lanes: { spans: ReportSpan[]; until: number }[] = [];
  for (const span of [...spans].sort((a, b) => a.startMs - b.startMs)) {
    const { startMs, endMs } = boundsOf(span, wallMs);
    let lane = lanes.find((each) => each.until <= startMs);
    if (lane === undefined) {
      lane = { spans: [], until: 0 };
      lanes.push(lane);
    }
    lane.spans.push(span);
    lane.until = endMs;
  }
  return lanes.map((lane) => lane.spans);
}

/** Where a slice lies. */
interface Place extends Bounds {
  pid: number;
  tid: number;
}

function addFlows(events: TraceEvent[], spans: readonly ReportSpan[], gpu: readonly GpuSegment[], placed: ReadonlyMap<string, Place>): void {
  let id = 0;
  const add = (name: string, from: Place | undefined, to: Place | undefined): void => {
    if (from === undefined || to === undefined || from === to) return;
    // A flow leaves its slice at the latest when the other begins, and at its end where that is before.
    const leaves = Math.min(Math.max(to.startMs, from.startMs), from.endMs);
    id++;
    events.push({ name, cat: 'flow', ph: 's', id, pid: from.pid, tid: from.tid, ts: microseconds(leaves) });
    events.push({ name, cat: 'flow', ph: 'f', bp: 'e', id, pid: to.pid, tid: to.tid, ts: microseconds(Math.max(to.startMs, leaves)) });
  };
  for (const span of spans) {
    if (span.parent !== null) add('inside', placed.get(span.parent), placed.get(span.id));
    const retryOf = span.llm?.retryOf ?? null;
    if (retryOf !== null) add('retry', placed.get(retryOf), placed.get(span.id));
  }
  const begun = new Set<string>();
  for (const { state, spans: calls, startMs, endMs } of gpu) {
    if (state === 'idle') continue;
    for (const call of calls) if (!begun.has(call)) add('on the GPU', placed.get(call), { pid: GPU, tid: 1, startMs, endMs });
    for (const call of calls) begun.add(call);
  }
}

/** A counter's value holds until its next event; where it is not known it drops out as a gap cannot be drawn. */
function addCounters(events: TraceEvent[], gpu: readonly GpuSegment[], wallMs: number, simulated: boolean): void {
  const add = (name: string, unit: string, at: number, value: number): void => {
    events.push({ name, ph: 'C', pid: GPU, tid: 0, ts: microseconds(at), args: { [unit]: value } });
  };
  const label = simulated ? ' (simulated)' : '';
  for (const segment of gpu) {
    if (segment.watts !== null) add(`power${label}`, 'W', segment.startMs, segment.watts);
    add('batch', 'sequences', segment.startMs, segment.batch);
    if (segment.kvTokens !== null) add('KV cache', 'tokens', segment.startMs, segment.kvTokens);
  }
  const last = gpu.at(-1);
  if (last !== undefined) {
    if (last.watts !== null) add(`power${label}`, 'W', wallMs, last.watts);
    add('batch', 'sequences', wallMs, last.batch);
  }
}

function slice(name: string, cat: string, pid: number, tid: number, startMs: number, endMs: number, args: Record<string, unknown>): TraceEvent {
  const ts = microseconds(startMs);
  return { name, cat, ph: 'X', pid, tid, ts, dur: Math.round((microseconds(endMs) - ts) * 1000) / 1000, args };
}

function metadata(name: string, pid: number, tid: number, args: Record<string, unknown>): TraceEvent {
  return { name, ph: 'M', pid, tid, args };
}

/** To the nanosecond, so that a child's end never rounds past its parent's. */
function microseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1e6) / 1e3;
}

/** The extension host's part for the real page: makes the document and packs it, in a thread of its own. */
import { packDocument, packUpdate } from '../../../src/protocol/packDocument.ts';
import { SpanPacker } from '../../../src/protocol/packSpans.ts';
import { makeLlm, makeReport, makeSpan } from '../../fixtures/timelineDocuments.ts';
import { makeTrace } from './trace.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';
import type { DocumentPart, PackedUpdate, TimelineDocument } from '../../../src/protocol/webview.ts';

const KINDS = ['agent', 'step', 'other', 'other', 'other'] as const;
const FILE = '/home/dev/my-agent/agent.ts';

/** The trace as spans with all that real ones have. */
function spansOf(count: number): { spans: ReportSpan[]; wallMs: number } {
  const trace = makeTrace(count);
  const spans: ReportSpan[] = [];
  for (let i = 0; i < trace.length; i++) {
    const startMs = trace.start[i] as number;
    const endMs = trace.end[i] as number;
    const leaf = trace.leaf[i];
    const name = `function${trace.name[i]}`;
    const parent = trace.parent[i] as number;
    const frame = { file: FILE, line: 10 + (trace.name[i] as number), column: 3, function: name };
    const took = endMs - startMs;
    spans.push(
      makeSpan({
        id: `s${i}`, parent: parent < 0 ? null : `s${parent}`, startMs, endMs, name, thread: `agent-${trace.agent[i]}`, site: frame, frames: [frame],
        kind: leaf === 1 ? 'llm' : leaf === 2 ? 'tool' : (KINDS[trace.depth[i] as number] ?? 'other'),
        llm: leaf === 1 ? makeLlm({ queueMs: took * 0.05, prefillMs: took * 0.2, decodeMs: took * 0.75, phaseEvidence: 'simulated', promptTokens: 900 + (i % 500), cachedTokens: 512, completionTokens: 10 + (i % 90), tokenEvidence: 'simulated' }) : null,
        tool: leaf === 2 ? { name, callId: `call-${i}`, detail: null, argumentBytes: null, resultBytes: i % 5000, idleBlameMs: null, idleEnergyWh: null } : null,
      }),
    );
  }
  spans.sort((a, b) => a.startMs - b.startMs || (b.endMs ?? 0) - (a.endMs ?? 0));
  return { spans, wallMs: trace.wallMs };
}

let packer = new SpanPacker();
let parts: DocumentPart[] = [];
let document: TimelineDocument | null = null;

/** The numbers' memory, so that it is handed over and not copied. */
function buffersOf(value: unknown, found: ArrayBuffer[] = []): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) found.push(value.buffer as ArrayBuffer);
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) buffersOf(each, found);
  return found;
}

function updates(times: number, each: number): PackedUpdate[] {
  if (document === null) return [];
  const made: PackedUpdate[] = [];
  let at = document.report.totals.wallMs;
  for (let k = 0; k < times; k++) {
    const added: ReportSpan[] = [];
    for (let i = 0; i < each; i++) added.push(makeSpan({ id: `new-${k}-${i}`, kind: i % 3 === 0 ? 'llm' : 'tool', name: 'new', startMs: at + i * 0.4, endMs: at + i * 0.4 + 0.35 }));
    at += each * 0.4;
    const { spans, ...report } = document.report;
    const next = { report: { ...report, totals: { ...report.totals, wallMs: at }, spans }, gpu: [] };
    made.push(packUpdate({ report: next.report, spans: added, removed: [], gpuFrom: 0, gpu: [] }, next, packer));
  }
  return made;
}

self.onmessage = ({ data }: MessageEvent<{ make: number } | { send: true } | { append: number; each: number }>) => {
  if ('make' in data) {
    const { spans, wallMs } = spansOf(data.make);
    document = { report: makeReport(spans, wallMs), gpu: [] };
    document.report.run.live = true;
    packer = new SpanPacker();
    const begun = performance.now();
    parts = [...packDocument(document, packer)].filter((part) => part !== null);
    self.postMessage({ type: 'made', hostMs: performance.now() - begun });
  } else if ('send' in data) {
    for (const part of parts) self.postMessage(part, { transfer: part.type === 'slice' ? buffersOf(part.spans) : [] });
    parts = [];
  } else {
    self.postMessage({ type: 'updates', updates: updates(data.append, data.each) });
  }
};

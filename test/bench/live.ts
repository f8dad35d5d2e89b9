/**
 * How late a live timeline learns of model calls and tools while 2,000 events a second are recorded: from the moment at which the
 * recorder is to write an event until its span is packed for the page, in the extension host's way, with the documents that are
 * taken in meanwhile. Not in it: the way from the program to the recorder (5 ms for calls that end, up to 40 for what begins), and
 * the page's drawing. `npm run bench:live [-- --seconds N --rate N]`; wants a machine with nothing else to do.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { settlePreview, updateBetween } from '../../src/analysis/diffDocuments.ts';
import { LiveRecording } from '../../src/host/liveRecording.ts';
import { DEFAULT_ACCOUNTING } from '../../src/profile/accounting.ts';
import { alignColumns } from '../../src/profile/alignColumns.ts';
import { packDocument, packUpdate } from '../../src/protocol/packDocument.ts';
import { SpanPacker } from '../../src/protocol/packSpans.ts';
import { root } from '../../scripts/lib/paths.mjs';
import type { ReportSpan } from '../../src/profile/report.ts';
import type { TimelineDocument } from '../../src/protocol/webview.ts';

const LIMIT_MS = 100;
const WINDOW_S = 10;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '30' }, rate: { type: 'string', default: '2000' } } });
const [seconds, perSecond] = [Number(values.seconds), Number(values.rate)];
const folder = mkdtempSync(join(tmpdir(), 'agent-cost-live-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'live.agentcost');

/** By when the event happened, in windows. */
const windows: number[][] = [];
let startedMs: number | null = null;
let shown: TimelineDocument | null = null;
let documents = 0;
const packer = new SpanPacker();
const previewed = new Map<string, ReportSpan>();

function note(span: ReportSpan): void {
  if (startedMs === null) return;
  const at = span.endMs ?? span.startMs;
  (windows[Math.floor(at / 1000 / WINDOW_S)] ??= []).push(performance.timeOrigin + performance.now() - startedMs - at);
}

const live = new LiveRecording(join(root, 'dist/analysis.cjs'), file, {
  onDocument: (document) => {
    startedMs ??= Date.parse(document.report.run.startedAt);
    if (shown === null) Array.from(packDocument(document, packer));
    else packUpdate(settlePreview(updateBetween(shown, document), document, previewed), document, packer);
    shown = document;
    documents++;
  },
  onPreview: (spans) => {
    if (shown === null) return;
    for (const span of spans) previewed.set(span.id, span);
    packer.update(spans, () => undefined);
    for (const span of spans) note(span);
  },
  onError: (error) => {
    throw error;
  },
}, () => DEFAULT_ACCOUNTING);

const recorder = new Worker(new URL('./live/recorder.ts', import.meta.url), { workerData: { file, seconds, perSecond } });
await new Promise<void>((done) =>
  recorder.on('message', (message: { bytes: number; done?: boolean }) => {
    live.grew(message.bytes);
    if (message.done === true) done();
  }),
);
const whole = await live.finish();

const quantile = (sorted: readonly number[], share: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(0);
const rows = [['seconds', 'spans', 'median', 'p95', 'most, ms', `p95 ≤ ${LIMIT_MS}`]];
for (const [index, window] of windows.entries()) {
  const sorted = [...(window ?? [])].sort((a, b) => a - b);
  const p95 = quantile(sorted, 0.95);
  rows.push([`${index * WINDOW_S}–${(index + 1) * WINDOW_S}`, String(sorted.length), quantile(sorted, 0.5), p95, quantile(sorted, 1), Number(p95) <= LIMIT_MS ? 'met' : 'NOT MET']);
}
console.log(`${perSecond} events a second for ${seconds} s: ${whole.report.totals.llmCalls} calls, ${documents} documents meanwhile`);
console.log(alignColumns(rows, ['right', 'right', 'right', 'right', 'right', 'left']).join('\n'));

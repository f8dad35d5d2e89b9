/**
 * What a live session of eight hours takes in memory, hour by hour: eight agents side by side, in virtual time, through the recorder's
 * writer to the file, and from there in the extension host's way (previews, analysis in its thread, documents, packed updates) to the
 * page's model. `npm run bench:session [-- --hours N --steps N]` (`steps`: calls an hour, each with its tool and functions).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { settlePreview, updateBetween } from '../../src/analysis/diffDocuments.ts';
import { LivePreview } from '../../src/host/livePreview.ts';
import { RecordingAnalysis } from '../../src/host/recordingAnalysis.ts';
import { DEFAULT_ACCOUNTING } from '../../src/profile/accounting.ts';
import { alignColumns } from '../../src/profile/alignColumns.ts';
import { formatBytes } from '../../src/profile/formatValue.ts';
import { packDocument, packUpdate } from '../../src/protocol/packDocument.ts';
import { SpanPacker } from '../../src/protocol/packSpans.ts';
import { PLAIN_STORAGE } from '../../src/protocol/storage.ts';
import { openSink } from '../../src/recorder/openSink.ts';
import { FileTail } from '../../src/recorder/recordingTail.ts';
import { RecordingWriter } from '../../src/recorder/recordingWriter.ts';
import { root } from '../../scripts/lib/paths.mjs';
import { bigRecording, LINES_PER_STEP } from '../fixtures/bigRecording.ts';
import type { HeaderLine, RecordingLine } from '../../src/profile/recordingFormat.ts';
import type { ReportSpan } from '../../src/profile/report.ts';
import type { TimelineDocument } from '../../src/protocol/webview.ts';
import type { ToPage } from './session/page.ts';

const MS_PER_HOUR = 3_600_000;
/** So often in an hour previews are taken, and a document. */
const PREVIEWS = 24;
const DOCUMENTS = 3;
const ANSWER_CHARS = 800;

type Line = Exclude<RecordingLine, HeaderLine>;

const { values } = parseArgs({ options: { hours: { type: 'string', default: '8' }, steps: { type: 'string', default: '3000' } } });
const [hours, steps] = [Number(values.hours), Number(values.steps)];
const folder = mkdtempSync(join(tmpdir(), 'agent-cost-session-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'session.agentcost');
const startedAt = new Date().toISOString();

/** The lines of the session, at equal distances over its hours, each answer with words of its own. */
function* session(): Generator<Line> {
  const apart = MS_PER_HOUR / (steps * LINES_PER_STEP);
  let at = 0;
  for (const line of bigRecording(steps * hours, { startedAt }) as Iterable<RecordingLine>) {
    if (line.type === 'header') continue;
    const t = ++at * apart;
    yield line.type === 'callEnd' ? { ...line, t, firstTokenAt: t, chunkGaps: [0], text: `answer ${at} `.repeat(ANSWER_CHARS / 12) } : { ...line, t };
  }
}

const [header] = bigRecording(1, { startedAt }) as Iterable<HeaderLine>;
const sink = await openSink(file, header!, PLAIN_STORAGE);
let written = 0;
const writer = new RecordingWriter(sink, { onGrew: (bytes) => (written = bytes), onLoss: (_code, message) => console.error(message) });
writer.append(header!);
/** Until all that was appended is in the file. */
async function flushed(): Promise<void> {
  let seen = -1;
  while (seen !== written || written === 0) {
    seen = written;
    await new Promise((done) => setTimeout(done, 50));
  }
}

const preview = new LivePreview();
const tail = new FileTail(file, { onText: (text) => preview.push(text), onLost: () => preview.lose() });
const analysis = new RecordingAnalysis(join(root, 'dist/analysis.cjs'), file);
const page = new Worker(new URL('./session/page.ts', import.meta.url));
const say = (message: ToPage): void => page.postMessage(message);
const packer = new SpanPacker();
const previewed = new Map<string, ReportSpan>();
let shown: TimelineDocument | null = null;

function showPreview(): void {
  const spans = preview.take();
  if (shown === null || spans.length === 0) return;
  for (const span of spans) previewed.set(span.id, span);
  say({ preview: packer.update(spans, () => undefined) });
}

async function showDocument(t: number): Promise<void> {
  const analysed = await analysis.analyze({ bytes: written, liveAtMs: Date.parse(startedAt) + t, accounting: DEFAULT_ACCOUNTING });
  if (analysed === null) return;
  const { document } = analysed;
  if (shown === null) {
    for (const part of packDocument(document, packer)) if (part !== null) say({ part });
  } else say({ update: packUpdate(settlePreview(updateBetween(shown, document), document, previewed), document, packer) });
  shown = document;
}

interface PageMemory {
  heapUsed: number;
  arrayBuffers: number;
  spans: number;
  columns: number;
}

const measured = [['hour', 'spans', 'file', 'host', 'thread', 'page', 'of it columns', 'host a span', 'page a span']];
async function measure(hour: number): Promise<void> {
  const ofPage = new Promise<PageMemory>((done) => page.once('message', done));
  say({ measure: true });
  const { heapUsed, columns, spans } = await ofPage;
  globalThis.gc?.();
  const host = process.memoryUsage().heapUsed;
  // Node has it from 24 on.
  const { worker } = analysis as unknown as { worker: { getHeapStatistics(): Promise<{ used_heap_size: number }> } };
  const thread = (await worker.getHeapStatistics()).used_heap_size;
  measured.push([String(hour), String(spans), formatBytes(written), formatBytes(host), formatBytes(thread), formatBytes(heapUsed + columns), formatBytes(columns), formatBytes(host / spans), formatBytes((heapUsed + columns) / spans)]);
  console.log(measured.at(-1)!.join('  '));
}

const perHour = steps * LINES_PER_STEP;
let count = 0;
for (const line of session()) {
  writer.append(line);
  count++;
  if (count % Math.round(perHour / PREVIEWS) === 0) {
    await flushed();
    await tail.readTo(written);
    showPreview();
  }
  if (count % Math.round(perHour / DOCUMENTS) === 0) await showDocument(line.t);
  if (count % perHour === 0) await measure(count / perHour);
}
console.log(`\n${alignColumns(measured, measured[0]!.map(() => 'right')).join('\n')}`);
await writer.close();
analysis.dispose();
await page.terminate();

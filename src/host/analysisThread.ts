/** The thread that reads and analyses one recording, so that the editor goes on: a hundred thousand spans take seconds. */
import { parentPort, workerData } from 'node:worker_threads';
import { analyze } from '../analysis/analyze.ts';
import { updateBetween } from '../analysis/diffDocuments.ts';
import { RecordingError } from '../profile/recordingFormat.ts';
import { RecordingTail } from '../recorder/recordingTail.ts';
import { SLICE_SPANS } from '../protocol/packSpans.ts';
import type { AnalysisAnswer, AnalysisRequest } from '../protocol/analysisThread.ts';
import type { TimelineDocument, TimelineUpdate } from '../protocol/webview.ts';

const tail = new RecordingTail(workerData as string);
let before: TimelineDocument | null = null;
const post = (answer: AnalysisAnswer): void => parentPort?.postMessage(answer);

function everything({ report: { spans, ...report }, gpu, parts }: TimelineDocument): TimelineUpdate {
  return { report, spans, removed: [], gpuFrom: 0, gpu, ...(parts === undefined ? {} : { parts: parts.map((part) => ({ ...part, gpuFrom: 0 })) }) };
}

async function answer({ bytes, liveAtMs, accounting }: AnalysisRequest): Promise<void> {
  if (bytes === null) await tail.finish();
  else await tail.readTo(bytes);
  if (!tail.reader.started) return post({ type: 'nothing' });
  const begun = performance.now();
  const { profile } = tail.reader;
  const live = liveAtMs === null ? {} : { live: true, nowMs: Math.max(profile.lastT, liveAtMs - Date.parse(profile.header.startedAt)) };
  const document = analyze(profile, { ...live, accounting });
  const { report, spans, removed, gpuFrom, gpu, parts = [] } = before === null ? everything(document) : updateBetween(before, document);
  before = document;
  const tookMs = performance.now() - begun;
  for (let from = 0; from < spans.length; from += SLICE_SPANS) post({ type: 'spans', spans: spans.slice(from, from + SLICE_SPANS) });
  for (let from = 0; from < gpu.length; from += SLICE_SPANS) post({ type: 'gpu', gpu: gpu.slice(from, from + SLICE_SPANS) });
  for (const part of parts) {
    // One that has nothing new is told as well: what is not told is no more.
    for (let from = 0; from === 0 || from < part.gpu.length; from += SLICE_SPANS) post({ type: 'part', part: { ...part, gpu: part.gpu.slice(from, from + SLICE_SPANS) } });
  }
  post({ type: 'done', report, removed, gpuFrom, tookMs });
}

parentPort?.on('message', (request: AnalysisRequest) => {
  answer(request).catch((error: unknown) => {
    post({ type: 'failed', reason: RecordingError.is(error) ? error.reason : null, message: error instanceof Error ? error.message : String(error) });
  });
});

/** The thread that reads and analyses one recording, so that the editor goes on: a hundred thousand spans take seconds. */
import { parentPort } from 'node:worker_threads';
// Before all that makes texts.
import { language, recordingFile } from './analysisLanguage.ts';
import { analyze } from '../analysis/analyze.ts';
import { updateBetween } from '../analysis/diffDocuments.ts';
import { EndedSpans } from '../analysis/spansAhead.ts';
import { emptyProfile } from '../profile/foldRecording.ts';
import { ENGLISH, readsEnglish } from '../profile/language.ts';
import { RecordingError } from '../profile/recordingFormat.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import { keepDocument, Keeper, KeptRecording, type KeptDocument } from '../recorder/keptDocuments.ts';
import { foundRecording } from '../recorder/recordingParts.ts';
import { RecordingTail } from '../recorder/recordingTail.ts';
import type { AnalysisAnswer, AnalysisRequest, ToAnalysisThread } from '../protocol/analysisThread.ts';
import { buffersOf, headOf, packDocument, rowsOf } from '../protocol/packDocument.ts';
import { SLICE_SPANS, SpanPacker } from '../protocol/packSpans.ts';
import { spanBuffers } from '../protocol/spanColumns.ts';
import type { DocumentPart, TimelineDocument, TimelineUpdate } from '../protocol/webview.ts';

/** A picture that grows need not do so more often. */
const AHEAD_EVERY_MS: Milliseconds = 100;
/** One is taken in while the next is made. */
const MOST_UNTAKEN = 2;

const ended = new EndedSpans();
let ahead: Ahead | null = null;
const tail = new RecordingTail(recordingFile, { onEnded: (one) => ahead !== null && ended.add(one), onPiece: (bytes) => ahead?.say(bytes) });
let before: TimelineDocument | null = null;
const post = (answer: AnalysisAnswer, transfer: ArrayBuffer[] = []): void => parentPort?.postMessage(answer, transfer);

/** What is asked for comes after what was asked for before. */
let working: Promise<void> = Promise.resolve();
/** Pieces that were handed over and are not taken in yet. */
let untaken = 0;
let onTaken: (() => void) | null = null;

/** Hands a piece over, once the one before the last has been taken in: the editor is held up for no more than one at a time. */
async function hand(piece: AnalysisAnswer, transfer: ArrayBuffer[] = []): Promise<void> {
  while (untaken >= MOST_UNTAKEN) await new Promise<void>((done) => (onTaken = done));
  untaken++;
  post(piece, transfer);
}

function everything({ report: { spans, ...report }, gpu, parts }: TimelineDocument): TimelineUpdate {
  return { report, spans, removed: [], gpuFrom: 0, gpu, ...(parts === undefined ? {} : { parts: parts.map((part) => ({ ...part, gpuFrom: 0 })) }) };
}

/** Says while a recording is read what has been read of it. */
class Ahead {
  private readonly packer = new SpanPacker();
  private readonly size: Bytes;
  private begun = false;
  private saidAt = -Infinity;

  /** @param size of all of the recording's files */
  constructor(size: Bytes) {
    this.size = size;
  }

  /** @param bytes how much has been read; null: all of it */
  say(bytes: Bytes | null): void {
    if (bytes !== null && (performance.now() - this.saidAt < AHEAD_EVERY_MS || !tail.reader.started)) return;
    const { profile } = tail.reader;
    const spans = ended.take(profile);
    if (!this.begun && spans.length === 0) return;
    const head = this.begun ? null : headOf(analyze({ ...emptyProfile(profile.header), backend: profile.backend }).report);
    this.begun = true;
    const slices = [...this.packer.add(spans)].filter((slice) => slice !== null);
    post({ type: 'reading', share: bytes === null ? null : Math.min(1, bytes / Math.max(1, this.size)), head, spans: slices }, slices.flatMap(spanBuffers));
    this.saidAt = performance.now();
  }
}

function handMessage(message: DocumentPart): Promise<void> {
  return hand({ type: 'message', message }, buffersOf(message));
}

/** What is kept of the recording for a next time; null where nothing is to be. */
async function keptOf({ kept, accounting, liveAtMs }: AnalysisRequest): Promise<KeptRecording | null> {
  return kept === undefined || kept === null || liveAtMs !== null ? null : KeptRecording.of(recordingFile, kept, [accounting, language]);
}

/** The document as it was kept; null where none was. */
async function knownDocument(request: AnalysisRequest, kept: KeptRecording | null): Promise<KeptDocument | null> {
  if (kept === null || !request.kept) return null;
  const own = await kept.read();
  if (own !== null || !readsEnglish(language)) return own;
  return (await KeptRecording.of(recordingFile, request.kept, [request.accounting, ENGLISH])).read();
}

/** Hands a whole document over, the kept one where there is one; another is kept from now on. */
async function answerWhole(request: AnalysisRequest): Promise<void> {
  const kept = await keptOf(request);
  const known = await knownDocument(request, kept);
  if (known !== null) {
    for (const message of known.messages) await handMessage(message);
    return post({ type: 'whole', rows: known.rows });
  }
  await read(request);
  const document = documentOf(request);
  if (document === null) return post({ type: 'nothing' });
  const keeper = new Keeper(kept);
  const packer = new SpanPacker();
  for (const message of packDocument(document, packer)) {
    if (message === null) continue;
    // Before its numbers are given away.
    keeper.add(message);
    await handMessage(message);
  }
  const rows = rowsOf(document.report, packer);
  post({ type: 'whole', rows });
  await keeper.finish(rows);
}

/** Analyses what has been read; null where nothing has been yet. */
function documentOf({ liveAtMs, accounting }: AnalysisRequest): TimelineDocument | null {
  if (!tail.reader.started) return null;
  const { profile } = tail.reader;
  const live = liveAtMs === null ? {} : { live: true, nowMs: Math.max(profile.lastT, liveAtMs - Date.parse(profile.header.startedAt)) };
  return analyze(profile, { ...live, accounting });
}

async function read({ bytes, ahead: isWanted }: AnalysisRequest): Promise<void> {
  if (bytes !== null) return tail.readTo(bytes);
  if (isWanted === true) ahead = new Ahead((await foundRecording(recordingFile)).size);
  await tail.finish();
  ahead?.say(null);
  ahead = null;
}

async function answer(request: AnalysisRequest): Promise<void> {
  if (request.columns === true) return answerWhole(request);
  const kept = await keptOf(request);
  await read(request);
  const begun = performance.now();
  const document = documentOf(request);
  if (document === null) return post({ type: 'nothing' });
  const { report, spans, removed, gpuFrom, gpu, parts = [] } = before === null ? everything(document) : updateBetween(before, document);
  before = document;
  const tookMs = performance.now() - begun;
  for (let from = 0; from < spans.length; from += SLICE_SPANS) await hand({ type: 'spans', spans: spans.slice(from, from + SLICE_SPANS) });
  for (let from = 0; from < gpu.length; from += SLICE_SPANS) await hand({ type: 'gpu', gpu: gpu.slice(from, from + SLICE_SPANS) });
  for (const part of parts) {
    // One that has nothing new is told as well: what is not told is no more.
    for (let from = 0; from === 0 || from < part.gpu.length; from += SLICE_SPANS) await hand({ type: 'part', part: { ...part, gpu: part.gpu.slice(from, from + SLICE_SPANS) } });
  }
  post({ type: 'done', report, removed, gpuFrom, tookMs });
  if (kept === null) return;
  await keepDocument(kept, document);
}

parentPort?.on('message', (message: ToAnalysisThread) => {
  if (message === 'more') {
    untaken--;
    onTaken?.();
    return;
  }
  if (message === 'end') {
    void working.then(() => parentPort?.close());
    return;
  }
  working = answer(message).catch((error: unknown) => {
    post({ type: 'failed', reason: RecordingError.is(error) ? error.reason : null, message: error instanceof Error ? error.message : String(error) });
  });
});

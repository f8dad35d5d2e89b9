/** Recordings read and analysed in a thread: the same document as without one, and the same errors; and a run that records 2,000 events a second. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { LiveRecording } from '../../src/host/liveRecording.ts';
import { analyzeInThread, RecordingAnalysis } from '../../src/host/recordingAnalysis.ts';
import { DEFAULT_ACCOUNTING } from '../../src/profile/accounting.ts';
import { ENGLISH, speak, type Language, type Texts } from '../../src/profile/language.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { RecordingError } from '../../src/profile/recordingFormat.ts';
import { builtThread } from '../fixtures/builtThread.ts';
import { bigRecording } from '../fixtures/bigRecording.ts';
import { groupedLines } from '../fixtures/groupedRun.ts';
import { call, callEnd, end, header, recordingText } from './recordingLines.ts';
import { SpanStore } from '../../src/protocol/spanStore.ts';
import type { ReportSpan } from '../../src/profile/report.ts';
import type { ReadAhead } from '../../src/protocol/analysisThread.ts';
import type { TimelineDocument } from '../../src/protocol/webview.ts';

const thread = await builtThread('src/host/analysisThread.ts');

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-cost-analysis-'));
  file = join(folder, 'run.agentcost');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a recording analysed in a thread', () => {
  it('gives the document that it gives without one, in pieces', async () => {
    const text = recordingText(...bigRecording(1500));
    writeFileSync(file, text);
    const document = await analyzeInThread(thread, file, DEFAULT_ACCOUNTING);
    expect(document.report.spans.length).toBeGreaterThan(4096);
    expect(document).toEqual(structuredClone(analyze(readRecording(text))));
  });

  it('makes sentences in the language that is spoken, and in English where that is wanted, as for an export', async () => {
    const lines = [call('a', 0), callEnd('a', 3_400, { finishReason: 'length' }), end(3_400)];
    const text = recordingText(header(), ...lines);
    writeFileSync(file, text);
    const german: Language = { locale: 'de', textsLocale: 'de', texts: JSON.parse(readFileSync(new URL('../../l10n/bundle.l10n.de.json', import.meta.url), 'utf8')) as Texts };
    speak(german);
    try {
      const [shown, exported] = [await analyzeInThread(thread, file, DEFAULT_ACCOUNTING), await analyzeInThread(thread, file, DEFAULT_ACCOUNTING, { language: ENGLISH })];
      expect(shown.report.findings.find(({ rule }) => rule === 'cut-answer')?.message).toMatch(/^An der Token-Grenze .* abgeschnitten: 1 Antwort\./);
      speak(ENGLISH);
      expect(exported).toEqual(structuredClone(analyze(readRecording(text))));
      expect(exported.report.findings.find(({ rule }) => rule === 'cut-answer')?.message).toMatch(/^1 answer ended at the limit/);
    } finally {
      speak(ENGLISH);
    }
  });

  it('gives its servers and GPUs as well, from the first on and as they change', async () => {
    const head = header({ backend: { kind: 'direct', url: null, version: null, model: null, gpu: null, simulated: false }, gpuProfile: null, priceProfile: null });
    const all = groupedLines({ steps: 20 });
    writeFileSync(file, recordingText(head, ...all.slice(0, 40)));
    const analysis = new RecordingAnalysis(thread, file);
    try {
      for (const lines of [all.slice(40, 90), all.slice(90), []]) {
        const analysed = await analysis.analyze({ bytes: statSync(file).size, liveAtMs: null, accounting: DEFAULT_ACCOUNTING });
        const alone = analyze(readRecording(readFileSync(file, 'utf8')), { accounting: DEFAULT_ACCOUNTING });
        expect(alone.parts?.length).toBeGreaterThan(3);
        expect(analysed?.document).toEqual(structuredClone(alone));
        appendFileSync(file, recordingText(...lines));
      }
    } finally {
      analysis.dispose();
    }
  });

  it('is told of while it is read: calls and tools in order of start, where the document has them', async () => {
    const lines = [...bigRecording(1500, { beginsWithProgram: true })];
    writeFileSync(file, recordingText(lines[0] as object, { type: 'process', t: 0.5, pid: 100, ppid: null, runtime: 'node', runtimeVersion: '24.0.0', argv: [], cwd: '/' }, ...lines.slice(1)));
    const told: ReadAhead[] = [];
    const document = await analyzeInThread(thread, file, DEFAULT_ACCOUNTING, { onRead: (read) => told.push(read) });
    expect(told[0]?.head?.run).toMatchObject({ name: 'many agents', live: false });
    expect(told.slice(1).every(({ head }) => head === null)).toBe(true);
    const shares = told.map(({ share }) => share ?? 2);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(2);
    const store = new SpanStore();
    for (const { spans } of told) for (const slice of spans) store.take(slice);
    const whole = new Map(document.report.spans.map((span) => [span.id, span]));
    let before = -Infinity;
    store.each((span) => {
      expect(whole.get(span.id)).toMatchObject({ kind: span.kind, startMs: span.startMs, endMs: span.endMs, status: span.status, site: span.site });
      expect(span.startMs).toBeGreaterThanOrEqual(before);
      before = span.startMs;
    });
    // All but those that went on while a piece of the file ended.
    expect(store.count).toBeGreaterThan(2 * 1500 * 0.9);
  });

  it('fails with the reason and the file’s name', async () => {
    writeFileSync(file, 'no recording\n');
    await expect(analyzeInThread(thread, file, DEFAULT_ACCOUNTING)).rejects.toSatisfy((error) => RecordingError.is(error, 'notARecording') && error.message.startsWith(file));
    await expect(analyzeInThread(thread, join(folder, 'none'), DEFAULT_ACCOUNTING)).rejects.toThrow(/ENOENT/);
  });
});

describe('a run that records 2,000 events a second', () => {
  it('is followed, and whole at its end', async () => {
    const lines = [...bigRecording(1000, { startedAt: new Date().toISOString() })].map((line) => recordingText(line));
    const documents: TimelineDocument[] = [];
    const errors: unknown[] = [];
    const previews: ReportSpan[] = [];
    const live = new LiveRecording(thread, file, { onDocument: (document) => documents.push(document), onPreview: (spans) => previews.push(...spans), onError: (error) => errors.push(error) }, () => DEFAULT_ACCOUNTING);
    writeFileSync(file, lines.shift() ?? '');
    const begun = performance.now();
    const all = lines.length;
    let written = 0;
    // As a recorder does: what has come since the last turn, in one go.
    while (written < all) {
      const due = Math.min(all, Math.ceil((performance.now() - begun) * 2));
      if (due > written) {
        appendFileSync(file, lines.slice(written, due).join(''));
        live.grew(statSync(file).size);
        written = due;
      }
      await new Promise((done) => setTimeout(done, 10));
    }
    await vi.waitFor(() => expect(documents.at(-1)?.report.totals.llmCalls).toBe(1000), { timeout: 30_000 });
    for (let k = 1; k < documents.length; k++) expect(documents[k]?.report.totals.llmCalls).toBeGreaterThanOrEqual(documents[k - 1]?.report.totals.llmCalls ?? 0);
    // Ahead of the documents every call and tool was seen, as it began and as it ended.
    await vi.waitFor(() => expect(new Set(previews.filter(({ endMs }) => endMs !== null).map(({ id }) => id)).size).toBe(2000));
    const whole = await live.finish();
    const ended = new Map(previews.map((span) => [span.id, span]));
    for (const span of whole.report.spans) {
      if (span.kind === 'llm' || span.kind === 'tool') expect(ended.get(span.id)).toMatchObject({ kind: span.kind, startMs: span.startMs, endMs: span.endMs, status: span.status, site: span.site });
    }
    expect(whole.report.totals.llmCalls).toBe(1000);
    expect(whole.report.run.live).toBe(false);
    expect(whole).toEqual(structuredClone(analyze(readRecording(readFileSync(file, 'utf8')))));
    expect(errors).toEqual([]);
  });
});

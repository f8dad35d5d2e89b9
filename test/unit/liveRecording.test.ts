import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveRecording } from '../../src/host/liveRecording.ts';
import { DEFAULT_ACCOUNTING } from '../../src/profile/accounting.ts';
import { RecordingError } from '../../src/profile/recordingFormat.ts';
import type { ReportSpan } from '../../src/profile/report.ts';
import type { TimelineDocument } from '../../src/protocol/webview.ts';
import { builtThread } from '../fixtures/builtThread.ts';
import { call, callEnd, end, header, recordingText } from './recordingLines.ts';

const thread = await builtThread('src/host/analysisThread.ts');

/** On a busy machine a thread takes seconds to read its sources. */
const PATIENCE = { timeout: 20_000 };

let folder: string;
let file: string;
let documents: TimelineDocument[];
let errors: unknown[];
let previews: ReportSpan[];
let live: LiveRecording;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-cost-live-'));
  file = join(folder, 'run.agentcost');
  documents = [];
  errors = [];
  previews = [];
  live = new LiveRecording(thread, file, { onDocument: (document) => documents.push(document), onPreview: (spans) => previews.push(...spans), onError: (error) => errors.push(error) }, () => DEFAULT_ACCOUNTING);
});

afterEach(() => {
  live.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function append(...lines: object[]): void {
  appendFileSync(file, recordingText(...lines));
  live.grew(statSync(file).size);
}

const calls = (): number | undefined => documents.at(-1)?.report.totals.llmCalls;

describe('a recording that is being written', () => {
  it('is shown as it grows, live, and whole at its end', async () => {
    append(header({ startedAt: new Date().toISOString() }), call('a', 1));
    await vi.waitFor(() => expect(calls()).toBe(1), PATIENCE);
    expect(documents.at(-1)?.report.run.live).toBe(true);
    append(callEnd('a', 20), call('b', 25));
    await vi.waitFor(() => expect(calls()).toBe(2), PATIENCE);
    appendFileSync(file, recordingText(callEnd('b', 40), end(50)));
    const last = await live.finish();
    expect(last.report.run).toMatchObject({ live: false, complete: true });
    expect(last.report.totals).toMatchObject({ llmCalls: 2, wallMs: 50 });
    expect(errors).toEqual([]);
  });

  it('grows while a call runs and nothing is recorded', async () => {
    append(header({ startedAt: new Date().toISOString() }), call('a', 1));
    await vi.waitFor(() => expect(documents.length).toBeGreaterThan(1), PATIENCE);
    expect(documents.at(-1)?.report.totals.wallMs).toBeGreaterThan(documents[0]?.report.totals.wallMs ?? Infinity);
  });

  it('is read right when growths come faster than reads, and a letter’s bytes lie in two of them', async () => {
    const text = recordingText(header(), call('a', 1, { thread: 'wörker' }), callEnd('a', 20), end(30));
    const bytes = Buffer.from(text);
    const middleOfLetter = bytes.indexOf(Buffer.from('ö')) + 1;
    writeFileSync(file, bytes);
    live.grew(10);
    live.grew(middleOfLetter);
    live.grew(bytes.length);
    const last = await live.finish();
    expect(last.report.spans.find((span) => span.kind === 'llm')?.thread).toBe('wörker');
    expect(last.report.warnings.filter((warning) => warning.code === 'damagedLines')).toEqual([]);
  });

  it('ends with the reason when it never became a recording', async () => {
    writeFileSync(file, '');
    await expect(live.finish()).rejects.toSatisfy((error) => RecordingError.is(error, 'empty'));
  });

  it('says once that it cannot be read, and ends with that error', async () => {
    live.grew(100);
    await vi.waitFor(() => expect(errors).toHaveLength(1), PATIENCE);
    await expect(live.finish()).rejects.toThrow(/ENOENT/);
  });
});

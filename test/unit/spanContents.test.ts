/** What spans said, looked up in a thread where the recording is long: the same as without one, the same errors, and memory given back. */
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { promptTable } from '../../src/analysis/prompts.ts';
import { spanContent } from '../../src/analysis/spanContent.ts';
import { SpanContents } from '../../src/host/spanContents.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { RecordingError, type RecordingLine } from '../../src/profile/recordingFormat.ts';
import { builtThread } from '../fixtures/builtThread.ts';
import { longRecording } from '../fixtures/longRecording.ts';
import { call, callEnd, recordingText } from './recordingLines.ts';

const thread = await builtThread('src/host/contentsThread.ts');
const LONG_BYTES = 500_000;

let folder: string;
let file: string;
let contents: SpanContents;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-cost-contents-'));
  file = join(folder, 'run.agentcost');
  contents = new SpanContents(thread);
});
afterEach(() => {
  contents.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function textOf(lines: number): string {
  const some: RecordingLine[] = [];
  for (const line of longRecording(() => some.length > lines)) some.push(line);
  return recordingText(...some);
}

describe('what the spans of a recording said', () => {
  it('is the same from a thread as without one', async () => {
    const text = textOf(160);
    writeFileSync(file, text);
    expect(statSync(file).size).toBeGreaterThan(LONG_BYTES);
    const profile = readRecording(text);
    const table = promptTable(profile.calls);
    const spans = analyze(profile).report.spans.filter(({ kind }) => kind === 'llm' || kind === 'tool');
    const some = [spans[0]!, spans[20]!, spans.at(-2)!, spans.at(-1)!];
    const found = await Promise.all(some.map((span) => contents.of(file, span)));
    expect(contents.holdsThread).toBe(true);
    expect(found).toEqual(some.map((span) => spanContent(table, { id: span.id, toolCallId: span.tool?.callId ?? null, startMs: span.startMs })));
    expect(found.some((each) => each?.kind === 'call' && each.answer !== null)).toBe(true);
    const asked = some.find(({ kind }) => kind === 'llm')!;
    expect(await contents.chunkGapsOf(file, asked.id)).toEqual(table.calls.find(({ id }) => id === asked.id)?.chunkGaps);
    expect(await contents.chunkGapsOf(file, 'none')).toBeNull();
  });

  it('needs no thread where the recording is short', async () => {
    writeFileSync(file, textOf(4));
    expect(statSync(file).size).toBeLessThan(LONG_BYTES);
    const [span] = analyze(readRecording(textOf(4))).report.spans.filter(({ kind }) => kind === 'llm');
    expect(await contents.of(file, span!)).toMatchObject({ kind: 'call' });
    expect(contents.holdsThread).toBe(false);
  });

  it('is read anew when more has been recorded, and a question that is under way is answered', async () => {
    writeFileSync(file, textOf(160));
    const first = contents.chunkGapsOf(file, 'late');
    await vi.waitFor(() => expect(contents.holdsThread).toBe(true), { timeout: 20_000 });
    appendFileSync(file, recordingText(call('late', 1e6), callEnd('late', 1e6 + 5, { chunkGaps: [0, 2, 3] })));
    expect(await contents.chunkGapsOf(file, 'late')).toEqual([0, 2, 3]);
    // It depends on when the file was read whether the first knows of it; an answer there is.
    expect([null, '[0,2,3]']).toContain(await first.then((gaps) => gaps && JSON.stringify(gaps)));
  });

  it('gives the thread’s memory back when nobody asks any more, and reads again when somebody does', async () => {
    contents = new SpanContents(thread, 1);
    writeFileSync(file, textOf(160));
    expect(await contents.chunkGapsOf(file, 'none')).toBeNull();
    await vi.waitFor(() => expect(contents.holdsThread).toBe(false), { timeout: 20_000 });
    expect(await contents.chunkGapsOf(file, 'c0-0')).toHaveLength(readRecording(textOf(160)).calls[0]!.end!.chunkGaps.length);
  });

  it('fails with the reason where it cannot be read', async () => {
    writeFileSync(file, `no recording ${'x'.repeat(LONG_BYTES)}\n`);
    await expect(contents.chunkGapsOf(file, 'a')).rejects.toSatisfy((error) => RecordingError.is(error, 'notARecording') && error.message.startsWith(file));
    const broken = new SpanContents(join(folder, 'none.cjs'));
    await expect(broken.chunkGapsOf(file, 'a')).rejects.toThrow();
    broken.dispose();
  });
});

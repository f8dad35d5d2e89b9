/** Documents that are kept for a next time: the same as analysed anew, and none where anything is another by now. */
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import type { ColumnDocument } from '../../src/analysis/columnDocument.ts';
import { LiveRecording } from '../../src/host/liveRecording.ts';
import { analyzeInThread, type OnRead } from '../../src/host/recordingAnalysis.ts';
import { LONG_RECORDING_BYTES } from '../../src/profile/recordingSize.ts';
import { DEFAULT_ACCOUNTING } from '../../src/profile/accounting.ts';
import { ENGLISH, type Language } from '../../src/profile/language.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { TimelineDocument } from '../../src/protocol/webview.ts';
import { forgetGone, forgetKept, keepDocument, KeptRecording, makerOf, sweep } from '../../src/recorder/keptDocuments.ts';
import { keptDocumentsFolder } from '../../src/recorder/keptDocumentsFolder.ts';
import { builtThread } from '../fixtures/builtThread.ts';
import { bigRecording } from '../fixtures/bigRecording.ts';
import { call, callEnd, end, header, message, recordingText, toolCall } from './recordingLines.ts';

const thread = await builtThread('src/host/analysisThread.ts');
const PLACE = 'kept';
const SAID = 'what the user said';
const ANSWERED = 'what the model answered';
const GIVEN = '{"query":"given to the tool"}';

let folder: string;
let file: string;
let keptIn: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-cost-kept-'));
  file = join(folder, 'run.agentcost');
  keptIn = join(folder, PLACE, 'documents');
});
// A thread may still be writing.
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));

const text = recordingText(
  header(),
  call('a', 0, { request: { messages: [message('user', SAID)] } }),
  callEnd('a', 1000, { text: ANSWERED, toolCalls: [{ ...toolCall('t', 'search'), arguments: GIVEN }] }),
  call('b', 1500, { request: { messages: [message('user', `${SAID} then`)] } }),
  callEnd('b', 2000, { text: null }),
  end(2500),
);
const whole = (): TimelineDocument => structuredClone(analyze(readRecording(text)));
const kept = (): string[] => readdirSync(keptIn).filter((name) => name.endsWith('.columns'));
const open = (onRead: OnRead | null = null): Promise<ColumnDocument> => analyzeInThread(thread, file, DEFAULT_ACCOUNTING, { keptIn, onRead });

/** Whether the document comes from what is kept: the recording was not read. */
async function isKept(opened: (onRead: OnRead) => Promise<ColumnDocument>): Promise<boolean> {
  let isRead = false;
  await opened(() => (isRead = true));
  return !isRead;
}

/** Opens the recording, and waits until it is kept. */
async function openFirst(): Promise<void> {
  writeFileSync(file, text);
  expect(await open()).toEqual(whole());
  await vi.waitFor(() => expect(kept()).toHaveLength(1), { timeout: 30_000 });
}

/** Keeps a document here, without a thread. */
async function keepHere(recording: string): Promise<KeptRecording> {
  const place = await KeptRecording.of(recording, { folder: keptIn, maker: 'test' }, null);
  await keepDocument(place, whole());
  return place;
}

describe('a recording that is opened again', () => {
  it('is there without being read, the same in all that it says', async () => {
    await openFirst();
    expect(await isKept(open)).toBe(true);
    expect(await open()).toEqual(whole());
  });

  it('is so whatever its length', async () => {
    const long = recordingText(...bigRecording(1500));
    writeFileSync(file, long);
    expect(await open()).toEqual(structuredClone(analyze(readRecording(long))));
    await vi.waitFor(() => expect(kept()).toHaveLength(1), { timeout: 30_000 });
    expect(await isKept(open)).toBe(true);
    expect(await open()).toEqual(structuredClone(analyze(readRecording(long))));
  });

  it('is kept for who has the recording alone: sealed, for the owner, and nothing is left unfinished', async () => {
    await openFirst();
    const [name] = readdirSync(keptIn);
    expect(readdirSync(keptIn)).toEqual([name]);
    const bytes = readFileSync(join(keptIn, name ?? ''));
    for (const said of [SAID, ANSWERED, GIVEN, 'search', 'test run']) for (const encoding of ['utf8', 'utf16le'] as const) expect(bytes.includes(said, 0, encoding)).toBe(false);
    if (process.platform === 'win32') return;
    expect(statSync(join(keptIn, name ?? '')).mode & 0o777).toBe(0o600);
    expect(statSync(keptIn).mode & 0o777).toBe(0o700);
  });

  it('is read anew when it was written to, and in another language, by other settings or another program', async () => {
    await openFirst();
    const other = { ...DEFAULT_ACCOUNTING, policy: 'marginal' as const };
    expect(await isKept(open)).toBe(true);
    expect(await isKept((onRead) => analyzeInThread(thread, file, other, { keptIn, onRead }))).toBe(false);
    expect(await isKept((onRead) => analyzeInThread(thread, file, DEFAULT_ACCOUNTING, { keptIn, onRead, language: { ...ENGLISH, locale: 'de' } }))).toBe(false);
    const second = join(folder, 'second.agentcost');
    writeFileSync(second, text);
    const maker = (name: string): Promise<unknown> => KeptRecording.of(second, { folder: keptIn, maker: name }, null).then((each) => each.read());
    await keepHere(second);
    expect([await maker('test'), await maker('another')].map((each) => each !== null)).toEqual([true, false]);
    appendFileSync(file, recordingText(call('c', 2100)));
    expect(await isKept(open)).toBe(false);
    await vi.waitFor(async () => expect(await isKept(open)).toBe(true), { timeout: 30_000 });
    // As long as before, and of the same time.
    const { size, atime, mtime } = statSync(file);
    truncateSync(file, size - 2);
    appendFileSync(file, ' \n');
    utimesSync(file, atime, mtime);
    expect(await isKept(open)).toBe(false);
  });

  it('is there where the command line kept it, for who reads English, by whatever way', async () => {
    writeFileSync(file, text);
    const keep = async (): Promise<void> => keepDocument(await KeptRecording.of(file, { folder: keptIn, maker: await makerOf(thread) }, [DEFAULT_ACCOUNTING, ENGLISH]), whole());
    const openIn = (language: Language, named = file) => isKept((onRead) => analyzeInThread(thread, named, DEFAULT_ACCOUNTING, { keptIn, onRead, language }));
    await keep();
    expect(await openIn(ENGLISH)).toBe(true);
    expect(await openIn({ ...ENGLISH, locale: 'en' })).toBe(true);
    expect(await analyzeInThread(thread, file, DEFAULT_ACCOUNTING, { keptIn, language: { ...ENGLISH, locale: 'en' } })).toEqual(whole());
    symlinkSync(folder, `${folder}-link`);
    try {
      expect(await openIn({ ...ENGLISH, locale: 'en' }, join(`${folder}-link`, 'run.agentcost'))).toBe(true);
    } finally {
      rmSync(`${folder}-link`);
    }
    expect(await openIn({ ...ENGLISH, locale: 'fr' })).toBe(false);
    await vi.waitFor(() => expect(readdirSync(keptIn).filter((name) => name.endsWith('.part'))).toEqual([]), { timeout: 30_000 });
    await keep();
    expect(await openIn({ locale: 'de', textsLocale: 'de', texts: {} })).toBe(false);
  });

  it('is read anew where what is kept is damaged, wherever it is, and cut off', async () => {
    writeFileSync(file, text);
    const place = await keepHere(file);
    const path = join(keptIn, kept()[0] ?? '');
    const sound = readFileSync(path);
    expect(await place.read()).not.toBeNull();
    for (let at = 0; at < sound.length; at += 97) {
      const damaged = Buffer.from(sound);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      writeFileSync(path, damaged);
      expect(await place.read()).toBeNull();
    }
    for (const length of [0, 1, 31, 36, sound.length - 1]) {
      writeFileSync(path, sound.subarray(0, length));
      expect(await place.read()).toBeNull();
    }
    writeFileSync(path, sound);
    expect(await place.read()).not.toBeNull();
  });

  it('is opened all the same where nothing can be kept', async () => {
    writeFileSync(file, text);
    writeFileSync(join(folder, PLACE), 'a file where a folder should be');
    expect(await open()).toEqual(whole());
    expect(await open()).toEqual(whole());
  });
});

describe('what is kept', () => {
  it('lies in the user’s place for what can be made again', () => {
    expect(keptDocumentsFolder({ XDG_CACHE_HOME: '/caches' }, 'linux')).toBe(join('/caches', 'agent-cost', 'documents'));
    expect(keptDocumentsFolder({}, 'darwin')).toBe(join(homedir(), '.cache', 'agent-cost', 'documents'));
    expect(keptDocumentsFolder({ LOCALAPPDATA: '/local' }, 'win32')).toBe(join('/local', 'agent-cost', 'documents'));
  });

  it('goes with its recording, and what was used longest ago goes first where it is too much', async () => {
    const recordings = ['1', '2', '3', '4'].map((name) => join(folder, `${name}.agentcost`));
    for (const recording of recordings) {
      writeFileSync(recording, text);
      await keepHere(recording);
    }
    const names = await Promise.all(recordings.map(async (recording) => (await KeptRecording.of(recording, { folder: keptIn, maker: 'test' }, null)).read()));
    expect(names.every((each) => each !== null)).toBe(true);
    await forgetKept(keptIn, recordings[0] ?? '');
    expect(kept()).toHaveLength(3);
    rmSync(recordings[1] ?? '');
    const third = kept();
    await keepHere(recordings[2] ?? '');
    expect(kept()).toHaveLength(2);
    expect(third).toEqual(expect.arrayContaining(kept()));
    const [old, used] = kept();
    utimesSync(join(keptIn, old ?? ''), 1, 1);
    await sweep(keptIn, 'none-', statSync(join(keptIn, used ?? '')).size);
    expect(kept()).toEqual([used]);
  });

  it('goes with a recording that was deleted elsewhere, and stays with others', async () => {
    const recordings = ['1', '2'].map((name) => join(folder, `${name}.agentcost`));
    for (const recording of recordings) {
      writeFileSync(recording, text);
      await keepHere(recording);
    }
    const both = kept();
    await forgetGone(keptIn);
    expect(kept()).toEqual(both);
    rmSync(recordings[0] ?? '');
    await forgetGone(keptIn);
    expect(kept()).toHaveLength(1);
    const left = await KeptRecording.of(recordings[1] ?? '', { folder: keptIn, maker: 'test' }, null);
    expect(await left.read()).not.toBeNull();
    await forgetGone(join(folder, 'nowhere'));
  });

  it('is begun by no one who is gone', async () => {
    mkdirSync(keptIn, { recursive: true });
    writeFileSync(join(keptIn, 'old.columns.1.part'), '');
    utimesSync(join(keptIn, 'old.columns.1.part'), 1, 1);
    writeFileSync(join(keptIn, 'new.columns.2.part'), '');
    writeFileSync(file, text);
    await keepHere(file);
    expect(readdirSync(keptIn).filter((name) => name.endsWith('.part'))).toEqual(['new.columns.2.part']);
  });

  it('is a run’s own document when it ends, so that it opens at once the first time', async () => {
    writeFileSync(file, recordingText(...bigRecording(300)));
    const { size } = statSync(file);
    expect(size).toBeGreaterThan(LONG_RECORDING_BYTES);
    const live = new LiveRecording(thread, file, { onDocument: () => undefined, onPreview: () => undefined, onError: () => undefined }, () => DEFAULT_ACCOUNTING, keptIn);
    live.grew(size);
    const last = await live.finish();
    await vi.waitFor(() => expect(kept()).toHaveLength(1), { timeout: 30_000 });
    expect(await isKept(open)).toBe(true);
    expect(await open()).toEqual(last);
  });
});

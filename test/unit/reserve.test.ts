/** The end of a recording on a disk that stays full: what is kept, and where it is written. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { RecordingLine } from '../../src/profile/recordingFormat.ts';
import { createRecordingFile } from '../../src/recorder/createRecordingFile.ts';
import { deleteRecording } from '../../src/recorder/deleteRecording.ts';
import { roomBeside } from '../../src/recorder/openSink.ts';
import { readRecordingFile } from '../../src/recorder/recordingFile.ts';
import { RecordingSink, type AppendTarget } from '../../src/recorder/recordingSink.ts';
import { RecordingTail } from '../../src/recorder/recordingTail.ts';
import { RecordingWriter } from '../../src/recorder/recordingWriter.ts';
import { Reserve, RESERVE_BYTES, reservePath, sweepReserves } from '../../src/recorder/reserve.ts';
import { fitting, LostLines, writtenBytes, type Waiting } from '../../src/recorder/thinLines.ts';
import { call, callEnd, end, header, message, sample, span, spanEnd } from './recordingLines.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'reserve-test-'));
  folders.push(folder);
  return folder;
}

function waiting(line: object): Waiting {
  return { type: (line as RecordingLine).type, text: JSON.stringify(line) };
}

const sizeOf = (lines: readonly Waiting[]) => lines.reduce((sum, line) => sum + writtenBytes(line), 0);
const nameOf = (line: Waiting) => `${line.type} ${(JSON.parse(line.text) as { id?: string }).id}`;
const textOf = (line: Waiting | undefined) => (JSON.parse(line?.text ?? '{}') as { text: string | null }).text;

describe('what fits into little room', () => {
  it('is everything where that fits, else the longest calls without their texts', () => {
    const lines = [callEnd('a', 1, { text: 'x'.repeat(5000), chunkGaps: [0, 1] }), callEnd('b', 2, { text: 'y'.repeat(100) })].map(waiting);
    const lost = new LostLines();
    expect(fitting(lines, sizeOf(lines), lost)).toEqual(lines);
    expect(lost.count).toBe(0);
    const fitted = fitting(lines, sizeOf(lines) - 1, lost);
    expect(fitted.map(textOf)).toEqual([null, 'y'.repeat(100)]);
    expect(lost.words()).toBe('the texts and chunk times of 1 line');
  });

  it('keeps ends of calls that are in the file already before other calls, and tells the tokens of those that go', () => {
    const [known, first, firstEnd, second, secondEnd, last] = [callEnd('known', 1), call('a', 2), callEnd('a', 3), call('b', 4), callEnd('b', 5), end(6)].map(waiting) as [Waiting, Waiting, Waiting, Waiting, Waiting, Waiting];
    const lost = new LostLines();
    expect(fitting([first, firstEnd, second, secondEnd, known, last], sizeOf([known, first, firstEnd, last]), lost)).toEqual([first, firstEnd, known, last]);
    expect(lost.words()).toBe('2 lines (among them the ends of 1 call with 100 prompt and 10 completion tokens)');
  });

  it('is never more than the room, in order, with no call’s end lost before a span', () => {
    const line = fc.oneof(
      fc.record({ id: fc.nat(20), words: fc.nat(3000) }).map(({ id, words }) => callEnd(`c${id}`, 1, { text: 'w'.repeat(words) })),
      fc.record({ id: fc.nat(20), words: fc.nat(3000) }).map(({ id, words }) => call(`c${id}`, 1, { request: { messages: [message('user', 'é'.repeat(words))] } })),
      fc.nat(20).map((id) => span(`s${id}`, 1)),
      fc.nat(20).map((id) => spanEnd(`s${id}`, 1)),
      fc.constant(sample(1)),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), fc.integer({ min: 600, max: 40_000 }), (all, room) => {
        const lines = [...all, end(9)].map(waiting);
        const lost = new LostLines();
        const fitted = fitting(lines, room, lost);
        expect(sizeOf(fitted)).toBeLessThanOrEqual(Math.min(room, sizeOf(lines)));
        expect(fitted.at(-1)).toEqual(lines.at(-1));
        const left = lines.map(nameOf);
        for (const name of fitted.map(nameOf)) {
          while (left.length > 0 && left[0] !== name) left.shift();
          expect(left.shift()).toBe(name);
        }
        expect(lines.length - fitted.length > 0 || fitted.some((each, place) => each !== lines[place])).toBe(lost.count > 0);
        const ends = (them: readonly Waiting[]) => them.filter(({ type }) => type === 'callEnd').length;
        if (ends(fitted) < ends(lines)) expect(fitted.some(({ type }) => type === 'span' || type === 'spanEnd' || type === 'sample')).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});

/** A file on a disk that has only so much room. */
function onFullDisk(file: FileHandle, room: number): AppendTarget {
  return {
    write: async (buffer, offset, length) => {
      if (room === 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      const { bytesWritten } = await file.write(buffer, offset, Math.min(length, room));
      room -= bytesWritten;
      return { bytesWritten };
    },
    truncate: (bytes) => file.truncate(bytes),
    close: () => file.close(),
  };
}

/** Writes a run whose disk becomes full; @returns what readers make of it */
async function recordedOnFullDisk({ room, compress = false, words = 200, calls = 50 }: { room: number; compress?: boolean; words?: number; calls?: number }) {
  const folder = newFolder();
  const path = join(folder, 'run.agentcost');
  const told: string[] = [];
  const first = header();
  const headerOf = (part: number) => `${JSON.stringify({ ...first, part })}\n`;
  const file = (await createRecordingFile(path)) as FileHandle;
  const sink = new RecordingSink(onFullDisk(file, room), { compress, lastRoom: roomBeside(path, headerOf) });
  let grown = 0;
  const writer: RecordingWriter = new RecordingWriter(sink, {
    onGrew: (bytes) => (grown = bytes),
    onLoss: (code, text) => {
      told.push(code);
      writer.append({ type: 'warning', t: 5, code, message: text });
    },
  });
  writer.append(first);
  // The header is on the disk before the calls are.
  while (grown === 0 && told.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const tail = new RecordingTail(path);
  await tail.readTo(grown);
  for (let n = 0; n < calls; n++) {
    writer.append(call(`c${n}`, n + 1, { request: { messages: [message('user', `${n} ${'w '.repeat(words)}`, `digest of ${n}`)] } }));
    writer.append(callEnd(`c${n}`, n + 1.5, { text: `answer ${n}` }));
  }
  writer.append(end(calls + 10) as RecordingLine);
  const bytes = await writer.close();
  await tail.readTo(bytes);
  await tail.finish();
  const profile = await readRecordingFile(path);
  expect(tail.reader.profile.calls).toEqual(profile.calls);
  expect(grown).toBe(bytes);
  return { profile, told, files: readdirSync(folder), size: readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0), bytes };
}

describe('a disk that stays full', () => {
  it.each([
    ['a first line alone', 3000],
    ['a part of the first batch', 20_000],
  ])('with room for %s has all calls in the room that was held, and the end', async (_name, room) => {
    const { profile, told, files, size, bytes } = await recordedOnFullDisk({ room });
    expect(profile.calls.map(({ start, end: over }) => [start.id, over?.text])).toEqual(Array.from({ length: 50 }, (_, n) => [`c${n}`, `answer ${n}`]));
    expect(profile.end).not.toBeNull();
    expect(profile.warnings.map(({ code }) => code)).toEqual(['recordingStalled']);
    expect([told, files, size]).toEqual([['recordingStalled'], ['run.2.agentcost', 'run.agentcost'], bytes]);
  });

  it('has the recording’s beginning there, where not even that found room', async () => {
    const { profile, files } = await recordedOnFullDisk({ room: 100 });
    expect([profile.calls.length, profile.header.name, files]).toEqual([50, 'test run', ['run.agentcost']]);
  });

  it('that is compressed has the same', async () => {
    const { profile, files } = await recordedOnFullDisk({ room: 1200, compress: true });
    expect([profile.calls.length, profile.end === null, profile.warnings.map(({ code }) => code), files]).toEqual([50, false, ['recordingStalled'], ['run.2.agentcost', 'run.agentcost']]);
  });

  it('keeps figures where texts find no room, and then says what is lost', async () => {
    const { profile, told } = await recordedOnFullDisk({ room: 3000, words: 40_000 });
    expect(profile.calls.map(({ end: over }) => over?.usage?.promptTokens)).toEqual(Array(50).fill(100));
    expect(profile.calls.filter(({ start }) => start.request.messages[0]?.text === null).length).toBeGreaterThan(30);
    expect(told).toEqual(['recordingStalled', 'recordingIncomplete']);
    expect(profile.warnings.at(-1)?.message).toMatch(/the texts and chunk times of \d+ lines found no room \(the disk is full\)/);
    expect(profile.end).not.toBeNull();
  });

  it('tells the tokens of calls that found no room either', async () => {
    const { profile } = await recordedOnFullDisk({ room: 3000, words: 1, calls: 4000 });
    const ended = profile.calls.filter(({ end: over }) => over !== null);
    expect(ended.length).toBe(profile.calls.length);
    expect(ended.length).toBeGreaterThan(500);
    const lost = 4000 - ended.length;
    expect(profile.warnings.at(-1)?.message).toContain(`(among them the ends of ${lost} calls with ${lost * 100} prompt and ${lost * 10} completion tokens)`);
  });
});

describe('the room that is held', () => {
  it('is its owner’s alone, in the place of nothing else, and gone when given back', async () => {
    const recording = join(newFolder(), 'a.agentcost');
    const reserve = await Reserve.take(recording);
    const { mode, size, blocks } = statSync(reservePath(recording));
    expect([mode & 0o777, size]).toEqual([0o600, RESERVE_BYTES]);
    expect(blocks * 512).toBeGreaterThanOrEqual(RESERVE_BYTES);
    expect(await Reserve.take(recording)).toBeNull();
    await reserve!.release();
    expect(existsSync(reservePath(recording))).toBe(false);
    symlinkSync(join(newFolder(), 'other'), reservePath(recording));
    expect(await Reserve.take(recording)).toBeNull();
  });

  it('is written over where it lies', async () => {
    const recording = join(newFolder(), 'a.agentcost');
    const reserve = await Reserve.take(recording);
    const { ino } = statSync(reservePath(recording));
    await reserve!.become(`${recording}.part`, Buffer.from('last words\n'));
    expect([readFileSync(`${recording}.part`, 'utf8'), statSync(`${recording}.part`).ino, existsSync(reservePath(recording))]).toEqual(['last words\n', ino, false]);
    await expect(reserve!.become(recording, Buffer.from('again'))).rejects.toThrow('used up');
  });

  it('is removed when its recorder is gone, here and not elsewhere, by the next or with its recording', async () => {
    const folder = newFolder();
    const recording = join(folder, 'a.agentcost');
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    const left = (name: string, owner: object) => writeFileSync(join(folder, name), `${JSON.stringify(owner)}\n...`);
    left('dead.agentcost.reserve', { format: 'agent-cost/reserve', pid: gone, host: hostname() });
    left('alive.agentcost.reserve', { format: 'agent-cost/reserve', pid: process.pid, host: hostname() });
    left('elsewhere.agentcost.reserve', { format: 'agent-cost/reserve', pid: gone, host: 'another' });
    left('other.reserve', { pid: gone });
    writeFileSync(join(folder, 'empty.reserve'), '');
    await sweepReserves(recording);
    expect(readdirSync(folder)).toEqual(['alive.agentcost.reserve', 'elsewhere.agentcost.reserve', 'empty.reserve', 'other.reserve']);
    writeFileSync(join(folder, 'elsewhere.agentcost'), '');
    await deleteRecording(join(folder, 'elsewhere.agentcost'));
    expect(readdirSync(folder)).toEqual(['alive.agentcost.reserve', 'empty.reserve', 'other.reserve']);
  });
});

/** Recordings in several files, compressed ones, and ones that have a largest size: as they are written and as they are read. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { HeaderLine, RecordingLine } from '../../src/profile/recordingFormat.ts';
import { byteSize, PLAIN_STORAGE, type Storage } from '../../src/protocol/storage.ts';
import { deleteRecording } from '../../src/recorder/deleteRecording.ts';
import { openSink } from '../../src/recorder/openSink.ts';
import { readRecordingFile } from '../../src/recorder/recordingFile.ts';
import { namedPart, partPath } from '../../src/recorder/recordingNames.ts';
import { foundRecording, partsOf, recordingOf } from '../../src/recorder/recordingParts.ts';
import { RecordingTail } from '../../src/recorder/recordingTail.ts';
import { RecordingWriter } from '../../src/recorder/recordingWriter.ts';
import { longRecording } from '../fixtures/longRecording.ts';
import { header } from './recordingLines.ts';

const folder = mkdtempSync(join(tmpdir(), 'parts-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
function newPath(): string {
  return join(folder, `${++made}`, 'run.agentcost');
}

/** About 3 MB of lines. */
function someLines(): RecordingLine[] {
  const some: RecordingLine[] = [];
  for (const line of longRecording(() => some.length > 240)) some.push(line);
  return some;
}
const lines = someLines();

async function written(path: string, storage: Partial<Storage>, told: RecordingLine[] = lines): Promise<string[]> {
  const losses: string[] = [];
  const options = { ...PLAIN_STORAGE, ...storage };
  const writer = new RecordingWriter(await openSink(path, told[0] as HeaderLine, options), { onGrew: () => undefined, onLoss: (_, message) => losses.push(message) }, options.mostBytes ?? Infinity);
  for (const [index, line] of told.entries()) {
    writer.append(line);
    // Lets batches be written, as a run does.
    if (index % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const bytes = await writer.close();
  expect(bytes).toBe((await foundRecording(path)).size);
  return losses;
}

const plain = newPath();
await written(plain, {});
const expected = await readRecordingFile(plain);

describe('a recording in parts', () => {
  it.each<[string, Partial<Storage>]>([
    ['as text', { partBytes: 1_000_000 }],
    ['compressed', { partBytes: 1_000_000, compress: true }],
    ['compressed, in one file', { compress: true }],
  ])('%s is read as one, by whichever part it is named', async (_, storage) => {
    const path = newPath();
    const told = storage.compress === true ? [...lines, ...lines.slice(1).map((line) => ('id' in line ? { ...line, id: `again-${line.id}` } : line))] : lines;
    await written(path, storage, told);
    const parts = await partsOf(path);
    expect(parts).toEqual(parts.map((_part, index) => partPath(path, index + 1)));
    expect(readdirSync(join(path, '..')).sort()).toEqual(parts.map((part) => part.slice(join(path, '..').length + 1)).sort());
    for (const part of parts) {
      const profile = await readRecordingFile(part);
      expect(profile.warnings).toEqual([]);
      if (told === lines) expect(profile).toEqual(expected);
      expect(profile.calls.length).toBe(told.filter(({ type }) => type === 'call').length);
      expect((statSync(part).mode & 0o777).toString(8)).toBe('600');
    }
    if (storage.partBytes !== undefined && storage.compress === undefined) expect(parts.length).toBeGreaterThan(1);
    if (storage.compress === true) for (const part of parts) expect(JSON.parse(gunzipSync(readFileSync(part)).toString().split('\n')[0]!)).toMatchObject({ type: 'header' });
  });

  it('is read with a part missing, and says which; by any other part, and deleted with all', async () => {
    const path = newPath();
    await written(path, { partBytes: 700_000 });
    const parts = await partsOf(path);
    expect(parts.length).toBeGreaterThan(3);
    rmSync(parts[1]!);
    expect(await partsOf(path)).toEqual(parts.filter((part) => part !== parts[1]));
    const profile = await readRecordingFile(parts.at(-1)!);
    expect(profile.warnings.map(({ message }) => message)).toEqual([expect.stringContaining('line 1 of part 2: the file with this part is not there; put it back beside the others')]);
    expect(profile.calls.length).toBeGreaterThan(0);
    expect(profile.calls.length).toBeLessThan(expected.calls.length);
    // What only has such a name is no part.
    writeFileSync(partPath(path, 40), 'something else\n');
    expect((await partsOf(path)).length).toBe(parts.length - 1);
    await deleteRecording(path);
    expect(readdirSync(join(path, '..'))).toEqual(['run.40.agentcost']);
  });

  it('is told from a recording that only has such a name', async () => {
    const path = newPath();
    await written(path, {}, lines.slice(0, 9));
    await written(partPath(path, 2), {}, [header({ id: 'another' }), ...lines.slice(1, 5)]);
    expect(await partsOf(path)).toEqual([path]);
    expect(await recordingOf(partPath(path, 2))).toBe(partPath(path, 2));
    expect((await readRecordingFile(partPath(path, 2))).header.id).toBe('another');
    expect([namedPart('/a/run.2.agentcost'), namedPart('/a/run.1.agentcost'), namedPart('/a/v1.agentcost'), namedPart('/a/run.02.agentcost')]).toEqual([{ recording: '/a/run.agentcost', part: 2 }, null, null, null]);
  });

  it('of which a later first line is damaged is read all the same, and says so', async () => {
    const path = newPath();
    await written(path, { partBytes: 1_000_000 });
    const second = partPath(path, 2);
    writeFileSync(second, readFileSync(second).fill(0, 10, 60));
    const profile = await readRecordingFile(path);
    expect(profile.calls).toEqual(expected.calls);
    expect(profile.warnings).toMatchObject([{ code: 'damagedLines', message: expect.stringContaining('line 1 of part 2: it is no whole JSON') as string }]);
  });

  it('is not begun where a second part would be in the place of something, and follows no link', async () => {
    const path = newPath();
    mkdirSync(join(path, '..'));
    writeFileSync(partPath(path, 2), 'mine');
    await expect(openSink(path, header(), { ...PLAIN_STORAGE, partBytes: 1_000_000 })).rejects.toMatchObject({ code: 'EEXIST' });
    expect(readdirSync(join(path, '..'))).toEqual(['run.2.agentcost']);
    const linked = newPath();
    mkdirSync(join(linked, '..'));
    const elsewhere = join(folder, 'elsewhere');
    symlinkSync(elsewhere, linked);
    for (const compress of [false, true]) await expect(openSink(linked, header(), { ...PLAIN_STORAGE, compress })).rejects.toMatchObject({ code: 'EEXIST' });
    // One that is put there while the recorder writes.
    const late = newPath();
    const sink = await openSink(late, header(), { ...PLAIN_STORAGE, partBytes: 1_000_000 });
    symlinkSync(elsewhere, partPath(late, 2));
    for (const text of ['x'.repeat(1_000_000), 'y']) {
      const bytes = await sink.encode(text);
      const writing = sink.write(bytes, 0, bytes.length);
      if (text === 'y') await expect(writing).rejects.toMatchObject({ code: 'EEXIST' });
      else await writing;
    }
    await sink.close();
    expect(() => statSync(elsewhere)).toThrow('ENOENT');
  });

  it.each([{}, { compress: true }, { partBytes: 1_000_000 }, { partBytes: 1_000_000, compress: true }])('can be read while it is written with %j', async (storage) => {
    const path = newPath();
    const options = { ...PLAIN_STORAGE, ...storage };
    let grown = 0;
    const writer = new RecordingWriter(await openSink(path, lines[0] as HeaderLine, options), { onGrew: (bytes) => (grown = bytes), onLoss: () => undefined });
    const tail = new RecordingTail(path);
    for (const [index, line] of lines.entries()) {
      writer.append(line);
      if (index % 40 !== 0) continue;
      // What is written is read: it comes, in whatever batches.
      while (!tail.reader.started || tail.reader.profile.lastT < (index === 0 ? 0 : (line as { t: number }).t)) {
        await new Promise((resolve) => setImmediate(resolve));
        await tail.readTo(grown);
        expect(tail.reader.damaged).toBe(0);
      }
      // Another one, who comes only now.
      if (index % 120 === 0) expect((await readRecordingFile(path)).warnings).toEqual([]);
    }
    await writer.close();
    await tail.finish();
    expect(tail.reader.damaged).toBe(0);
    expect(tail.reader.profile.calls.map(({ start, end }) => [start.id, end?.t])).toEqual(expected.calls.map(({ start, end }) => [start.id, end?.t]));
  });
});

describe('a largest size', () => {
  it('is kept by leaving out texts, which is told, and never figures', async () => {
    const path = newPath();
    const losses = await written(path, { mostBytes: 500_000 });
    const { calls } = await readRecordingFile(path);
    expect(statSync(path).size).toBeLessThan(2_000_000);
    expect(calls.map(({ end }) => [end?.usage, end?.chunkGaps])).toEqual(expected.calls.map(({ end }) => [end?.usage, end?.chunkGaps]));
    expect(calls.map(({ start }) => start.request.messages.map(({ hash, chars }) => [hash, chars]))).toEqual(expected.calls.map(({ start }) => start.request.messages.map(({ hash, chars }) => [hash, chars])));
    const without = calls.filter(({ end }) => end?.text === null).length;
    expect([calls[0]?.end?.text, calls.at(-1)?.end?.text]).toEqual([expected.calls[0]?.end?.text, null]);
    expect(losses[0]).toBe('The recording has reached 500 kB: prompts and answers are no longer kept, all figures are.');
    const counted = Number(/the texts of (\d+) later lines were not kept/.exec(losses[1]!)?.[1]);
    expect(counted).toBeGreaterThanOrEqual(2 * without - 1);
    expect(counted).toBeLessThanOrEqual(2 * without + 1);
  });
});

it('sizes are read as people write them', () => {
  expect(['500MB', '2 GB', '1.5g', '1500000', '10k', '1TB'].map(byteSize)).toEqual([5e8, 2e9, 1.5e9, 1.5e6, 1e4, 1e12]);
  expect(['', 'MB', '1 XB', '-1', '1e9', '1 2'].map(byteSize)).toEqual([null, null, null, null, null, null]);
});

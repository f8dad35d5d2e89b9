/** Deleting recordings, in real folders. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { deleteRecording, recordingsIn } from '../../src/recorder/deleteRecording.ts';
import { keepDocument, KeptRecording } from '../../src/recorder/keptDocuments.ts';
import { keptDocumentsFolder } from '../../src/recorder/keptDocumentsFolder.ts';
import { keepSourceText, sha256Hex, sourcesFolder } from '../../src/recorder/sourceTexts.ts';
import { end, header, recordingText } from './recordingLines.ts';

const root = mkdtempSync(join(tmpdir(), 'delete-recording-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function recording(name: string): string {
  const file = join(root, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, 'x'.repeat(100));
  return file;
}

async function keep(file: string, text: string): Promise<string> {
  const sha256 = sha256Hex(Buffer.from(text));
  await keepSourceText(file, sha256, Buffer.from(text));
  return join(sourcesFolder(file), sha256);
}

it('deletes with a recording what was kept for it alone, at once, and the folder when nothing is left in it', async () => {
  const [one, two] = [recording('a/one.agentcost'), recording('a/two.agentcost')];
  const [shared, own] = [await keep(one, 'shared'), await keep(one, 'own')];
  expect(await keep(two, 'shared')).toBe(shared);
  expect(await deleteRecording(one)).toBe(100);
  expect([existsSync(one), existsSync(own), existsSync(shared), existsSync(two)]).toEqual([false, false, true, true]);
  await deleteRecording(two);
  expect(readdirSync(join(root, 'a'))).toEqual([]);
});

it('deletes what was kept of a recording so that it opens at once', async () => {
  const caches = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = join(root, 'caches');
  try {
    const [one, two] = [recording('k/one.agentcost'), recording('k/two.agentcost')];
    const folder = keptDocumentsFolder();
    const document = analyze(readRecording(recordingText(header(), end(10))));
    for (const file of [one, two]) await keepDocument(await KeptRecording.of(file, { folder, maker: 'test' }, null), document);
    expect(readdirSync(folder)).toHaveLength(2);
    await deleteRecording(one);
    expect(readdirSync(folder)).toHaveLength(1);
    await deleteRecording(two);
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    if (caches === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = caches;
  }
});

it('deletes a link, and not what it leads to', async () => {
  const target = recording('b/target.agentcost');
  const link = join(root, 'b/link.agentcost');
  symlinkSync(target, link);
  await deleteRecording(link);
  expect([existsSync(link), existsSync(target)]).toEqual([false, true]);
  await expect(deleteRecording(link)).rejects.toMatchObject({ code: 'ENOENT' });
});

it('finds the recordings of a folder and of groups in it, the oldest first, and nothing else', async () => {
  const files = ['c/new.agentcost', 'c/group/old.agentcost', 'c/middle.agentcost', 'c/group/deeper/no.agentcost', 'c/other.txt'].map(recording);
  for (const [index, seconds] of [[0, 300], [1, 100], [2, 200]] as const) utimesSync(files[index]!, seconds, seconds);
  symlinkSync(files[0]!, join(root, 'c/link.agentcost'));
  expect(await recordingsIn(join(root, 'c'))).toEqual([1, 2, 0].map((index) => ({ file: files[index], size: 100, writtenAt: [300_000, 100_000, 200_000][index] })));
  expect(await recordingsIn(join(root, 'nowhere'))).toEqual([]);
});

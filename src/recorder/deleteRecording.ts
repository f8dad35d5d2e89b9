/** Recordings that are to be deleted: which a folder has, and what goes with one. */
import { lstat, readdir, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bytes } from '../profile/units.ts';
import { forgetKept } from './keptDocuments.ts';
import { keptDocumentsFolder } from './keptDocumentsFolder.ts';
import { RECORDING_EXTENSION } from './recordingNames.ts';
import { foundRecording, partsOf, type FoundRecording } from './recordingParts.ts';
import { reservePath } from './reserve.ts';
import { deleteSourceTexts } from './sourceTexts.ts';

/** The recordings in a folder, and in folders right in it, where runs that belong together lie; the oldest first. */
export async function recordingsIn(folder: string): Promise<FoundRecording[]> {
  const entries = await entriesOf(folder);
  const inner = await Promise.all(entries.filter((entry) => entry.isDirectory()).map((entry) => recordingsBeside(join(folder, entry.name))));
  return [...(await recordingsBeside(folder)), ...inner.flat()].sort((a, b) => a.writtenAt - b.writtenAt);
}

/**
 * Deletes a recording's files, the source texts that were kept for it alone, and what was kept of it so that it opens at once.
 * There is no way back.
 * @returns the size of what was the recording
 * @throws NodeJS.ErrnoException
 */
export async function deleteRecording(file: string): Promise<Bytes> {
  const parts = await partsOf(file);
  let bytes: Bytes = 0;
  // The first is what names the others, so that one that can't be deleted leaves a recording.
  for (const part of parts.toReversed()) {
    const { size } = await lstat(part);
    await unlink(part);
    bytes += size;
  }
  // Of a recorder that was killed.
  await rm(reservePath(file), { force: true });
  await deleteSourceTexts(file);
  await forgetKept(keptDocumentsFolder(), file);
  return bytes;
}

async function recordingsBeside(folder: string): Promise<FoundRecording[]> {
  const files = (await entriesOf(folder)).filter((entry) => entry.isFile() && entry.name.endsWith(RECORDING_EXTENSION));
  const found = await Promise.all(files.map(({ name }) => foundRecording(join(folder, name))));
  // Later parts lead to the recording that they are of.
  return [...new Map(found.map((each) => [each.file, each])).values()];
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Recordings that are to be deleted: which a folder has, and what goes with one. */
import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import { RECORDING_EXTENSION } from './recordingFile.ts';
import { deleteSourceTexts } from './sourceTexts.ts';

/** A recording in a folder. */
export interface FoundRecording {
  /** Path of its file. */
  file: string;
  size: Bytes;
  /** When it was last written, in ms since 1970. */
  writtenAt: Milliseconds;
}

/** The recordings in a folder, and in folders right in it, where runs that belong together lie; the oldest first. */
export async function recordingsIn(folder: string): Promise<FoundRecording[]> {
  const entries = await entriesOf(folder);
  const inner = await Promise.all(entries.filter((entry) => entry.isDirectory()).map((entry) => recordingsBeside(join(folder, entry.name))));
  return [...(await recordingsBeside(folder)), ...inner.flat()].sort((a, b) => a.writtenAt - b.writtenAt);
}

/**
 * Deletes a recording's file, and the source texts that were kept for it alone. There is no way back.
 * @returns the size of what was the recording
 * @throws NodeJS.ErrnoException
 */
export async function deleteRecording(file: string): Promise<Bytes> {
  const { size } = await lstat(file);
  await unlink(file);
  await deleteSourceTexts(file);
  return size;
}

async function recordingsBeside(folder: string): Promise<FoundRecording[]> {
  const files = (await entriesOf(folder)).filter((entry) => entry.isFile() && entry.name.endsWith(RECORDING_EXTENSION));
  return Promise.all(
    files.map(async ({ name }) => {
      const file = join(folder, name);
      const { size, mtimeMs } = await lstat(file);
      return { file, size, writtenAt: mtimeMs };
    }),
  );
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

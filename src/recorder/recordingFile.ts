/** Recordings as files: where they go, and how they are read. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RecordingReader } from '../profile/readRecording.ts';
import { crc32 } from './crc32.ts';
import { formatBytes } from '../profile/formatValue.ts';
import { RecordingError } from '../profile/recordingFormat.ts';
import type { Profile } from '../profile/model.ts';
import type { Bytes } from '../profile/units.ts';

export const RECORDING_EXTENSION = '.agentcost';
/** A larger file is refused: its profile would not fit the memory of an editor. */
export const MAX_RECORDING_BYTES: Bytes = 1_000_000_000;

/**
 * Reads a recording, streaming, so that only the folded profile is held in memory.
 * @throws RecordingError for what is not a readable recording; Error with a clear message for what is no readable file
 */
export async function readRecordingFile(path: string): Promise<Profile> {
  let size: Bytes;
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) throw new Error(`${path} is a folder. Name a recording in it (*${RECORDING_EXTENSION}).`);
    size = stats.size;
  } catch (error) {
    throw fileError(path, error);
  }
  if (size > MAX_RECORDING_BYTES)
    throw new RecordingError(
      'tooLarge',
      `${path} is ${formatBytes(size)}; recordings over ${formatBytes(MAX_RECORDING_BYTES)} are not opened. Record a shorter run, or one with --capture hashes.`,
    );
  const reader = new RecordingReader({ crc32 });
  try {
    for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 20 })) reader.push(chunk as string);
    reader.finish();
  } catch (error) {
    if (RecordingError.is(error)) throw new RecordingError(error.reason, `${path}: ${error.message}`);
    throw fileError(path, error);
  }
  return reader.profile;
}

/** A path for a new recording in `folder`: `NAME-YYYYMMDD-HHMM.agentcost`, numbered when that is taken. */
export function newRecordingPath(folder: string, name: string, now: Date): string {
  return newPath(folder, name, now, RECORDING_EXTENSION);
}

/** The same for a folder of recordings that belong together. */
export function newFolderPath(folder: string, name: string, now: Date): string {
  return newPath(folder, name, now, '');
}

function newPath(folder: string, name: string, now: Date, ending: string): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const stamp = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}-${two(now.getHours())}${two(now.getMinutes())}`;
  const base = `${fileNameFrom(name)}-${stamp}`;
  for (let n = 1; ; n++) {
    const path = join(folder, base + (n === 1 ? '' : `-${n}`) + ending);
    if (!existsSync(path)) return path;
  }
}

/** A run's name made safe for a file's name on every system. */
export function fileNameFrom(name: string): string {
  return (
    name
      .replace(/[^\p{L}\p{N}._-]+/gu, '-')
      .replace(/^[-.]+|[-.]+$/g, '')
      .slice(0, 80) || 'run'
  );
}

function fileError(path: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return new Error(`${path}: there is no such file.`);
  if (code === 'EACCES' || code === 'EPERM') return new Error(`${path} may not be read by you. Recordings are readable by their owner alone.`);
  return error instanceof Error ? error : new Error(String(error));
}

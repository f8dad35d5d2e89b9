/** What recordings are called. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const RECORDING_EXTENSION = '.agentcost';

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

/** The path of a recording's part; the first is the recording's own. */
export function partPath(recording: string, part: number): string {
  if (part === 1) return recording;
  return recording.endsWith(RECORDING_EXTENSION) ? `${recording.slice(0, -RECORDING_EXTENSION.length)}.${part}${RECORDING_EXTENSION}` : `${recording}.${part}`;
}

/** The recording that a file is named as a part of, and its number; null where its name is none of a part. */
export function namedPart(file: string): { recording: string; part: number } | null {
  const match = /^(.+)\.([1-9]\d{0,8})(\.agentcost)?$/s.exec(file);
  if (match === null || match[2] === '1') return null;
  return { recording: `${match[1]!}${match[3] ?? ''}`, part: Number(match[2]) };
}

/**
 * The files of one recording: `NAME.agentcost`, and where it was to go on in a next one, `NAME.2.agentcost`, `NAME.3.agentcost`, ….
 * Each begins with the recording's header, with its number as `part`, which is how a file that only has such a name is told apart.
 */
import { lstat, open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import { RecordedText } from './recordedText.ts';
import { namedPart, partPath } from './recordingNames.ts';

/** A recording on the disk. */
export interface FoundRecording {
  /** Path of its first file. */
  file: string;
  /** Of all its parts. */
  size: Bytes;
  /** When it was last written, in ms since 1970. */
  writtenAt: Milliseconds;
}

const PIECE_BYTES: Bytes = 64 * 1024;
/** A higher number in a name is none of a part. */
const MOST_PARTS = 10_000;
/** A longer first line is no header. */
const LONGEST_HEADER = 4 * 1024 * 1024;

const headSchema = z.object({ format: z.literal('agent-cost/recording'), id: z.string(), part: z.int().optional() });
type Head = z.infer<typeof headSchema>;

/** The recording that a file belongs to: itself, or where it is a later part, the first. */
export async function recordingOf(file: string): Promise<string> {
  const named = namedPart(file);
  if (named === null) return file;
  const [first, head] = [await headOf(named.recording), await headOf(file)];
  return first !== null && head?.part === named.part && head.id === first.id ? named.recording : file;
}

/** The path of a recording's part, where there is such a file and nothing in it says that it is none: its first line may be damaged, or be to come. */
export async function existingPart(recording: string, part: number): Promise<string | null> {
  const path = partPath(recording, part);
  if (!(await isFile(path))) return null;
  const head = await headOf(path);
  if (head === null) return path;
  const first = await headOf(recording);
  return head.part === part && (first === null || first.id === head.id) ? path : null;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    // Not there, or not to be looked at.
    return false;
  }
}

/** The files of a recording in order: itself first, whatever it is; null where one before the last is missing. */
export async function partsInOrder(recording: string): Promise<(string | null)[]> {
  const parts: (string | null)[] = [recording];
  for (const number of await numbersBeside(recording)) {
    const part = await existingPart(recording, number);
    // Behind a gap a name alone is not enough: its header has to say whose it is.
    if (part === null || (number > parts.length + 1 && (await recordingOf(part)) !== recording)) continue;
    while (parts.length < number - 1) parts.push(null);
    parts.push(part);
  }
  return parts;
}

/** Those of them that are there. */
export async function partsOf(recording: string): Promise<string[]> {
  return (await partsInOrder(recording)).filter((part) => part !== null);
}

/** The numbers that files beside a recording have by their names, ascending. */
async function numbersBeside(recording: string): Promise<number[]> {
  const name = basename(recording);
  let names: string[];
  try {
    names = await readdir(dirname(recording));
  } catch {
    // A folder that may be entered, but not listed: parts are known by going on.
    const numbers: number[] = [];
    while (await isFile(partPath(recording, numbers.length + 2))) numbers.push(numbers.length + 2);
    return numbers;
  }
  const numbers = names.flatMap((each) => {
    const named = namedPart(each);
    return named?.recording === name && named.part <= MOST_PARTS ? [named.part] : [];
  });
  return numbers.sort((a, b) => a - b);
}

/**
 * What there is of a recording, of which any part is named.
 * @throws NodeJS.ErrnoException
 */
export async function foundRecording(named: string): Promise<FoundRecording> {
  const file = await recordingOf(named);
  const stats = await Promise.all((await partsOf(file)).map((part) => lstat(part)));
  return { file, size: stats.reduce((sum, { size }) => sum + size, 0), writtenAt: Math.max(...stats.map(({ mtimeMs }) => mtimeMs)) };
}

/** What a recording's first line says; null where it cannot be read. */
async function headOf(file: string): Promise<Head | null> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch {
    // There is no such file, or it may not be read: whoever reads the recording itself says so.
    return null;
  }
  try {
    const line = await firstLineOf(handle);
    return headSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    // No JSON, or a disk that fails.
    return null;
  } finally {
    await handle.close();
  }
}

async function firstLineOf(handle: FileHandle): Promise<string> {
  let text = '';
  const reader = new RecordedText({ onText: (part) => (text += part), onLost: () => undefined });
  const buffer = Buffer.allocUnsafe(PIECE_BYTES);
  while (text.length < LONGEST_HEADER && !text.includes('\n')) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length);
    if (bytesRead === 0) break;
    await reader.write(Buffer.from(buffer.subarray(0, bytesRead)));
  }
  return text.slice(0, Math.max(0, text.indexOf('\n'))) || text;
}

/** Recordings in files, read as a whole. */
import { createReadStream, statSync } from 'node:fs';
import { RecordingReader, type ReadingOptions } from '../profile/readRecording.ts';
import { crc32 } from './crc32.ts';
import { RecordedText } from './recordedText.ts';
import { RECORDING_EXTENSION } from './recordingNames.ts';
import { partsInOrder, recordingOf } from './recordingParts.ts';
import { RecordingError } from '../profile/recordingFormat.ts';
import { MessagesLeftOut, type TextsHeld } from '../profile/heldTexts.ts';
import type { Profile } from '../profile/model.ts';

/** Of a compressed recording: a damaged byte can cost so much. */
export const LOST_STRETCH = 'here and behind it the file cannot be decompressed, up to the next 4 MB of its text';

/** Of a recording in parts. */
export const MISSING_PART = 'the file with this part is not there; put it back beside the others';

/**
 * Reads a recording, streaming, so that only the folded profile is held in memory. How much that is depends on its calls and
 * spans; with `texts: 'report'` not on how long their prompts are.
 * @throws RecordingError for what is not a readable recording; Error with a clear message for what is no readable file
 */
export async function readRecordingFile(path: string, texts: TextsHeld = 'all', options: Pick<ReadingOptions, 'elsewhere' | 'onPrompt'> = {}): Promise<Profile> {
  try {
    if (statSync(path).isDirectory()) throw new Error(`${path} is a folder. Name a recording in it (*${RECORDING_EXTENSION}).`);
  } catch (error) {
    throw fileError(path, error);
  }
  const reader = new RecordingReader({ ...options, texts, crc32 });
  try {
    for (const [index, part] of (await partsInOrder(await recordingOf(path))).entries()) {
      if (index > 0) reader.beginPart();
      if (part === null) reader.lose(MISSING_PART);
      else await readInto(reader, part);
    }
    reader.finish();
  } catch (error) {
    if (RecordingError.is(error)) throw new RecordingError(error.reason, `${path}: ${error.message}`);
    throw fileError(path, error);
  }
  return reader.profile;
}

/** A recording, read for who looks at what its calls said, and which messages of prompts are too many to be shown. */
export interface ShownRecording {
  profile: Profile;
  leftOut: MessagesLeftOut;
}

/**
 * Reads a recording with as many texts as a page can hold: those that a report is made with, then others.
 * @throws as `readRecordingFile`
 */
export async function readRecordingForPage(path: string): Promise<ShownRecording> {
  const leftOut = new MessagesLeftOut();
  return { profile: await readRecordingFile(path, 'page', { elsewhere: leftOut }), leftOut };
}

async function readInto(reader: RecordingReader, file: string): Promise<void> {
  const text = new RecordedText({ onText: (part) => reader.push(part), onLost: () => reader.lose(LOST_STRETCH), onResumed: (line) => reader.resumeAt(line) });
  for await (const bytes of createReadStream(file, { highWaterMark: 1 << 20 })) await text.write(bytes as Buffer);
  await text.end();
}

function fileError(path: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return new Error(`${path}: there is no such file.`);
  if (code === 'EACCES' || code === 'EPERM') return new Error(`${path} may not be read by you. Recordings are readable by their owner alone.`);
  return error instanceof Error ? error : new Error(String(error));
}

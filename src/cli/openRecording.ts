/** From a recording's path to the document that every view shows. */
import { analyze } from '../analysis/analyze.ts';
import type { Accounting } from '../profile/accounting.ts';
import type { TextsHeld } from '../profile/heldTexts.ts';
import type { Profile } from '../profile/model.ts';
import type { TimelineDocument } from '../protocol/webview.ts';
import { RecordingError } from '../profile/recordingFormat.ts';
import { readRecordingFile } from '../recorder/recordingFile.ts';
import { UsageError } from './usageError.ts';

/** @throws UsageError or RecordingError, with a message for the user */
export async function openRecording(file: string, accounting: Accounting): Promise<TimelineDocument> {
  return analyze(await openProfile(file, 'report'), { accounting });
}

/** The recording as it was read, before analysis. @throws as `openRecording` */
export async function openProfile(file: string, texts: TextsHeld): Promise<Profile> {
  try {
    return await readRecordingFile(file, texts);
  } catch (error) {
    if (RecordingError.is(error)) throw error;
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** From a recording's path to the document that every view shows. */
import { analyze } from '../analysis/analyze.ts';
import type { Accounting } from '../profile/accounting.ts';
import type { TimelineDocument } from '../protocol/webview.ts';
import { RecordingError } from '../profile/recordingFormat.ts';
import { readRecordingFile } from '../recorder/recordingFile.ts';
import { UsageError } from './usageError.ts';

/** @throws UsageError or RecordingError, with a message for the user */
export async function openRecording(file: string, accounting: Accounting): Promise<TimelineDocument> {
  return analyze(await opened(readRecordingFile(file, 'report')), { accounting });
}

/** Reads a recording in one of the ways that there are. @throws as `openRecording` */
export async function opened<Read>(reading: Promise<Read>): Promise<Read> {
  try {
    return await reading;
  } catch (error) {
    if (RecordingError.is(error)) throw error;
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** From a recording's path to the document that every view shows. */
import { analyze } from '../analysis/analyze.ts';
import type { Accounting } from '../profile/accounting.ts';
import type { Report } from '../profile/report.ts';
import type { TimelineDocument } from '../protocol/webview.ts';
import { RecordingError } from '../profile/recordingFormat.ts';
import { readRecordingFile } from '../recorder/recordingFile.ts';
import { keptDocument } from './keptDocument.ts';
import { UsageError } from './usageError.ts';

/** @throws UsageError or RecordingError, with a message for the user */
export async function openRecording(file: string, accounting: Accounting): Promise<TimelineDocument> {
  return analyze(await opened(readRecordingFile(file, 'report')), { accounting });
}

/**
 * For who wants its sums: of a long run as it was kept at its end, where it was. What is written of each span has its fields in
 * another order then.
 * @throws as `openRecording`
 */
export async function openReport(file: string, accounting: Accounting): Promise<Report> {
  return ((await keptDocument(file, accounting)) ?? (await openRecording(file, accounting))).report;
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

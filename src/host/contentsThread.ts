/** The thread that reads the prompts and answers of one long recording, and looks up what its spans said: the editor goes on, and holds none of them. */
import { parentPort } from 'node:worker_threads';
// Before all that makes texts.
import { recordingFile } from './analysisLanguage.ts';
import { promptTable } from '../analysis/prompts.ts';
import { spanContent } from '../analysis/spanContent.ts';
import { RecordingError } from '../profile/recordingFormat.ts';
import { readRecordingFile, readRecordingForPage } from '../recorder/recordingFile.ts';
import type { PromptTable } from '../protocol/content.ts';
import type { ContentsAnswer, ContentsRequest } from '../protocol/contentsThread.ts';

let table: Promise<PromptTable> | null = null;

/** All texts, or where they are more than can be held those that a page has. */
async function read(): Promise<PromptTable> {
  try {
    return promptTable((await readRecordingFile(recordingFile)).calls);
  } catch (error) {
    if (!RecordingError.is(error) || error.reason !== 'tooLarge') throw error;
    const { profile, leftOut } = await readRecordingForPage(recordingFile);
    return promptTable(profile.calls, leftOut);
  }
}

async function answerOf(request: ContentsRequest): Promise<ContentsAnswer> {
  const { number } = request;
  try {
    table ??= read();
    const known = await table;
    if (request.type === 'content') return { number, type: 'content', content: spanContent(known, request.span) };
    return { number, type: 'chunks', gaps: known.calls.find(({ id }) => id === request.call)?.chunkGaps ?? null };
  } catch (error) {
    return { number, type: 'failed', reason: RecordingError.is(error) ? error.reason : null, message: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (request: ContentsRequest) => {
  void answerOf(request).then((answer) => parentPort?.postMessage(answer));
});

/** What the spans of a recording said, read when someone looks at one: the documents that views show hold no whole prompts. */
import type { PromptTable, SpanContent } from '../protocol/content.ts';
import type { ReportSpan } from '../profile/report.ts';

export class SpanContents {
  /** Of the recording that was looked into last: a reader goes from call to call. */
  private last: { file: string; bytes: number; modifiedMs: number; table: Promise<PromptTable> } | null = null;

  /**
   * Everything that a recording's calls said, as far as it is written by now.
   * @throws RecordingError, or an Error with a clear message when the file cannot be read
   */
  async tableOf(file: string): Promise<PromptTable> {
    const { foundRecording } = await import('../recorder/recordingParts.ts');
    const { size, writtenAt: mtimeMs } = await foundRecording(file);
    if (this.last?.file !== file || this.last.bytes !== size || this.last.modifiedMs !== mtimeMs) this.last = { file, bytes: size, modifiedMs: mtimeMs, table: read(file) };
    return this.last.table;
  }

  /**
   * What one span said; null where nothing is known of it.
   * @throws as `tableOf`
   */
  async of(file: string, span: ReportSpan): Promise<SpanContent | null> {
    const { spanContent } = await import('../analysis/spanContent.ts');
    return spanContent(await this.tableOf(file), { id: span.id, toolCallId: span.tool?.callId ?? null, startMs: span.startMs });
  }

  /**
   * When a call's output came, by its span's id: milliseconds from each piece of it to the next; null where nothing is known of it.
   * @throws as `tableOf`
   */
  async chunkGapsOf(file: string, span: string): Promise<readonly number[] | null> {
    return (await this.tableOf(file)).calls.find(({ id }) => id === span)?.chunkGaps ?? null;
  }
}

async function read(file: string): Promise<PromptTable> {
  const [{ readRecordingFile }, { promptTable }] = await Promise.all([import('../recorder/recordingFile.ts'), import('../analysis/prompts.ts')]);
  return promptTable((await readRecordingFile(file)).calls);
}

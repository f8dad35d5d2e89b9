/** What the spans of a recording said, read when someone looks at one: the documents that views show hold no whole prompts. */
import type { PromptTable, SpanContent } from '../protocol/content.ts';
import type { ReportSpan } from '../profile/report.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import { LONG_RECORDING_BYTES } from '../profile/recordingSize.ts';
import type { ThreadContents } from './threadContents.ts';

/** What a thread has read is kept so long for the next question. */
const KEPT_MS: Milliseconds = 60_000;

/** Where what the spans of one recording said is looked up. */
type Source = { type: 'here'; table: Promise<PromptTable> } | { type: 'thread'; contents: ThreadContents };

export class SpanContents {
  /** Of the recording that was looked into last: a reader goes from call to call. */
  private last: { file: string; bytes: Bytes; modifiedMs: number; source: Source } | null = null;
  private readonly threadFile: string;
  private readonly keptMs: Milliseconds;

  /** @param threadFile `dist/contents.cjs` */
  constructor(threadFile: string, keptMs: Milliseconds = KEPT_MS) {
    this.threadFile = threadFile;
    this.keptMs = keptMs;
  }

  /**
   * Everything that a recording's calls said, as far as it is written by now.
   * @throws RecordingError, or an Error with a clear message when the file cannot be read
   */
  async tableOf(file: string): Promise<PromptTable> {
    const source = await this.sourceOf(file);
    return source.type === 'here' ? source.table : read(file);
  }

  /**
   * What one span said; null where nothing is known of it.
   * @throws as `tableOf`
   */
  async of(file: string, span: ReportSpan): Promise<SpanContent | null> {
    const source = await this.sourceOf(file);
    const wanted = { id: span.id, toolCallId: span.tool?.callId ?? null, startMs: span.startMs };
    if (source.type === 'thread') return source.contents.contentOf(wanted);
    const { spanContent } = await import('../analysis/spanContent.ts');
    return spanContent(await source.table, wanted);
  }

  /**
   * When a call's output came, by its span's id: milliseconds from each piece of it to the next; null where nothing is known of it.
   * @throws as `tableOf`
   */
  async chunkGapsOf(file: string, span: string): Promise<readonly number[] | null> {
    const source = await this.sourceOf(file);
    if (source.type === 'thread') return source.contents.chunkGapsOf(span);
    return (await source.table).calls.find(({ id }) => id === span)?.chunkGaps ?? null;
  }

  /** Whether a thread holds what a long recording said. */
  get holdsThread(): boolean {
    return this.last?.source.type === 'thread';
  }

  dispose(): void {
    if (this.last?.source.type === 'thread') this.last.source.contents.dispose();
    this.last = null;
  }

  private async sourceOf(file: string): Promise<Source> {
    const { foundRecording } = await import('../recorder/recordingParts.ts');
    const { ThreadContents } = await import('./threadContents.ts');
    const { size, writtenAt: modifiedMs } = await foundRecording(file);
    if (this.last?.file === file && this.last.bytes === size && this.last.modifiedMs === modifiedMs) return this.last.source;
    this.forget();
    let source: Source;
    if (size <= LONG_RECORDING_BYTES) source = { type: 'here', table: read(file) };
    else {
      const contents: ThreadContents = new ThreadContents(this.threadFile, file, this.keptMs, () => this.letGo(contents));
      source = { type: 'thread', contents };
    }
    this.last = { file, bytes: size, modifiedMs, source };
    return source;
  }

  private letGo(contents: ThreadContents): void {
    if (this.last?.source.type === 'thread' && this.last.source.contents === contents) this.forget();
  }

  private forget(): void {
    if (this.last?.source.type === 'thread') this.last.source.contents.retire();
    this.last = null;
  }
}

async function read(file: string): Promise<PromptTable> {
  const [{ readRecordingForPage }, { promptTable }] = await Promise.all([import('../recorder/recordingFile.ts'), import('../analysis/prompts.ts')]);
  const { profile, leftOut } = await readRecordingForPage(file);
  return promptTable(profile.calls, leftOut);
}

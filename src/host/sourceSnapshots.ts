/**
 * What the source files of a run held when it ran, so that its lines are found again after edits. The recording says by hash
 * what each held; the text is looked for in memory, beside the recording, on disk and in git, and taken only when it has that
 * hash. Without a hash (older recordings) it is what was open when the run began, or the file if it was not written since.
 */
import { readFile, stat } from 'node:fs/promises';
import { workspace } from 'vscode';
import { splitLines } from '../analysis/lineAnchors.ts';
import type { Report } from '../profile/report.ts';
import type { Bytes } from '../profile/units.ts';
import { readSourceText, sha256Hex } from '../recorder/sourceTexts.ts';
import type { Git } from './git.ts';
import { canonicalPath, isNetworkPath } from './paths.ts';

/** Source that people write is far below; generated files above get no snapshot. */
const LARGEST_SOURCE: Bytes = 5_000_000;

export interface SnapshotsOf {
  recording: string;
  /** When the run began, ms since 1970. */
  startedAtMs: number;
  git: Git;
}

export class SourceSnapshots {
  private readonly of: SnapshotsOf;
  /** Texts when the run began, by canonical path. */
  private readonly captured = new Map<string, string>();
  /** By name and hash. What was not found is looked for again: an undone checkout brings it back. */
  private readonly found = new Map<string, Promise<readonly string[] | null>>();
  /** Git's answers, which do not change. */
  private readonly committed = new Map<string, Promise<Buffer | null>>();

  constructor(of: SnapshotsOf) {
    this.of = of;
  }

  /** Takes the text of every saved open file: what the run that starts now will execute. */
  async captureOpenFiles(): Promise<void> {
    const texts = workspace.textDocuments
      .filter((document) => document.uri.scheme === 'file' && !document.isDirty)
      .map((document) => ({ path: document.uri.fsPath, text: document.getText() }));
    for (const { path, text } of texts) if (text.length <= LARGEST_SOURCE) this.captured.set(await canonicalPath(path), text);
  }

  /**
   * The lines of a file as it ran; null when nobody knows them.
   * @param name as the report names it
   * @param place where the file is now
   */
  async linesOf(name: string, run: Report['run'] | undefined, place: string): Promise<readonly string[] | null> {
    const sha256 = run?.sources.findLast((source) => source.file === name)?.sha256;
    const key = `${sha256}\n${name}`;
    let found = this.found.get(key);
    if (found === undefined) {
      found = sha256 === undefined ? this.withoutHash(name) : this.withHash(name, sha256, run?.commit ?? null, place);
      this.found.set(key, found);
    }
    const lines = await found;
    if (lines === null) this.found.delete(key);
    return lines;
  }

  private async withHash(name: string, sha256: string, commit: Report['run']['commit'], place: string): Promise<readonly string[] | null> {
    const captured = this.captured.get(await canonicalPath(name));
    if (captured !== undefined && sha256Hex(Buffer.from(captured)) === sha256) return splitLines(captured);
    const kept = await readSourceText(this.of.recording, sha256);
    if (kept !== null) return linesOfBytes(kept);
    for (const path of new Set([name, place])) {
      const bytes = await readOnDisk(path, Infinity);
      if (bytes !== null && sha256Hex(bytes) === sha256) return linesOfBytes(bytes);
    }
    if (commit === null) return null;
    const key = `${commit.id}\n${name}`;
    let committed = this.committed.get(key);
    if (committed === undefined) this.committed.set(key, (committed = this.of.git.textAt(commit, name)));
    const bytes = await committed;
    return bytes !== null && hasHash(bytes, sha256) ? linesOfBytes(bytes) : null;
  }

  private async withoutHash(name: string): Promise<readonly string[] | null> {
    const captured = this.captured.get(await canonicalPath(name));
    if (captured !== undefined) return splitLines(captured);
    const bytes = await readOnDisk(name, this.of.startedAtMs);
    return bytes === null ? null : linesOfBytes(bytes);
  }
}

/** A checkout may have turned line ends into those of Windows. */
function hasHash(bytes: Buffer, sha256: string): boolean {
  return sha256Hex(bytes) === sha256 || sha256Hex(Buffer.from(bytes.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1')) === sha256;
}

function linesOfBytes(bytes: Buffer): readonly string[] {
  return splitLines(bytes.toString('utf8'));
}

/** A file's bytes; null when it was written after `writtenUntilMs` (ms since 1970). */
async function readOnDisk(path: string, writtenUntilMs: number): Promise<Buffer | null> {
  if (isNetworkPath(path)) return null;
  try {
    const stats = await stat(path);
    return stats.isFile() && stats.mtimeMs <= writtenUntilMs && stats.size <= LARGEST_SOURCE ? await readFile(path) : null;
  } catch {
    // Gone or not readable: then nobody knows what it held.
    return null;
  }
}

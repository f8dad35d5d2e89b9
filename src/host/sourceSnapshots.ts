/** What the source files of a run held when it ran, so that its lines are found again after edits. */
import { readFile, stat } from 'node:fs/promises';
import { workspace } from 'vscode';
import type { Bytes } from '../profile/units.ts';
import { splitLines } from '../analysis/lineAnchors.ts';
import { canonicalPath } from './paths.ts';

/** Source that people write is far below; generated files above get no snapshot. */
const LARGEST_SOURCE: Bytes = 5_000_000;

export class SourceSnapshots {
  /** By canonical path. Null: nobody knows what it held. */
  private readonly snapshots = new Map<string, Promise<readonly string[] | null>>();
  private readonly startedAtMs: number;

  /** @param startedAtMs when the run began, ms since 1970 */
  constructor(startedAtMs: number) {
    this.startedAtMs = startedAtMs;
  }

  /** Takes the text of every saved open file: what the run that starts now will execute. */
  async captureOpenFiles(): Promise<void> {
    const texts = workspace.textDocuments
      .filter((document) => document.uri.scheme === 'file' && !document.isDirty)
      .map((document) => ({ path: document.uri.fsPath, text: document.getText() }));
    for (const { path, text } of texts) if (text.length <= LARGEST_SOURCE) this.snapshots.set(await canonicalPath(path), Promise.resolve(splitLines(text)));
  }

  /** The lines of a file as it ran; null when it has been written since. */
  async linesOf(path: string): Promise<readonly string[] | null> {
    const canonical = await canonicalPath(path);
    let snapshot = this.snapshots.get(canonical);
    if (snapshot === undefined) {
      snapshot = this.fromDisk(path);
      this.snapshots.set(canonical, snapshot);
    }
    return snapshot;
  }

  private async fromDisk(path: string): Promise<readonly string[] | null> {
    try {
      const { mtimeMs, size } = await stat(path);
      return mtimeMs <= this.startedAtMs && size <= LARGEST_SOURCE ? splitLines(await readFile(path, 'utf8')) : null;
    } catch {
      // Gone or not readable: then nobody knows what it held.
      return null;
    }
  }
}

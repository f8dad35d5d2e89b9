/**
 * Notes what the source files of a run held while it ran, so that its lines are found again after edits: the hash of
 * each file that a frame names, its text beside the recording, and the commit that they were at.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, extname, isAbsolute } from 'node:path';
import { notebookCell } from '../profile/notebookCell.ts';
import type { Capture, RecordingLine, Site } from '../profile/recordingFormat.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import { checkoutOf } from './git.ts';
import { recordingsFolderOf } from './recordingsFolder.ts';
import { keepSourceText, pruneSourceTexts, sha256Hex } from './sourceTexts.ts';

/** Source that people write is far below; of larger files (bundles) nothing is noted. */
const LARGEST_FILE: Bytes = 2_000_000;
/** Texts beyond this are not kept, only their hashes. */
const MOST_TEXT: Bytes = 32_000_000;
/** Texts of other files are not kept: a frame comes from the program, and what it names may be anything. */
const SOURCE_ENDINGS = new Set(['.py', '.pyw', '.js', '.mjs', '.cjs', '.jsx', '.ts', '.mts', '.cts', '.tsx']);

export interface SourceFilesOptions {
  /** The recording's path. */
  recording: string;
  capture: Capture;
  append: (line: RecordingLine) => void;
  /** The recording's clock now. */
  now: () => Milliseconds;
}

export class SourceFiles {
  readonly #options: SourceFilesOptions;
  /** Texts are kept beside recordings in the folder for them, which git ignores; nowhere else. */
  readonly #keepsTexts: boolean;
  /** Files already looked at, by process: what a later process runs may have been edited since. */
  readonly #seen = new Map<number, Set<string>>();
  readonly #hashes = new Map<string, string>();
  readonly #kept = new Set<string>();
  #keptBytes: Bytes = 0;
  /** Writes and questions that are under way, one after the other. */
  #work: Promise<void> = Promise.resolve();
  /** Folders whose repository was asked for its commit, until one had one. */
  readonly #asked = new Set<string>();
  #knowsCommit = false;

  constructor(options: SourceFilesOptions) {
    this.#options = options;
    this.#keepsTexts = options.capture !== 'none' && recordingsFolderOf(options.recording) !== null;
    if (this.#keepsTexts) this.#work = pruneSourceTexts(options.recording);
  }

  /** Looks at the files of a process's frames, each once. Takes about a millisecond for a new one, and never fails. */
  see(frames: readonly Site[], pid: number): void {
    let seen = this.#seen.get(pid);
    if (seen === undefined) this.#seen.set(pid, (seen = new Set()));
    for (const { file } of frames) {
      if (seen.has(file)) continue;
      seen.add(file);
      this.#look(file);
    }
  }

  /** Notes what a notebook's cell holds: a kernel knows it, and no file has it in this form. */
  seeCell(file: string, text: string): void {
    const bytes = Buffer.from(text);
    if (notebookCell(file) !== null && bytes.length <= LARGEST_FILE) this.#note(file, bytes, true);
  }

  /** Resolves when all that was seen is written. */
  settled(): Promise<void> {
    return this.#work;
  }

  #look(file: string): void {
    const bytes = readSource(file);
    if (bytes === null || !this.#note(file, bytes, SOURCE_ENDINGS.has(extname(file).toLowerCase()))) return;
    const folder = dirname(file);
    if (this.#asked.has(folder)) return;
    this.#asked.add(folder);
    this.#then(async () => {
      const checkout = this.#knowsCommit ? null : await checkoutOf(folder);
      if (checkout === null) return;
      this.#knowsCommit = true;
      this.#options.append({ type: 'commit', t: this.#options.now(), ...checkout });
    });
  }

  /** False where it was noted before. */
  #note(file: string, bytes: Buffer, isSource: boolean): boolean {
    const sha256 = sha256Hex(bytes);
    if (this.#hashes.get(file) === sha256) return false;
    this.#hashes.set(file, sha256);
    this.#options.append({ type: 'source', t: this.#options.now(), file, sha256 });
    if (isSource) this.#keep(sha256, bytes);
    return true;
  }

  #keep(sha256: string, bytes: Buffer): void {
    if (!this.#keepsTexts || this.#kept.has(sha256) || this.#keptBytes + bytes.length > MOST_TEXT) return;
    this.#kept.add(sha256);
    this.#keptBytes += bytes.length;
    this.#then(() => keepSourceText(this.#options.recording, sha256, bytes));
  }

  #then(step: () => Promise<void>): void {
    this.#work = this.#work.then(step).catch(() => {
      // A full disk, a folder that is no folder: the hash is recorded, and others may know the text.
    });
  }
}

/** A file's bytes; null for what is no ordinary text file of bearable size. */
function readSource(file: string): Buffer | null {
  // A network path (`\\host\share`) would send the user's credentials to whoever is named.
  if (!isAbsolute(file) || /^[\\/]{2}/.test(file)) return null;
  try {
    const stats = statSync(file);
    if (!stats.isFile() || stats.size > LARGEST_FILE) return null;
    const bytes = readFileSync(file);
    return bytes.includes(0) ? null : bytes;
  } catch {
    // Not on this machine (a bundle's virtual file), no file (a notebook's cell), or not readable.
    return null;
  }
}

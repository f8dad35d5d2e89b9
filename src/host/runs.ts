/** The runs that the editor knows: recordings in the workspace's folders, those opened by hand, and those being recorded. */
import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { EventEmitter, workspace, type Disposable, type Event } from 'vscode';
import type { ReportSpan } from '../profile/report.ts';
import type { ReadAhead } from '../protocol/analysisThread.ts';
import type { ReportHead, TimelineDocument } from '../protocol/webview.ts';
import { makeKeptDocumentsFolder } from '../recorder/keptDocumentsFolder.ts';
import { RECORDINGS_FOLDER } from '../recorder/recordingsFolder.ts';
import { DisposableList } from './disposables.ts';
import type { Git } from './git.ts';
import { LONG_RECORDING_BYTES } from '../profile/recordingSize.ts';
import type { Installation } from './installation.ts';
import { SourceSnapshots } from './sourceSnapshots.ts';

/** One recording. */
export interface Run {
  /** Absolute path of its file: names the run in commands. */
  readonly file: string;
  readonly name: string;
  /** When it began, as far as is known without reading it: ms since 1970. */
  readonly startedMs: number;
  readonly live: boolean;
  /** Null until it is loaded. */
  readonly document: TimelineDocument | null;
  readonly snapshots: SourceSnapshots;
}

/** Spans of a run that is being recorded, ahead of its documents. */
export interface Preview {
  readonly run: Run;
  readonly spans: readonly ReportSpan[];
}

/** A recording that is being read: what there is of it already. Grows. */
export interface Reading {
  readonly file: string;
  /** Null until something has been read. */
  head: ReportHead | null;
  readonly read: ReadAhead[];
}

type MutableRun = { -readonly [Key in keyof Run]: Run[Key] };

/** Documents of old runs stay in memory for this many runs, besides the current one and those being recorded. */
const KEPT_DOCUMENTS = 4;

export class RunStore implements Disposable {
  private readonly disposables = new DisposableList();
  private readonly runs = new Map<string, MutableRun>();
  /** Opened by hand or recorded in this window, perhaps elsewhere: a refresh of the folders must not drop them. */
  private readonly keptInList = new Set<string>();
  private readonly loading = new Map<string, Promise<TimelineDocument>>();
  private readonly readings = new Map<string, Reading>();
  /** What is being opened, in the order in which that was asked for. */
  private opening: string[] = [];
  private recentlyUsed: string[] = [];
  private currentRun: MutableRun | null = null;
  private watching = false;
  /** One after the other: folders may change faster than they are looked through. */
  private forgettingGone: Promise<void> = Promise.resolve();
  private readonly git: Git;
  private readonly analysisThread: string;
  private readonly keptIn: string;

  private readonly listChanged = this.disposables.add(new EventEmitter<void>());
  private readonly documentChanged = this.disposables.add(new EventEmitter<Run>());
  private readonly currentChanged = this.disposables.add(new EventEmitter<Run | null>());
  private readonly previewed = this.disposables.add(new EventEmitter<Preview>());
  readonly onDidChangeList: Event<void> = this.listChanged.event;
  readonly onDidChangeDocument: Event<Run> = this.documentChanged.event;
  readonly onDidChangeCurrent: Event<Run | null> = this.currentChanged.event;
  readonly onDidPreview: Event<Preview> = this.previewed.event;
  private readonly readChanged = this.disposables.add(new EventEmitter<string>());
  /** More has been read of this recording, or it cannot be read. */
  readonly onDidRead: Event<string> = this.readChanged.event;

  constructor(git: Git, { analysis, keptDocuments }: Pick<Installation, 'analysis' | 'keptDocuments'>) {
    this.git = git;
    this.analysisThread = analysis;
    this.keptIn = keptDocuments;
  }

  /** Newest first. */
  get list(): readonly Run[] {
    return [...this.runs.values()].sort((a, b) => b.startedMs - a.startedMs || (a.file < b.file ? 1 : -1));
  }

  /** The run that the views show. */
  get current(): Run | null {
    return this.currentRun;
  }

  /** What there is of a recording that is being read; without a file, of the one that is to be the current run. */
  readingOf(file: string | null): Reading | null {
    return this.readings.get(file ?? this.opening.at(-1) ?? '') ?? null;
  }

  get(file: string): Run | undefined {
    return this.runs.get(file);
  }

  /** Looks into the folders for recordings, and from then on notices new ones. */
  async refresh(): Promise<void> {
    const { RECORDING_EXTENSION } = await import('../recorder/recordingNames.ts');
    this.watch(`**/${RECORDINGS_FOLDER}/*${RECORDING_EXTENSION}`);
    const found = new Map<string, number>();
    for (const folder of workspace.workspaceFolders ?? []) if (folder.uri.scheme === 'file') await collect(join(folder.uri.fsPath, RECORDINGS_FOLDER), RECORDING_EXTENSION, found);
    for (const [file, modifiedMs] of found) if (!this.runs.has(file)) this.runs.set(file, this.newRun(file, modifiedMs, false));
    for (const run of [...this.runs.values()])
      if (!found.has(run.file) && !run.live && run !== this.currentRun && !this.keptInList.has(run.file)) this.runs.delete(run.file);
    this.listChanged.fire();
    this.forgettingGone = this.forgettingGone.then(() => this.forgetGone());
  }

  /** Deletes what is kept of recordings that were deleted elsewhere. */
  private async forgetGone(): Promise<void> {
    // Where nothing is kept, of most users, what keeps it is not loaded.
    if ((await namesIn(this.keptIn)).length === 0) return this.expectDocuments();
    const { forgetGone } = await import('../recorder/keptDocuments.ts');
    await forgetGone(this.keptIn);
  }

  /** The command line keeps documents where the folder for them is. */
  private expectDocuments(): void {
    try {
      makeKeptDocumentsFolder(this.keptIn);
    } catch {
      // No home folder that may be written to: recordings are analysed when they are opened.
    }
  }

  /**
   * Opens a recording, wherever it lies, and makes it the current run.
   * @throws RecordingError, or an Error with a clear message when the file cannot be read
   */
  async open(file: string): Promise<Run> {
    this.opening.push(file);
    let run: Run;
    try {
      run = await this.load(file);
    } catch (error) {
      this.opening = this.opening.filter((each) => each !== file);
      this.readChanged.fire(file);
      throw error;
    }
    this.opening = this.opening.filter((each) => each !== file);
    this.setCurrent(run);
    return run;
  }

  /**
   * Loads a recording without showing it.
   * @throws RecordingError, or an Error with a clear message when the file cannot be read
   */
  async load(file: string): Promise<Run> {
    const existing = this.runs.get(file);
    if (existing && existing.document !== null) {
      this.touch(existing);
      return existing;
    }
    let loading = this.loading.get(file);
    if (loading === undefined) {
      const reading: Reading = { file, head: null, read: [] };
      this.readings.set(file, reading);
      loading = this.read(file, (read) => {
        reading.head ??= read.head;
        reading.read.push(read);
        this.readChanged.fire(file);
      });
      this.loading.set(file, loading);
    }
    let document: TimelineDocument;
    try {
      document = await loading;
    } finally {
      this.loading.delete(file);
      this.readings.delete(file);
    }
    let run = this.runs.get(file);
    if (run === undefined) {
      run = this.newRun(file, Date.parse(document.report.run.startedAt), false);
      this.runs.set(file, run);
      this.keptInList.add(file);
      this.listChanged.fire();
    }
    if (run.document === null) {
      run.snapshots = new SourceSnapshots({ recording: file, startedAtMs: Date.parse(document.report.run.startedAt), git: this.git });
      this.setDocument(run, document);
    }
    this.touch(run);
    return run;
  }

  /**
   * Loaded when the first recording is read: activation does without the format and the analysis.
   * @param onRead told meanwhile what has been read of a long one
   */
  async read(file: string, onRead: ((read: ReadAhead) => void) | null = null): Promise<TimelineDocument> {
    const size = await sizeOf(file);
    const [{ readRecordingFile }, { analyze }, { analyzeInThread }, { chosenAccounting }] = await Promise.all([
      import('../recorder/recordingFile.ts'),
      import('../analysis/analyze.ts'),
      import('./recordingAnalysis.ts'),
      import('./accounting.ts'),
    ]);
    if (size > LONG_RECORDING_BYTES) return analyzeInThread(this.analysisThread, file, chosenAccounting(), { onRead, keptIn: this.keptIn });
    return analyze(await readRecordingFile(file, 'report'), { accounting: chosenAccounting() });
  }

  /** Deletes what is kept of a recording for a next time. */
  async forgetKept(file: string): Promise<void> {
    const { forgetKept } = await import('../recorder/keptDocuments.ts');
    await forgetKept(this.keptIn, file);
  }

  /** Energy is charged in another way from now on: reads again what is shown, and forgets what else was read. */
  async recount(): Promise<void> {
    for (const run of this.runs.values()) if (!run.live && run !== this.currentRun) run.document = null;
    const run = this.currentRun;
    if (run === null || run.live || run.document === null) return;
    const document = await this.read(run.file);
    if (!run.live) this.setDocument(run, document);
  }

  /** A recording that was read to be compared with, not to be shown: in no list. */
  aside(file: string, document: TimelineDocument): Run {
    return { ...this.newRun(file, Date.parse(document.report.run.startedAt), false), document };
  }

  setCurrent(run: Run | null): void {
    const next = run === null ? null : (this.runs.get(run.file) ?? null);
    if (next === this.currentRun) return;
    this.currentRun = next;
    this.currentChanged.fire(next);
  }

  /** Forgets a run whose recording is gone. */
  forget(file: string): void {
    this.runs.delete(file);
    this.keptInList.delete(file);
    this.recentlyUsed = this.recentlyUsed.filter((each) => each !== file);
    if (this.currentRun?.file === file) {
      this.currentRun = null;
      this.currentChanged.fire(null);
    }
    this.listChanged.fire();
  }

  /** A recording has begun; it becomes the current run. The result feeds its documents. */
  async begin(file: string, name: string): Promise<LiveRunFeed> {
    const run = this.newRun(file, Date.now(), true, name);
    await run.snapshots.captureOpenFiles();
    this.runs.set(file, run);
    this.keptInList.add(file);
    this.listChanged.fire();
    this.setCurrent(run);
    return {
      run,
      update: (document) => this.setDocument(run, document),
      preview: (spans) => this.previewed.fire({ run, spans }),
      end: (document) => {
        run.live = false;
        if (document === null) this.documentChanged.fire(run);
        else this.setDocument(run, document);
        this.touch(run);
        this.listChanged.fire();
      },
    };
  }

  dispose(): void {
    this.disposables.dispose();
  }

  private setDocument(run: MutableRun, document: TimelineDocument): void {
    run.document = document;
    this.documentChanged.fire(run);
  }

  /** Keeps memory bounded: the documents that were used longest ago are read again when they are needed. */
  private touch(run: Run): void {
    this.recentlyUsed = [run.file, ...this.recentlyUsed.filter((file) => file !== run.file)];
    for (const file of this.recentlyUsed.slice(KEPT_DOCUMENTS)) {
      const old = this.runs.get(file);
      if (old && !old.live && old !== this.currentRun) old.document = null;
    }
  }

  private newRun(file: string, startedMs: number, live: boolean, name = basename(file, extname(file))): MutableRun {
    return { file, name, startedMs, live, document: null, snapshots: new SourceSnapshots({ recording: file, startedAtMs: startedMs, git: this.git }) };
  }

  private watch(pattern: string): void {
    if (this.watching) return;
    this.watching = true;
    const watcher = this.disposables.add(workspace.createFileSystemWatcher(pattern, false, true, false));
    this.disposables.add(watcher.onDidCreate(() => void this.refresh()));
    this.disposables.add(watcher.onDidDelete(() => void this.refresh()));
  }
}

/** How a recording's documents reach the views while it is written. */
export interface LiveRunFeed {
  readonly run: Run;
  update(document: TimelineDocument): void;
  /** Spans that the next documents will have. */
  preview(spans: readonly ReportSpan[]): void;
  /** @param document the last one; null when the recording cannot be read */
  end(document: TimelineDocument | null): void;
}

/** 0 for what cannot be looked at: reading it says why. */
async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch {
    return 0;
  }
}

/** None where there is no such folder: nothing has been written there yet. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

async function collect(folder: string, extension: string, found: Map<string, number>): Promise<void> {
  for (const name of await namesIn(folder)) {
    if (!name.endsWith(extension)) continue;
    const file = join(folder, name);
    try {
      if (await isLaterPart(file)) continue;
      const stats = await stat(file);
      found.set(file, stats.birthtimeMs || stats.mtimeMs);
    } catch {
      // Deleted since the folder was read.
    }
  }
}

/** A file that another one goes on in is read with that. */
async function isLaterPart(file: string): Promise<boolean> {
  const { namedPart } = await import('../recorder/recordingNames.ts');
  return namedPart(file) !== null && (await (await import('../recorder/recordingParts.ts')).recordingOf(file)) !== file;
}

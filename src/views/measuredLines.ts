/** The current run's lines in a buffer: what lenses and hovers both stand on. */
import { EventEmitter, type Disposable, type Event, type TextDocument } from 'vscode';
import type { LineReference } from '../contributions.ts';
import { DisposableList } from '../host/disposables.ts';
import type { EarlierRuns } from '../host/earlierRuns.ts';
import { setContext } from '../host/editor.ts';
import type { MovedFiles } from '../host/movedFiles.ts';
import { CELL_SCHEME, namesOfCell } from '../host/notebookCells.ts';
import type { Run, RunStore } from '../host/runs.ts';
import type { Report } from '../profile/report.ts';
import { splitLines } from '../analysis/lineAnchors.ts';
import { figureReader, lineHistory, type LineHistory, type LineScope } from '../analysis/lineHistory.ts';
import { placeFunctions, placeLines, sameLine, type PlacedFunction, type PlacedLine } from './lensModel.ts';

export interface MeasuredLine extends PlacedLine {
  readonly reference: LineReference;
  readonly run: Report;
  /** Over the last runs of the program; null where there is none to compare with. */
  readonly history: LineHistory | null;
}

export interface MeasuredFunction extends PlacedFunction {
  readonly reference: LineReference;
  readonly run: Report;
}

export class MeasuredLines implements Disposable {
  private readonly disposables = new DisposableList();
  private readonly runs: RunStore;
  private readonly moved: MovedFiles;
  private readonly earlier: EarlierRuns;
  /** The run whose lenses the user cleared; another run shows its own again. */
  private cleared: Run | null = null;
  private readonly changed = this.disposables.add(new EventEmitter<void>());
  readonly onDidChange: Event<void> = this.changed.event;

  constructor(runs: RunStore, moved: MovedFiles, earlier: EarlierRuns) {
    this.runs = runs;
    this.moved = moved;
    this.earlier = earlier;
    this.disposables.add(earlier.onDidLoad(() => this.changed.fire()));
    this.disposables.add(moved.onDidChange(() => this.changed.fire()));
    this.disposables.add(runs.onDidChangeDocument((run) => run === runs.current && this.update()));
    this.disposables.add(
      runs.onDidChangeCurrent(() => {
        this.cleared = null;
        this.update();
      }),
    );
  }

  /**
   * Lines of the buffer that the current run measured, from the top.
   * @param scope of the times that are compared with earlier runs
   */
  async of(document: TextDocument, scope: LineScope): Promise<readonly MeasuredLine[]> {
    const run = this.runs.current;
    const report = run?.document?.report;
    if (run === null || report === undefined || !this.isShown(run, document)) return [];
    const placed = await this.placed(run, document);
    if (placed.length === 0) return [];
    const earlier = await Promise.all(this.earlier.of(run).map(async (each) => ({ read: readerOf(each), lines: await this.placed(each, document) })));
    const read = readerOf(run);
    return placed.map((line) => {
      const before = earlier.flatMap((each) => {
        const same = sameLine(each.lines, line);
        return same === null || each.read === null ? [] : [each.read(same.report, scope)];
      });
      return {
        ...line,
        run: report,
        reference: { run: run.file, file: line.report.file, line: line.report.line },
        history: read === null ? null : lineHistory([...before, read(line.report, scope)]),
      };
    });
  }

  /** The program's own functions that the current run saw at work between its calls, from the top. */
  async functionsOf(document: TextDocument): Promise<readonly MeasuredFunction[]> {
    const run = this.runs.current;
    const report = run?.document?.report;
    if (run === null || report === undefined || !this.isShown(run, document)) return [];
    const buffer = bufferOf(document);
    const measured: MeasuredFunction[] = [];
    for (const name of await this.namesOf(run, document)) {
      const snapshot = await run.snapshots.linesOf(name, report.run, document.uri.fsPath);
      for (const placed of placeFunctions(report, name, snapshot, buffer))
        measured.push({ ...placed, run: report, reference: { run: run.file, file: name, line: placed.report.site?.line ?? 1, function: placed.report.name } });
    }
    return measured.sort((a, b) => a.line - b.line);
  }

  /** Hides the lines of the run that is shown, until another run is. */
  clear(): void {
    this.cleared = this.runs.current;
    this.update();
  }

  dispose(): void {
    this.disposables.dispose();
  }

  private isShown(run: Run, document: TextDocument): boolean {
    return run !== this.cleared && (document.uri.scheme === 'file' || document.uri.scheme === CELL_SCHEME);
  }

  /** A run's lines in a buffer, from the top. */
  private async placed(run: Run, document: TextDocument): Promise<PlacedLine[]> {
    const report = run.document?.report;
    if (report === undefined) return [];
    const buffer = bufferOf(document);
    const placed: PlacedLine[] = [];
    for (const name of await this.namesOf(run, document)) {
      const snapshot = await run.snapshots.linesOf(name, report.run, document.uri.fsPath);
      placed.push(...placeLines(report.lines.filter(({ file }) => file === name), snapshot, buffer));
    }
    return placed.sort((a, b) => a.line - b.line);
  }

  /** The names that a run has for a buffer: usually none or one. */
  private namesOf(run: Run, document: TextDocument): Promise<readonly string[]> {
    if (document.uri.scheme === CELL_SCHEME) return namesOfCell(run, document);
    return this.moved.namesOf(run, document.uri.fsPath, bufferOf(document));
  }

  private update(): void {
    const run = this.runs.current;
    setContext('agentCost.hasRun', run?.document !== null && run !== null);
    const report = run?.document?.report;
    setContext('agentCost.hasLenses', run !== this.cleared && report !== undefined && report.lines.length + report.functions.length > 0);
    this.changed.fire();
  }
}

/** By document: reading a report's spans takes time for each edit. */
const readers = new WeakMap<Report, ReturnType<typeof figureReader>>();

function readerOf({ document }: Run): ReturnType<typeof figureReader> | null {
  if (document === null) return null;
  let reader = readers.get(document.report);
  if (reader === undefined) readers.set(document.report, (reader = figureReader(document.report)));
  return reader;
}

/** Lenses and hovers ask for the same text. */
const buffers = new WeakMap<TextDocument, { version: number; lines: readonly string[] }>();

function bufferOf(document: TextDocument): readonly string[] {
  let buffer = buffers.get(document);
  if (buffer?.version !== document.version) buffers.set(document, (buffer = { version: document.version, lines: splitLines(document.getText()) }));
  return buffer.lines;
}

/** The current run's lines in a buffer: what lenses and hovers both stand on. */
import { EventEmitter, type Disposable, type Event, type TextDocument } from 'vscode';
import type { LineReference } from '../contributions.ts';
import { DisposableList } from '../host/disposables.ts';
import { setContext } from '../host/editor.ts';
import type { MovedFiles } from '../host/movedFiles.ts';
import type { Run, RunStore } from '../host/runs.ts';
import type { Report } from '../profile/report.ts';
import { splitLines } from '../analysis/lineAnchors.ts';
import { placeLines, type PlacedLine } from './lensModel.ts';

export interface MeasuredLine extends PlacedLine {
  readonly reference: LineReference;
  readonly run: Report;
}

export class MeasuredLines implements Disposable {
  private readonly disposables = new DisposableList();
  private readonly runs: RunStore;
  private readonly moved: MovedFiles;
  /** The run whose lenses the user cleared; another run shows its own again. */
  private cleared: Run | null = null;
  private readonly changed = this.disposables.add(new EventEmitter<void>());
  readonly onDidChange: Event<void> = this.changed.event;

  constructor(runs: RunStore, moved: MovedFiles) {
    this.runs = runs;
    this.moved = moved;
    this.disposables.add(moved.onDidChange(() => this.changed.fire()));
    this.disposables.add(runs.onDidChangeDocument((run) => run === runs.current && this.update()));
    this.disposables.add(
      runs.onDidChangeCurrent(() => {
        this.cleared = null;
        this.update();
      }),
    );
  }

  /** Lines of the buffer that the current run measured, from the top. */
  async of(document: TextDocument): Promise<readonly MeasuredLine[]> {
    const run = this.runs.current;
    const report = run?.document?.report;
    if (run === null || report === undefined || run === this.cleared || document.uri.scheme !== 'file') return [];
    const path = document.uri.fsPath;
    const buffer = splitLines(document.getText());
    const measured: MeasuredLine[] = [];
    for (const name of await this.moved.namesOf(run, path, buffer)) {
      const lines = report.lines.filter(({ file }) => file === name);
      const snapshot = await run.snapshots.linesOf(name, report.run, path);
      for (const placed of placeLines(lines, snapshot, buffer)) measured.push({ ...placed, run: report, reference: { run: run.file, file: name, line: placed.report.line } });
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

  private update(): void {
    const run = this.runs.current;
    setContext('agentCost.hasRun', run?.document !== null && run !== null);
    setContext('agentCost.hasLenses', run !== null && run !== this.cleared && (run.document?.report.lines.length ?? 0) > 0);
    this.changed.fire();
  }
}

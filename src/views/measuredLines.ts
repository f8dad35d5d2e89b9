/** The current run's lines in a buffer: what lenses and hovers both stand on. */
import { EventEmitter, type Disposable, type Event, type TextDocument } from 'vscode';
import type { LineReference } from '../contributions.ts';
import { DisposableList } from '../host/disposables.ts';
import { setContext } from '../host/editor.ts';
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
  /** The run whose lenses the user cleared; another run shows its own again. */
  private cleared: Run | null = null;
  private readonly changed = this.disposables.add(new EventEmitter<void>());
  readonly onDidChange: Event<void> = this.changed.event;

  constructor(runs: RunStore) {
    this.runs = runs;
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
    const lines = await this.runs.linesOf(run, document.uri.fsPath);
    if (lines.length === 0) return [];
    const snapshot = await run.snapshots.linesOf(document.uri.fsPath);
    return placeLines(lines, snapshot, splitLines(document.getText())).map((placed) => ({
      ...placed,
      run: report,
      reference: { run: run.file, file: placed.report.file, line: placed.report.line },
    }));
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

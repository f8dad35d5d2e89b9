/** Which cell of an open notebook is the one that ran: kernels number runs, and a number is another cell's once the kernel starts anew. */
import { NotebookCellKind, workspace, type NotebookCell, type NotebookDocument, type TextDocument } from 'vscode';
import { anchorLines, sharedLines, splitLines } from '../analysis/lineAnchors.ts';
import { notebookCell } from '../profile/notebookCell.ts';
import { filesOf } from './movedFiles.ts';
import { canonicalPath } from './paths.ts';
import type { Run } from './runs.ts';

export const CELL_SCHEME = 'vscode-notebook-cell';
/** A cell with fewer lines in common is another one. */
const LEAST_SHARED = 0.5;

/** The notebook that a document is a cell of; null for none. */
export function notebookOf(document: TextDocument): NotebookDocument | null {
  if (document.uri.scheme !== CELL_SCHEME) return null;
  return workspace.notebookDocuments.find((notebook) => notebook.getCells().some((cell) => cell.document === document)) ?? null;
}

/** The names that a run has for a notebook's cell: usually none or one. */
export async function namesOfCell(run: Run, document: TextDocument): Promise<readonly string[]> {
  const notebook = notebookOf(document);
  const report = run.document?.report;
  if (notebook === null || report === undefined) return [];
  const here = await canonicalPath(notebook.uri.fsPath);
  const names: string[] = [];
  for (const file of filesOf(report)) {
    const ran = notebookCell(file);
    if (ran === null || (await canonicalPath(ran.notebook)) !== here) continue;
    if ((await cellNow(run, file, notebook))?.document === document) names.push(file);
  }
  return names;
}

/**
 * The cell of a notebook that ran by a name: with the text that ran, else the one that bears its number, else the one most like it.
 * Null where there is none, or nobody knows what ran.
 */
export async function cellNow(run: Run, name: string, notebook: NotebookDocument): Promise<NotebookCell | null> {
  const snapshot = await run.snapshots.linesOf(name, run.document?.report.run, notebook.uri.fsPath);
  const ran = notebookCell(name);
  if (snapshot === null || ran === null) return null;
  const cells = notebook.getCells().filter(({ kind }) => kind === NotebookCellKind.Code);
  const text = snapshot.join('\n').trimEnd();
  const bearsNumber = (cell: NotebookCell): boolean => cell.executionSummary?.executionOrder === ran.execution;
  const same = cells.filter(({ document }) => splitLines(document.getText()).join('\n').trimEnd() === text);
  if (same.length > 0) return same.find(bearsNumber) ?? same[0]!;
  let best: { cell: NotebookCell; shared: number } | null = null;
  for (const cell of cells) {
    const shared = sharedLines(snapshot, splitLines(cell.document.getText()));
    if (shared >= LEAST_SHARED && shared > (best?.shared ?? 0)) best = { cell, shared };
  }
  // Edited beyond that, it is still the one with its number, if there is anything of what ran in it.
  return best?.cell ?? cells.find((cell) => bearsNumber(cell) && holdsSome(snapshot, splitLines(cell.document.getText()))) ?? null;
}

function holdsSome(lines: readonly string[], now: readonly string[]): boolean {
  const anchors = anchorLines(lines, now, lines.flatMap((line, index) => (line.trim() === '' ? [] : [index])));
  return [...anchors.values()].some((anchor) => anchor !== null);
}

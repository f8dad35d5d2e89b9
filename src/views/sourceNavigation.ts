/** From a span to its line in the editor. Paths come from a recording and are not trusted: only sources of the run open. */
import { stat } from 'node:fs/promises';
import * as l10n from '@vscode/l10n';
import { NotebookEditorRevealType, NotebookRange, OverviewRulerLane, Range, Selection, TextEditorRevealType, ThemeColor, Uri, ViewColumn, window, workspace, type Disposable, type TextDocument, type TextEditor } from 'vscode';
import type { SpanReference } from '../contributions.ts';
import { DisposableList } from '../host/disposables.ts';
import { canonicalPath, isNetworkPath, isWithin } from '../host/paths.ts';
import type { MovedFiles } from '../host/movedFiles.ts';
import { cellNow } from '../host/notebookCells.ts';
import type { Run, RunStore } from '../host/runs.ts';
import { notebookCell } from '../profile/notebookCell.ts';
import type { Site } from '../profile/recordingFormat.ts';
import { visibleText } from '../profile/visibleText.ts';
import { anchorLines, splitLines } from '../analysis/lineAnchors.ts';
import { spanOf } from '../analysis/spanTable.ts';
import type { TimelineController } from './timelineController.ts';

/** The line cannot be opened; the message says why. */
export class SourceUnavailableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SourceUnavailableError';
  }
}

/** Where a site's source is. */
interface Place {
  path: string;
  /** The path is a notebook's. */
  isCell: boolean;
}

export class SourceNavigation implements Disposable {
  private readonly disposables = new DisposableList();
  private readonly runs: RunStore;
  private readonly moved: MovedFiles;
  private readonly timelineColumn: () => ViewColumn | undefined;
  private readonly lit = this.disposables.add(
    window.createTextEditorDecorationType({
      isWholeLine: true,
      backgroundColor: new ThemeColor('editor.rangeHighlightBackground'),
      overviewRulerColor: new ThemeColor('editorOverviewRuler.findMatchForeground'),
      overviewRulerLane: OverviewRulerLane.Center,
    }),
  );

  /** @param timelineColumn where the timeline's tab is in sight, so that a source does not cover it */
  constructor(runs: RunStore, moved: MovedFiles, timelineColumn: () => ViewColumn | undefined) {
    this.runs = runs;
    this.moved = moved;
    this.timelineColumn = timelineColumn;
  }

  /** From now on, a span chosen on the timeline or in the tree lights up its line. */
  follow(controller: TimelineController, onError: (error: unknown) => void): void {
    this.disposables.add(
      controller.onDidChangeSelection(({ selection, origin }) => {
        const [span] = selection?.spans ?? [];
        if (selection === null || span === undefined) this.unlight();
        else if (origin !== 'lens') this.reveal({ run: selection.run, span }, origin === 'timeline').catch(onError);
      }),
    );
  }

  /**
   * Opens the line of a span's frame and puts the cursor there.
   * @param frame 0 is the innermost
   * @throws SourceUnavailableError
   */
  async open(reference: SpanReference, frame: number): Promise<void> {
    const { run, site } = this.siteOf(reference, frame);
    if (site === null) throw new SourceUnavailableError(l10n.t('No source line is known for this span.'));
    const place = await this.placeOf(run, site);
    const why = await this.refusal(run, place.path);
    if (why !== null) throw new SourceUnavailableError(why);
    await this.show(run, site, place, false);
  }

  dispose(): void {
    this.disposables.dispose();
  }

  /**
   * Lights up a span's line where its file is in sight.
   * @param openIfHidden opens the file, without taking the focus, when it is not
   */
  private async reveal(reference: SpanReference, openIfHidden: boolean): Promise<void> {
    this.unlight();
    const { run, site } = this.siteOf(reference, 0);
    if (site === null) return;
    const place = await this.placeOf(run, site);
    if (!openIfHidden && !(await this.isVisible(place))) return;
    if ((await this.refusal(run, place.path)) !== null) return;
    await this.show(run, site, place, true);
  }

  /** Where a site's file is now, or the notebook that its cell is of. */
  private async placeOf(run: Run, { file }: Site): Promise<Place> {
    const cell = notebookCell(file);
    return { path: await this.moved.placeOf(run, cell?.notebook ?? file), isCell: cell !== null };
  }

  private async isVisible({ path, isCell }: Place): Promise<boolean> {
    if (!isCell) return (await this.visibleEditorOf(path)) !== null;
    const wanted = await canonicalPath(path);
    const open = await Promise.all(window.visibleNotebookEditors.map(({ notebook }) => canonicalPath(notebook.uri.fsPath)));
    return open.includes(wanted);
  }

  /** The document to show: a file, or what ran of a notebook. @throws SourceUnavailableError */
  private async documentOf(run: Run, site: Site, { path, isCell }: Place): Promise<TextDocument> {
    if (!isCell) return workspace.openTextDocument(Uri.file(path));
    const notebook = await workspace.openNotebookDocument(Uri.file(path));
    const cell = await cellNow(run, site.file, notebook);
    if (cell === null) throw new SourceUnavailableError(l10n.t`No cell of ${visibleText(path)} is what ran as ${visibleText(site.file)}.`);
    const shown = window.visibleNotebookEditors.find((editor) => editor.notebook === notebook);
    const range = new NotebookRange(cell.index, cell.index + 1);
    const editor = await window.showNotebookDocument(notebook, { viewColumn: shown?.viewColumn ?? this.freeColumn(), preserveFocus: true, selections: [range] });
    editor.revealRange(range, NotebookEditorRevealType.InCenterIfOutsideViewport);
    return cell.document;
  }

  private async show(run: Run, site: Site, place: Place, preserveFocus: boolean): Promise<void> {
    const shown = place.isCell ? null : await this.visibleEditorOf(place.path);
    const document = shown?.document ?? (await this.documentOf(run, site, place));
    const editor = await window.showTextDocument(document, { viewColumn: shown?.viewColumn ?? this.freeColumn(), preserveFocus, preview: true });
    const line = await lineNow(run, site, editor);
    const column = Math.min((site.column ?? 1) - 1, document.lineAt(line).text.length);
    editor.selection = new Selection(line, column, line, column);
    const range = new Range(line, 0, line, 0);
    editor.revealRange(range, TextEditorRevealType.InCenterIfOutsideViewport);
    this.unlight();
    editor.setDecorations(this.lit, [range]);
  }

  private unlight(): void {
    for (const editor of window.visibleTextEditors) editor.setDecorations(this.lit, []);
  }

  private freeColumn(): ViewColumn {
    const timeline = this.timelineColumn();
    if (timeline === undefined) return ViewColumn.Active;
    return timeline === ViewColumn.One ? ViewColumn.Two : ViewColumn.One;
  }

  private siteOf({ run: file, span: id }: SpanReference, frame: number): { run: Run; site: Site | null } {
    const run = this.runs.get(file);
    const report = run?.document?.report;
    const span = report === undefined ? undefined : spanOf(report, id);
    if (run === undefined || span === undefined) throw new SourceUnavailableError(l10n.t('This span is no longer there.'));
    return { run, site: span.frames[frame] ?? (frame === 0 ? span.site : null) };
  }

  /** Why a recorded path is not opened, or null when it may be. */
  private async refusal(run: Run, path: string): Promise<string | null> {
    const name = visibleText(path);
    const folders = [...(workspace.workspaceFolders ?? []).filter((folder) => folder.uri.scheme === 'file').map((folder) => folder.uri.fsPath)];
    const cwd = run.document?.report.run.cwd;
    if (cwd) folders.push(cwd);
    const candidates = isNetworkPath(path) ? folders.filter((folder) => path.startsWith(folder)) : folders;
    const within = await Promise.all(candidates.filter((folder) => !isNetworkPath(folder) || folder !== cwd).map((folder) => isWithin(path, folder)));
    if (!within.includes(true)) return l10n.t`${name} lies outside the workspace and the folder that the run had, so it is not opened from a recording. Open it by hand.`;
    try {
      if ((await stat(path)).isFile()) return null;
    } catch {
      // Said below, as for what is no file.
    }
    return l10n.t`${name} is no longer there.`;
  }

  private async visibleEditorOf(path: string): Promise<TextEditor | null> {
    const wanted = await canonicalPath(path);
    for (const editor of window.visibleTextEditors)
      if (editor.document.uri.scheme === 'file' && (await canonicalPath(editor.document.uri.fsPath)) === wanted) return editor;
    return null;
  }
}

/** Where a line of the run stands in the buffer, from 0; where it stood, when nobody knows. */
async function lineNow(run: Run, site: Site, { document }: TextEditor): Promise<number> {
  const snapshot = await run.snapshots.linesOf(site.file, run.document?.report.run, document.uri.fsPath);
  const anchor = snapshot === null ? null : anchorLines(snapshot, splitLines(document.getText()), [site.line - 1]).get(site.line - 1);
  return Math.min(anchor?.line ?? site.line - 1, document.lineCount - 1);
}

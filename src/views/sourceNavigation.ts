/** From a span to its line in the editor. Paths come from a recording and are not trusted: only sources of the run open. */
import { stat } from 'node:fs/promises';
import { OverviewRulerLane, Range, Selection, TextEditorRevealType, ThemeColor, Uri, ViewColumn, window, workspace, type Disposable, type TextEditor } from 'vscode';
import type { SpanReference } from '../contributions.ts';
import { DisposableList } from '../host/disposables.ts';
import { canonicalPath, isNetworkPath, isWithin } from '../host/paths.ts';
import type { MovedFiles } from '../host/movedFiles.ts';
import type { Run, RunStore } from '../host/runs.ts';
import type { Site } from '../profile/recordingFormat.ts';
import { visibleText } from '../profile/visibleText.ts';
import { anchorLines, splitLines } from '../analysis/lineAnchors.ts';
import type { TimelineController } from './timelineController.ts';

/** The line cannot be opened; the message says why. */
export class SourceUnavailableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SourceUnavailableError';
  }
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
    if (site === null) throw new SourceUnavailableError('No source line is known for this span.');
    const path = await this.moved.placeOf(run, site.file);
    const why = await this.refusal(run, path);
    if (why !== null) throw new SourceUnavailableError(why);
    await this.show(run, site, path, false);
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
    const path = await this.moved.placeOf(run, site.file);
    if (!openIfHidden && (await this.visibleEditorOf(path)) === null) return;
    if ((await this.refusal(run, path)) !== null) return;
    await this.show(run, site, path, true);
  }

  /** @param path where the site's file is now */
  private async show(run: Run, site: Site, path: string, preserveFocus: boolean): Promise<void> {
    const shown = await this.visibleEditorOf(path);
    const document = shown?.document ?? (await workspace.openTextDocument(Uri.file(path)));
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
    const span = run?.document?.report.spans.find((candidate) => candidate.id === id);
    if (run === undefined || span === undefined) throw new SourceUnavailableError('This span is no longer there.');
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
    if (!within.includes(true)) return `${name} lies outside the workspace and the folder that the run had, so it is not opened from a recording. Open it by hand.`;
    try {
      if ((await stat(path)).isFile()) return null;
    } catch {
      // Said below, as for what is no file.
    }
    return `${name} is no longer there.`;
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

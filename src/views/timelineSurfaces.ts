/** Where timelines appear: the views in the side panel and beside the terminal, an editor tab, and the editor for recording files. */
import * as l10n from '@vscode/l10n';
import { Uri, ViewColumn, window, type CustomDocument, type CustomReadonlyEditorProvider, type Disposable, type WebviewPanel, type WebviewView, type WebviewViewProvider } from 'vscode';
import { recordingEditorType, timelinePanelType, views } from '../contributions.ts';
import { DisposableList } from '../host/disposables.ts';
import type { RunStore } from '../host/runs.ts';
import { recordingFile, type RecordingFile } from './recordingCopies.ts';
import type { TimelineController } from './timelineController.ts';

class TimelineView implements WebviewViewProvider {
  private readonly controller: TimelineController;

  constructor(controller: TimelineController) {
    this.controller = controller;
  }

  resolveWebviewView(view: WebviewView): void {
    const handle = this.controller.attach(view.webview, 'sidebar', null);
    const watching = view.onDidChangeVisibility(() => handle.setVisible(view.visible));
    view.onDidDispose(() => {
      watching.dispose();
      handle.dispose();
    });
  }
}

interface RecordingDocument extends CustomDocument {
  file: RecordingFile;
}

/** Opens a recording as a timeline, read-only; both sides of an editor of changes, each by itself. */
class RecordingEditor implements CustomReadonlyEditorProvider<RecordingDocument> {
  private readonly controller: TimelineController;
  private readonly runs: RunStore;
  private readonly onUnreadable: (error: unknown) => void;

  constructor(controller: TimelineController, runs: RunStore, onUnreadable: (error: unknown) => void) {
    this.controller = controller;
    this.runs = runs;
    this.onUnreadable = onUnreadable;
  }

  async openCustomDocument(uri: Uri): Promise<RecordingDocument> {
    const file = await recordingFile(uri);
    const dispose = (): void => {
      if (!file.isCopy) return;
      this.runs.forget(file.path);
      void file.forget().catch(this.onUnreadable);
    };
    return { uri, file, dispose };
  }

  resolveCustomEditor({ file }: RecordingDocument, panel: WebviewPanel): void {
    // Not waited for: what has been read is shown meanwhile. Where it fails the panel says that there is nothing to show, the message why.
    (file.isCopy ? this.runs.load(file.path) : this.runs.open(file.path)).catch((error: unknown) => this.onUnreadable(error));
    follow(panel, this.controller, file.path);
  }
}

/** The one timeline tab of the window. */
export class TimelinePanel implements Disposable {
  private readonly controller: TimelineController;
  private readonly media: Uri;
  private panel: WebviewPanel | null = null;

  /** @param media folder of the icons */
  constructor(controller: TimelineController, media: Uri) {
    this.controller = controller;
    this.media = media;
  }

  get column(): ViewColumn | undefined {
    return this.panel?.visible ? this.panel.viewColumn : undefined;
  }

  show(): void {
    if (this.panel !== null) {
      this.panel.reveal(undefined, true);
      return;
    }
    const panel = window.createWebviewPanel(timelinePanelType, l10n.t('Agent Cost Timeline'), { viewColumn: ViewColumn.Beside, preserveFocus: true }, { enableFindWidget: false });
    panel.iconPath = { light: Uri.joinPath(this.media, 'timeline-light.svg'), dark: Uri.joinPath(this.media, 'timeline-dark.svg') };
    this.panel = panel;
    follow(panel, this.controller, null);
    panel.onDidDispose(() => (this.panel = null));
  }

  dispose(): void {
    this.panel?.dispose();
  }
}

function follow(panel: WebviewPanel, controller: TimelineController, pinned: string | null): void {
  const handle = controller.attach(panel.webview, 'tab', pinned);
  const tell = (): void => handle.setVisible(panel.visible, panel.viewColumn);
  tell();
  const watching = panel.onDidChangeViewState(tell);
  panel.onDidDispose(() => {
    watching.dispose();
    handle.dispose();
  });
}

export function registerTimelineSurfaces(controller: TimelineController, runs: RunStore, onUnreadable: (error: unknown) => void): Disposable {
  const disposables = new DisposableList();
  for (const view of [views.timeline, views.panelTimeline]) disposables.add(window.registerWebviewViewProvider(view, new TimelineView(controller)));
  disposables.add(window.registerCustomEditorProvider(recordingEditorType, new RecordingEditor(controller, runs, onUnreadable), { supportsMultipleEditorsPerDocument: true }));
  return disposables;
}

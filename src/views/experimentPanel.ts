/** The one experiment tab of the window: a webview with the charts and tables of some results. */
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import * as l10n from '@vscode/l10n';
import { Uri, ViewColumn, window, type Disposable, type WebviewPanel } from 'vscode';
import { userLanguage } from '../host/language.ts';
import { experimentPanelType } from '../contributions.ts';
import type { Results } from '../experiments/results.ts';
import { webviewHtml } from '../profile/webviewHtml.ts';
import { fromExperimentSchema, type ExperimentProgress, type ToExperiment } from '../protocol/experiment.ts';

export interface ExperimentActions {
  choose(): void;
  cancel(): void;
  save(): void;
  failed(message: string): void;
  closed(): void;
}

type Shown = Results & { progress: ExperimentProgress | null };

export class ExperimentPanel implements Disposable {
  private readonly script: string;
  private readonly media: Uri;
  private readonly actions: ExperimentActions;
  private panel: WebviewPanel | null = null;
  /** The page listens: it is loaded, and made again whenever it was hidden. */
  private ready = false;
  private shown: Shown | null = null;

  /** @param media folder of the icons */
  constructor(script: string, media: Uri, actions: ExperimentActions) {
    this.script = script;
    this.media = media;
    this.actions = actions;
  }

  /** Brings the tab to the front with these. */
  show(shown: Shown): void {
    this.shown = shown;
    if (this.panel === null) this.panel = this.make();
    else this.panel.reveal(undefined, false);
    this.send();
  }

  /** As `show`, but leaves the tab where it is. */
  update(shown: Shown): void {
    this.shown = shown;
    this.send();
  }

  dispose(): void {
    this.panel?.dispose();
  }

  private make(): WebviewPanel {
    const script = Uri.file(this.script);
    const panel = window.createWebviewPanel(experimentPanelType, l10n.t('Agent Cost Experiment'), ViewColumn.Active, { enableScripts: true, enableFindWidget: true, localResourceRoots: [Uri.file(dirname(this.script))] });
    panel.iconPath = { light: Uri.joinPath(this.media, 'timeline-light.svg'), dark: Uri.joinPath(this.media, 'timeline-dark.svg') };
    panel.webview.onDidReceiveMessage((message: unknown) => this.receive(message));
    panel.onDidChangeViewState(() => {
      if (!panel.visible) this.ready = false;
    });
    panel.onDidDispose(() => {
      this.panel = null;
      this.ready = false;
      this.actions.closed();
    });
    panel.webview.html = webviewHtml({ scriptUri: panel.webview.asWebviewUri(script).toString(), cspSource: panel.webview.cspSource, nonce: randomBytes(16).toString('base64'), placement: 'tab', title: l10n.t('Experiment'), language: userLanguage });
    return panel;
  }

  private send(): void {
    if (!this.ready || this.panel === null) return;
    const message: ToExperiment = this.shown === null ? { type: 'empty', message: l10n.t('No experiment is shown'), detail: l10n.t('Choose one of the paper’s figures, or a file of results.') } : { type: 'show', ...this.shown };
    // A page that goes away meanwhile asks anew when it is back.
    void this.panel.webview.postMessage(message).then(undefined, () => undefined);
  }

  private receive(raw: unknown): void {
    const message = fromExperimentSchema.safeParse(raw);
    if (!message.success) return;
    switch (message.data.type) {
      case 'ready':
        this.ready = true;
        return this.send();
      case 'choose':
        return this.actions.choose();
      case 'cancel':
        return this.actions.cancel();
      case 'save':
        return this.actions.save();
      case 'failed':
        return this.actions.failed(message.data.message);
    }
  }
}

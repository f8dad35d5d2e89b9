/** Start vLLM Server and Stop vLLM Server: a server of the user's own, its log in a channel, stopped when asked or with the editor. */
import * as l10n from '@vscode/l10n';
import { ConfigurationTarget, ProgressLocation, window, workspace, type ExtensionContext, type OutputChannel } from 'vscode';
import { VllmError, VllmServer } from '../serving/vllmServer.ts';
import { runCommand, setContext } from './editor.ts';
import type { Notifier } from './notify.ts';
import { openSetting, rawSettings } from './settings.ts';
import { SettingError, vllmSettings } from './settingsRules.ts';

/** In the workspace's state: the model that was started last. */
const LAST_MODEL = 'vllm.model';

export class Vllm {
  private readonly context: ExtensionContext;
  private readonly notifier: Notifier;
  private channel: OutputChannel | null = null;
  private server: VllmServer | null = null;
  /** Of a start that is under way. */
  private starting: AbortController | null = null;

  constructor(context: ExtensionContext, notifier: Notifier) {
    this.context = context;
    this.notifier = notifier;
  }

  /** @param model asked for where it is not given */
  async start(model?: string): Promise<void> {
    if (this.server !== null || this.starting !== null) {
      this.notifier.information(this.server === null ? l10n.t('A vLLM server is running already. Stop it to start another.') : l10n.t`A vLLM server is running already at ${this.server.url}. Stop it to start another.`, { label: l10n.t('Stop It'), run: () => this.stop() });
      return;
    }
    const chosen = model ?? (await this.askForModel());
    if (chosen === undefined || chosen.trim() === '') return;
    try {
      await this.startWith(chosen.trim());
    } catch (error) {
      if (error instanceof SettingError) {
        const { setting } = error;
        this.notifier.error(error.message, { label: l10n.t('Open Setting'), run: () => openSetting(setting) });
      } else if (error instanceof VllmError) this.notifier.error(error.message, ...(this.channel === null ? [] : [{ label: l10n.t('Show Log'), run: () => this.channel?.show(true) }]));
      else throw error;
    }
  }

  async stop(): Promise<void> {
    this.starting?.abort();
    await this.server?.stop();
  }

  /** The editor closes: what we started holds a GPU that nobody would give back. */
  dispose(): void {
    this.starting?.abort();
    this.server?.kill();
    this.channel?.dispose();
  }

  private async startWith(model: string): Promise<void> {
    const settings = vllmSettings(rawSettings());
    const channel = (this.channel ??= window.createOutputChannel(l10n.t('vLLM Server')));
    channel.clear();
    const starting = new AbortController();
    this.starting = starting;
    setContext('agentCost.vllmRunning', true);
    try {
      const server = await window.withProgress({ location: ProgressLocation.Notification, title: `vLLM, ${model}`, cancellable: true }, (progress, cancelled) => {
        cancelled.onCancellationRequested(() => starting.abort());
        const cwd = workspace.workspaceFolders?.[0]?.uri.fsPath ?? this.context.extensionPath;
        return VllmServer.start({ model, ...settings, cwd, env: process.env }, { onLog: (line) => channel.appendLine(line), onProgress: (message) => progress.report({ message }) }, starting.signal);
      });
      void this.context.workspaceState.update(LAST_MODEL, model);
      this.began(server, settings.host === null ? model : `${model} on ${settings.host}`);
    } catch (error) {
      // Stopped by the user, who need not be told.
      if (!starting.signal.aborted) throw error;
    } finally {
      this.starting = null;
      if (this.server === null) setContext('agentCost.vllmRunning', false);
    }
  }

  private began(server: VllmServer, what: string): void {
    this.server = server;
    void server.ended.then(({ exitCode }) => {
      this.server = null;
      setContext('agentCost.vllmRunning', false);
      if (!server.stopping) this.notifier.error(l10n.t`The vLLM server at ${server.url} ended by itself (exit code ${exitCode ?? '–'}). Its log says why.`, { label: l10n.t('Show Log'), run: () => this.channel?.show(true) });
    });
    this.notifier.information(
      l10n.t`vLLM serves ${what} at ${server.url}.`,
      { label: l10n.t('Use as Backend'), run: () => workspace.getConfiguration().update('agentCost.backend', server.url, ConfigurationTarget.Workspace) },
      { label: l10n.t('Stop It'), run: () => runCommand('agentCost.stopVllm') },
    );
  }

  private askForModel(): Thenable<string | undefined> {
    return window.showInputBox({
      title: l10n.t('Start vLLM Server'),
      prompt: l10n.t('Model to serve: a name on the Hugging Face Hub, or a folder'),
      placeHolder: 'Qwen/Qwen3-0.6B',
      value: this.context.workspaceState.get<string>(LAST_MODEL) ?? '',
      ignoreFocusOut: true,
    });
  }
}

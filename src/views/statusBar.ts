/** The cost of the run that is shown, in the status bar. */
import * as l10n from '@vscode/l10n';
import { StatusBarAlignment, window, type Disposable, type StatusBarItem } from 'vscode';
import type { CommandId } from '../contributions.ts';
import { DisposableList } from '../host/disposables.ts';
import type { RunStore } from '../host/runs.ts';
import { statusText, statusTooltip } from './statusText.ts';

const OPENS: CommandId = 'agentCost.showTimeline';

export class StatusBar implements Disposable {
  private readonly disposables = new DisposableList();
  private readonly item: StatusBarItem;
  private readonly runs: RunStore;

  constructor(runs: RunStore) {
    this.runs = runs;
    this.item = this.disposables.add(window.createStatusBarItem('agentCost.status', StatusBarAlignment.Left, 0));
    this.item.name = 'Agent Cost';
    this.item.command = OPENS;
    this.disposables.add(runs.onDidChangeDocument((run) => run === runs.current && this.update()));
    this.disposables.add(runs.onDidChangeCurrent(() => this.update()));
  }

  /** What it says now; null while it is hidden. */
  get text(): string | null {
    return this.runs.current === null ? null : this.item.text;
  }

  dispose(): void {
    this.disposables.dispose();
  }

  private update(): void {
    const run = this.runs.current;
    const report = run?.document?.report;
    if (run === null) {
      this.item.hide();
      return;
    }
    this.item.text = `$(${run.live ? 'loading~spin' : 'flame'}) ${report ? statusText(report) : run.name}`;
    this.item.tooltip = report ? statusTooltip(report) : l10n.t`${run.name} is running; nothing is recorded yet.`;
    this.item.accessibilityInformation = { label: l10n.t('Agent cost: {0}', report ? statusText(report) : l10n.t('nothing recorded yet')), role: 'button' };
    this.item.show();
  }
}

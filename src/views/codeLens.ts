/** The cost above each measured line. */
import * as l10n from '@vscode/l10n';
import { CodeLens, languages, Range, workspace, type CodeLensProvider, type Disposable, type TextDocument } from 'vscode';
import { lensLanguages, type LineReference } from '../contributions.ts';
import { DisposableList } from '../host/disposables.ts';
import { lensesOnCallers, lensesWithChange, lensSettings } from '../host/choices.ts';
import { readSetting } from '../host/editor.ts';
import { CELL_SCHEME } from '../host/notebookCells.ts';
import { rawSettings } from '../host/settings.ts';
import { functionLensText } from './functionText.ts';
import { lensText } from './lensModel.ts';
import type { MeasuredLines } from './measuredLines.ts';

/** Files on disk, and cells of notebooks: those are what runs. */
export const measuredFiles = [...lensLanguages.map((language) => ({ scheme: 'file', language })), { scheme: CELL_SCHEME, language: 'python' }];

class CostLenses implements CodeLensProvider {
  private readonly measured: MeasuredLines;
  readonly onDidChangeCodeLenses: MeasuredLines['onDidChange'];

  constructor(measured: MeasuredLines) {
    this.measured = measured;
    this.onDidChangeCodeLenses = measured.onDidChange;
  }

  async provideCodeLenses(document: TextDocument): Promise<CodeLens[]> {
    const raw = rawSettings(document.uri);
    const options = lensSettings(raw);
    const callers = lensesOnCallers(raw);
    const change = lensesWithChange(raw);
    const lines = (await this.measured.of(document, options.show)).filter((line) => callers || line.report.calls > 0);
    const functions = await this.measured.functionsOf(document);
    return [
      ...lines.map((line) => lensAt(line, lensText(line, options, change ? line.history : null), l10n.t('Show these calls on the timeline'))),
      ...functions.map((each) => lensAt(each, functionLensText(each, options.show), l10n.t('Show what this function did on the timeline'))),
    ];
  }
}

function lensAt({ line, reference }: { line: number; reference: LineReference }, title: string, tooltip: string): CodeLens {
  return new CodeLens(new Range(line, 0, line, 0), { title, tooltip, command: 'agentCost.showCostOnTimeline', arguments: [reference] });
}

/** Provides lenses while the setting is on. */
export function registerLenses(measured: MeasuredLines): Disposable {
  const disposables = new DisposableList();
  let provider: Disposable | null = null;
  const apply = (): void => {
    provider?.dispose();
    provider = readSetting('agentCost.lens.enabled') === false ? null : languages.registerCodeLensProvider(measuredFiles, new CostLenses(measured));
  };
  apply();
  // Registered anew for whatever changes of them, so that the editor asks again.
  disposables.add(
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('agentCost.lens')) apply();
    }),
  );
  disposables.add({
    dispose: () => {
      provider?.dispose();
    },
  });
  return disposables;
}

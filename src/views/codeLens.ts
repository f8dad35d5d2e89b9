/** The cost above each measured line. */
import { CodeLens, languages, Range, workspace, type CodeLensProvider, type Disposable, type TextDocument } from 'vscode';
import { lensLanguages } from '../contributions.ts';
import { DisposableList } from '../host/disposables.ts';
import { lensesOnCallers, lensesWithChange, lensSettings } from '../host/choices.ts';
import { readSetting } from '../host/editor.ts';
import { rawSettings } from '../host/settings.ts';
import { lensText } from './lensModel.ts';
import type { MeasuredLines } from './measuredLines.ts';

/** Files on disk only: those are what runs. */
export const measuredFiles = lensLanguages.map((language) => ({ scheme: 'file', language }));

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
    return lines.map(
      (line) =>
        new CodeLens(new Range(line.line, 0, line.line, 0), {
          title: lensText(line, options, change ? line.history : null),
          tooltip: 'Show these calls on the timeline',
          command: 'agentCost.showCostOnTimeline',
          arguments: [line.reference],
        }),
    );
  }
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

/** Export…: the run that is shown, as a page or for other tools. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as l10n from '@vscode/l10n';
import { commands, env, Uri, window, type QuickPickItem } from 'vscode';
import { version } from '../../package.json';
import { exportFormats as formatNames, type ExportFormat, type Resource } from '../contributions.ts';
import { costWeights, type CostWeight } from '../profile/costStacks.ts';
import { exportFormats, renderExport } from '../profile/exportFormats.ts';
import { ENGLISH } from '../profile/language.ts';
import { fileNameFrom } from '../recorder/recordingNames.ts';
import type { TimelineDocument } from '../protocol/webview.ts';
import { chosenAccounting } from './accounting.ts';
import type { Installation } from './installation.ts';
import { userLanguage } from './language.ts';
import { messageOf } from './log.ts';
import type { Notifier } from './notify.ts';
import { analyzeInThread } from './recordingAnalysis.ts';
import type { Run } from './runs.ts';
import type { SpanContents } from './spanContents.ts';

/** Asks for what is not given, writes the file, and tells where it is. */
export async function exportRun(run: Run | null, contents: SpanContents, { webviewScript, analysis }: Pick<Installation, 'webviewScript' | 'analysis'>, notifier: Notifier, format?: ExportFormat, target?: Resource): Promise<void> {
  if (run === null || run.document === null) {
    notifier.error(l10n.t('There is no run to export. Profile a program or open a recording first.'));
    return;
  }
  const { document } = run;
  const chosen = formatNames.find((known) => known === format) ?? (await pickFormat());
  if (chosen === undefined) return;
  const weight = chosen === 'folded' && format === undefined ? await pickWeight() : 'time';
  if (weight === undefined) return;
  const { label, ending } = exportFormats[chosen];
  const proposal = Uri.file(join(dirname(run.file), `${fileNameFrom(run.name)}${ending}`));
  const file = target ?? (await window.showSaveDialog({ defaultUri: proposal, filters: { [label]: [ending.slice(1)] }, title: l10n.t('Export Run') }));
  if (!file) return;
  try {
    // Readable by the owner alone, as recordings are: it may hold prompts.
    const prompts = chosen === 'html' ? await contents.tableOf(run.file) : null;
    await writeFile(file.fsPath, renderExport(await englishDocument(run, document, analysis), chosen, { page: () => ({ script: { text: readFileSync(webviewScript, 'utf8'), gzip: gzipSync }, prompts }), weight, version }), { mode: 0o600 });
  } catch (error) {
    notifier.error(l10n.t`${file.fsPath} could not be written: ${messageOf(error)}. Choose another place.`);
    return;
  }
  notifier.information(l10n.t`Exported to ${file.fsPath}`, { label: l10n.t('Open'), run: () => open(file, chosen) });
}

/** What leaves the editor says the same wherever it was made: scripts and other people read it. */
async function englishDocument(run: Run, document: TimelineDocument, analysisThread: string): Promise<TimelineDocument> {
  if (userLanguage.locale === 'en') return document;
  return analyzeInThread(analysisThread, run.file, chosenAccounting(), { language: ENGLISH, liveAtMs: run.live ? Date.now() : null });
}

function open(file: Resource, format: ExportFormat): Thenable<unknown> {
  const uri = Uri.file(file.fsPath);
  if (format === 'html') return env.openExternal(uri);
  // What is no text is shown where it lies.
  return format === 'parquet' ? commands.executeCommand('revealFileInOS', uri) : window.showTextDocument(uri);
}

async function pickFormat(): Promise<ExportFormat | undefined> {
  const items = formatNames.map((format): QuickPickItem & { format: ExportFormat } => ({ format, label: exportFormats[format].label, detail: sentence(exportFormats[format].detail) }));
  return (await window.showQuickPick(items, { title: l10n.t('Export Run') }))?.format;
}

const WEIGHTS: Readonly<Record<CostWeight, string>> = { time: l10n.t('Time'), tokens: l10n.t('Tokens'), energy: l10n.t('Energy'), money: l10n.t('Money') };

async function pickWeight(): Promise<CostWeight | undefined> {
  const items = costWeights.map((weight): QuickPickItem & { weight: CostWeight } => ({ weight, label: WEIGHTS[weight] }));
  return (await window.showQuickPick(items, { title: l10n.t('Export Run: Width of the Stacks') }))?.weight;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

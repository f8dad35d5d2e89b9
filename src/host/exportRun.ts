/** Export…: the run that is shown, as a page or for other tools. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { commands, env, Uri, window, type QuickPickItem } from 'vscode';
import { version } from '../../package.json';
import { exportFormats as formatNames, type ExportFormat, type Resource } from '../contributions.ts';
import { costWeights, type CostWeight } from '../profile/costStacks.ts';
import { exportFormats, renderExport } from '../profile/exportFormats.ts';
import { fileNameFrom } from '../recorder/recordingNames.ts';
import { messageOf } from './log.ts';
import type { Notifier } from './notify.ts';
import type { Run } from './runs.ts';
import type { SpanContents } from './spanContents.ts';

/** Asks for what is not given, writes the file, and tells where it is. */
export async function exportRun(run: Run | null, contents: SpanContents, webviewScript: string, notifier: Notifier, format?: ExportFormat, target?: Resource): Promise<void> {
  if (run === null || run.document === null) {
    notifier.error('There is no run to export. Profile a program or open a recording first.');
    return;
  }
  const { document } = run;
  const chosen = formatNames.find((known) => known === format) ?? (await pickFormat());
  if (chosen === undefined) return;
  const weight = chosen === 'folded' && format === undefined ? await pickWeight() : 'time';
  if (weight === undefined) return;
  const { label, ending } = exportFormats[chosen];
  const proposal = Uri.file(join(dirname(run.file), `${fileNameFrom(run.name)}${ending}`));
  const file = target ?? (await window.showSaveDialog({ defaultUri: proposal, filters: { [label]: [ending.slice(1)] }, title: 'Export Run' }));
  if (!file) return;
  try {
    // Readable by the owner alone, as recordings are: it may hold prompts.
    const prompts = chosen === 'html' ? await contents.tableOf(run.file) : null;
    await writeFile(file.fsPath, renderExport(document, chosen, { page: () => ({ script: { text: readFileSync(webviewScript, 'utf8'), gzip: gzipSync }, prompts }), weight, version }), { mode: 0o600 });
  } catch (error) {
    notifier.error(`${file.fsPath} could not be written: ${messageOf(error)}. Choose another place.`);
    return;
  }
  notifier.information(`Exported to ${file.fsPath}`, { label: 'Open', run: () => open(file, chosen) });
}

function open(file: Resource, format: ExportFormat): Thenable<unknown> {
  const uri = Uri.file(file.fsPath);
  if (format === 'html') return env.openExternal(uri);
  // What is no text is shown where it lies.
  return format === 'parquet' ? commands.executeCommand('revealFileInOS', uri) : window.showTextDocument(uri);
}

async function pickFormat(): Promise<ExportFormat | undefined> {
  const items = formatNames.map((format): QuickPickItem & { format: ExportFormat } => ({ format, label: exportFormats[format].label, detail: sentence(exportFormats[format].detail) }));
  return (await window.showQuickPick(items, { title: 'Export Run' }))?.format;
}

const WEIGHTS: Readonly<Record<CostWeight, string>> = { time: 'Time', tokens: 'Tokens', energy: 'Energy', money: 'Money' };

async function pickWeight(): Promise<CostWeight | undefined> {
  const items = costWeights.map((weight): QuickPickItem & { weight: CostWeight } => ({ weight, label: WEIGHTS[weight] }));
  return (await window.showQuickPick(items, { title: 'Export Run: Width of the Stacks' }))?.weight;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

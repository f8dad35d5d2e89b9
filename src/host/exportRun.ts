/** Export…: the run that is shown, as a page or for other tools. */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { env, Uri, window, type QuickPickItem } from 'vscode';
import { exportFormats, type ExportFormat, type Resource } from '../contributions.ts';
import { renderHtml } from '../profile/exportHtml.ts';
import { toPerfettoJson } from '../profile/exportPerfetto.ts';
import type { TimelineDocument } from '../protocol/webview.ts';
import { fileNameFrom } from '../recorder/recordingFile.ts';
import { messageOf } from './log.ts';
import type { Notifier } from './notify.ts';
import type { Run } from './runs.ts';
import type { SpanContents } from './spanContents.ts';

const formats: Readonly<Record<ExportFormat, { label: string; detail: string; ending: string }>> = {
  html: { label: 'HTML', detail: 'One self-contained page with the same timeline', ending: 'html' },
  json: { label: 'JSON', detail: 'The report: totals, lines, tools and spans', ending: 'json' },
  perfetto: { label: 'Perfetto', detail: 'A trace for ui.perfetto.dev', ending: 'perfetto.json' },
};

/** Asks for what is not given, writes the file, and tells where it is. */
export async function exportRun(run: Run | null, contents: SpanContents, webviewScript: string, notifier: Notifier, format?: ExportFormat, target?: Resource): Promise<void> {
  if (run === null || run.document === null) {
    notifier.error('There is no run to export. Profile a program or open a recording first.');
    return;
  }
  const { document } = run;
  const chosen = exportFormats.find((known) => known === format) ?? (await pickFormat());
  if (chosen === undefined) return;
  const { label, ending } = formats[chosen];
  const proposal = Uri.file(join(dirname(run.file), `${fileNameFrom(run.name)}.${ending}`));
  const file = target ?? (await window.showSaveDialog({ defaultUri: proposal, filters: { [label]: [ending] }, title: 'Export Run' }));
  if (!file) return;
  try {
    // Readable by the owner alone, as recordings are: it may hold prompts.
    await writeFile(file.fsPath, await render(run.file, document, contents, chosen, webviewScript), { mode: 0o600 });
  } catch (error) {
    notifier.error(`${file.fsPath} could not be written: ${messageOf(error)}. Choose another place.`);
    return;
  }
  notifier.information(`Exported to ${file.fsPath}`, { label: 'Open', run: () => open(file, chosen) });
}

function open(file: Resource, format: ExportFormat): Thenable<unknown> {
  return format === 'html' ? env.openExternal(Uri.file(file.fsPath)) : window.showTextDocument(Uri.file(file.fsPath));
}

async function render(file: string, document: TimelineDocument, contents: SpanContents, format: ExportFormat, webviewScript: string): Promise<string> {
  switch (format) {
    case 'html':
      return renderHtml(document, await readFile(webviewScript, 'utf8'), document.report.run.name, await contents.tableOf(file));
    case 'json':
      return `${JSON.stringify(document.report, null, 2)}\n`;
    case 'perfetto':
      return toPerfettoJson(document);
  }
}

async function pickFormat(): Promise<ExportFormat | undefined> {
  const items = exportFormats.map((format): QuickPickItem & { format: ExportFormat } => ({ format, label: formats[format].label, detail: formats[format].detail }));
  return (await window.showQuickPick(items, { title: 'Export Run' }))?.format;
}

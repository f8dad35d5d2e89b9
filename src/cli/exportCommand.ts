/** `agent-cost export FILE --format F`: a recording for other eyes and tools. */
import { type Command, Option } from 'commander';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { toPerfettoJson } from '../profile/exportPerfetto.ts';
import { renderHtml } from '../profile/exportHtml.ts';
import type { TimelineDocument } from '../protocol/webview.ts';
import { RECORDING_EXTENSION } from '../recorder/recordingFile.ts';
import { accounting, addAccountingOptions, type AccountingFlags } from './accountingOptions.ts';
import { installation } from './installation.ts';
import { openRecording } from './openRecording.ts';
import { UsageError } from './usageError.ts';

const formats = {
  html: { extension: '.html', render: htmlOf },
  json: { extension: '.json', render: (document: TimelineDocument) => `${JSON.stringify(document.report, null, 2)}\n` },
  perfetto: { extension: '.perfetto.json', render: toPerfettoJson },
} satisfies Record<string, { extension: string; render: (document: TimelineDocument) => string }>;
export type ExportFormat = keyof typeof formats;

/** The self-contained page with the same timeline as in the editor. */
function htmlOf(document: TimelineDocument): string {
  return renderHtml(document, readFileSync(installation().webviewScript, 'utf8'), document.report.run.name);
}

/**
 * Writes a document in a format.
 * @param out path to write, or null for a name beside the recording
 * @returns the path written
 * @throws UsageError when it cannot be written
 */
export function exportDocument(document: TimelineDocument, format: ExportFormat, recording: string, out: string | null): string {
  const path = out === null ? recordingStem(recording) + formats[format].extension : resolve(out);
  try {
    // Readable by the owner alone, as recordings are: it may hold prompts.
    writeFileSync(path, formats[format].render(document), { mode: 0o600 });
  } catch (error) {
    throw new UsageError(`cannot write ${path}: ${error instanceof Error ? error.message : String(error)}. Name another place with --out.`);
  }
  return path;
}

function recordingStem(recording: string): string {
  const path = resolve(recording);
  return path.endsWith(RECORDING_EXTENSION) ? path.slice(0, -RECORDING_EXTENSION.length) : path;
}

export function addExportCommand(root: Command): Command {
  const command = root
    .command('export')
    .description('write a recording as a self-contained page or for other tools')
    .argument('<file>', 'recording (*.agentcost)')
    .addOption(new Option('--format <format>', 'html: one page with the timeline; json: the report; perfetto: for ui.perfetto.dev').choices(Object.keys(formats)).makeOptionMandatory())
    .option('-o, --out <file>', "file to write, - for stdout (default: beside the recording, by the format's ending)")
    .option('--json', 'print {"path"} as JSON instead of the path')
    .addHelpText('after', '\nExample:\n  $ agent-cost export .agent-cost/my_agent-20261122-1412.agentcost --format html');
  addAccountingOptions(command).action(async (file: string, flags: AccountingFlags & { format: ExportFormat; out?: string; json?: true }) => {
    const document = await openRecording(file, accounting(flags));
    if (flags.out === '-') {
      process.stdout.write(formats[flags.format].render(document));
      return;
    }
    const path = exportDocument(document, flags.format, file, flags.out ?? null);
    process.stdout.write(flags.json ? `${JSON.stringify({ path })}\n` : `${path}\n`);
  });
  return command;
}

/** `agent-cost export FILE --format F`: a recording for other eyes and tools. */
import { type Command, Option } from 'commander';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { version } from '../../package.json';
import { analyze } from '../analysis/analyze.ts';
import { toAiperfTrace } from '../analysis/load/aiperfTrace.ts';
import { toK6Script } from '../analysis/load/k6Script.ts';
import { promptTable } from '../analysis/prompts.ts';
import { recordedLoad, type RecordedLoad } from '../analysis/load/recordedLoad.ts';
import type { Accounting } from '../profile/accounting.ts';
import { costWeights, type CostWeight } from '../profile/costStacks.ts';
import { exportFormats, renderExport, type ExportFormat } from '../profile/exportFormats.ts';
import { jsonText } from '../profile/jsonPieces.ts';
import type { PromptTable } from '../protocol/content.ts';
import type { TimelineDocument } from '../protocol/webview.ts';
import { readRecordingFile, readRecordingForPage } from '../recorder/recordingFile.ts';
import { RECORDING_EXTENSION } from '../recorder/recordingNames.ts';
import { TextFile } from '../recorder/textFile.ts';
import { accounting, addAccountingOptions, type AccountingFlags } from './accountingOptions.ts';
import { installation } from './installation.ts';
import { opened, openRecording } from './openRecording.ts';
import { UsageError } from './usageError.ts';
import { printPieces, writePieces } from './writePieces.ts';

/** What there is to write: the document that every view shows, and what the calls said. */
export interface ExportedRun {
  document: TimelineDocument;
  prompts: PromptTable;
}

/** In pieces where it may be too long for one string. */
type Content = string | Uint8Array | Iterable<string>;

/** The run's calls of models as a load for engines that send it again. */
const loadFormats = {
  k6: { extension: '.k6.js', render: (load: RecordedLoad, name: string) => toK6Script(load, { name, version }) },
  aiperf: { extension: '.aiperf.jsonl', render: toAiperfTrace },
} satisfies Record<string, { extension: string; render: (load: RecordedLoad, name: string) => Iterable<string> }>;
type LoadFormat = keyof typeof loadFormats;

function isLoadFormat(format: ExportFormat | LoadFormat): format is LoadFormat {
  return format in loadFormats;
}

/** @throws UsageError where the run cannot be written so */
function renderRun({ document, prompts }: ExportedRun, format: ExportFormat, weight: CostWeight): string | Uint8Array {
  try {
    return renderExport(document, format, { page: () => ({ script: { text: readFileSync(installation().webviewScript, 'utf8'), gzip: gzipSync }, prompts }), weight, version });
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/**
 * Writes a run in a format.
 * @param out path to write, or null for a name beside the recording
 * @returns the path written
 * @throws UsageError when it cannot be written
 */
export function exportRun(run: ExportedRun, format: ExportFormat, recording: string, out: string | null): string {
  return write(renderRun(run, format, 'time'), out === null ? recordingStem(recording) + exportFormats[format].ending : resolve(out));
}

function write(content: Content, path: string): string {
  try {
    // Readable by the owner alone, as recordings are: it may hold prompts.
    if (isWhole(content)) writeFileSync(path, content, { mode: 0o600 });
    else writePieces(path, content);
  } catch (error) {
    throw new UsageError(`cannot write ${path}: ${error instanceof Error ? error.message : String(error)}. Name another place with --out.`);
  }
  return path;
}

function isWhole(content: Content): content is string | Uint8Array {
  return typeof content === 'string' || content instanceof Uint8Array;
}

function recordingStem(recording: string): string {
  const path = resolve(recording);
  return path.endsWith(RECORDING_EXTENSION) ? path.slice(0, -RECORDING_EXTENSION.length) : path;
}

export function addExportCommand(root: Command): Command {
  const described = [...Object.entries(exportFormats).map(([name, { detail }]) => `${name}: ${detail}`), 'k6: a script for k6 that sends the calls again', 'aiperf: the same as a trace for AIPerf'].join('; ');
  const command = root
    .command('export')
    .description('write a recording as a self-contained page or for other tools')
    .argument('<file>', 'recording (*.agentcost)')
    .addOption(new Option('--format <format>', described).choices([...Object.keys(exportFormats), ...Object.keys(loadFormats)]).makeOptionMandatory())
    .addOption(new Option('--weight <weight>', 'folded: what a stack weighs, in µs, tokens, µJ or billionths of a dollar').choices(costWeights).default('time'))
    .option('-o, --out <file>', "file to write, - for stdout (default: beside the recording, by the format's ending)")
    .option('--json', 'print {"path"} as JSON instead of the path')
    .addHelpText('after', '\nExample:\n  $ agent-cost export .agent-cost/my_agent-20261122-1412.agentcost --format html\n  $ agent-cost export .agent-cost/my_agent-20261122-1412.agentcost --format k6 && k6 run .agent-cost/my_agent-20261122-1412.k6.js');
  addAccountingOptions(command).action(async (file: string, flags: AccountingFlags & { format: ExportFormat | LoadFormat; weight: CostWeight; out?: string; json?: true }) => {
    const { out, json, ...how } = flags;
    if (!isLoadFormat(how.format)) {
      await handOver(await renderedView(file, { ...how, format: how.format }), out, json === true, recordingStem(file) + exportFormats[how.format].ending);
      return;
    }
    const { extension, render } = loadFormats[how.format];
    const path = out === undefined ? recordingStem(file) + extension : out === '-' ? '-' : resolve(out);
    // Beside what is written, where more than these texts has to find room.
    const texts = new TextFile(path === '-' ? tmpdir() : dirname(path));
    try {
      const { load, name } = await loadOf(file, texts, accounting(flags));
      await handOver(render(load, name), out, json === true, path);
    } finally {
      texts.close();
    }
  });
  return command;
}

/** Writes what was rendered to a file, whose path it tells, or to stdout. */
async function handOver(content: Content, out: string | undefined, json: boolean, path: string): Promise<void> {
  if (out === '-') {
    if (isWhole(content)) process.stdout.write(content);
    else await printPieces(content);
    return;
  }
  const written = write(content, out === undefined ? path : resolve(out));
  process.stdout.write(json ? `${JSON.stringify({ path: written })}\n` : `${written}\n`);
}

/** @throws UsageError or RecordingError */
async function renderedView(file: string, { format, weight, ...flags }: AccountingFlags & { format: ExportFormat; weight: CostWeight }): Promise<Content> {
  if (format === 'html') {
    const { profile, leftOut } = await opened(readRecordingForPage(file));
    const document = analyze(profile, { accounting: accounting(flags) });
    for (const { code, message } of document.report.warnings) if (LEFT_OUT.has(code)) process.stderr.write(`${message}\n`);
    return renderRun({ document, prompts: promptTable(profile.calls, leftOut) }, format, weight);
  }
  const document = await openRecording(file, accounting(flags));
  return format === 'json' ? jsonText(document.report) : renderRun({ document, prompts: promptTable([]) }, format, weight);
}

/** What a page lacks of its recording. */
const LEFT_OUT: ReadonlySet<string> = new Set(['textsNotRead', 'promptsNotWhole']);

/** @throws UsageError or RecordingError */
async function loadOf(file: string, texts: TextFile, charged: Accounting): Promise<{ load: RecordedLoad; name: string }> {
  const profile = await opened(readRecordingFile(file, 'all', { elsewhere: texts }));
  const document = analyze(profile, { accounting: charged });
  const load = recordedLoad(profile, document, texts);
  if (load.sessions.length === 0) throw new UsageError(`${file} has no call of a model with messages and an answer: there is no load to send again.`);
  return { load, name: document.report.run.name };
}

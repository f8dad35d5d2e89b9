/** `agent-cost import FILE`: another tool's trace as a recording that the timeline opens. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { version } from '../../package.json';
import { formatCount } from '../profile/formatCount.ts';
import { formatBytes } from '../profile/formatValue.ts';
import type { Bytes } from '../profile/units.ts';
import { ImportError } from '../recorder/imports/foreignSpan.ts';
import { importedRecording, type Imported } from '../recorder/imports/importedRecording.ts';
import { readTrace, TRACE_FORMATS } from '../recorder/imports/readTraceFile.ts';
import { fileNameFrom, RECORDING_EXTENSION } from '../recorder/recordingNames.ts';
import { writeWhole } from './writeWhole.ts';
import { UsageError } from './usageError.ts';

/** A larger one would not fit a string of JavaScript, or the memory beside what is read of it. */
const MAX_FILE_BYTES: Bytes = 300_000_000;

export function addImportCommand(root: Command): Command {
  const command = root
    .command('import')
    .description(`turn another tool's trace into a recording: ${TRACE_FORMATS.join(', ')}, as JSON`)
    .argument('<file>', 'the trace: a JSON file, or one with a JSON value on each line')
    .option('-o, --out <file>', 'recording to write (default: beside the trace)')
    .option('--name <name>', "the run's name (default: the file's)")
    .option('--json', 'print {"path", "format", "spans", "calls", "leftOut"} as JSON instead of the path')
    .addHelpText('after', '\nWhat the trace does not tell, such as the GPU\'s work, stays unknown.\n\nExample:\n  $ agent-cost import trace.otlp.json && agent-cost report trace.otlp.agentcost');
  command.action((file: string, flags: { out?: string; name?: string; json?: true }) => {
    const name = flags.name ?? basename(file).replace(/\.(json|jsonl|ndjson)$/i, '');
    const { imported, format } = importFile(file, name);
    const path = resolve(flags.out ?? join(dirname(file), `${fileNameFrom(name)}${RECORDING_EXTENSION}`));
    if (path === resolve(file)) throw new UsageError(`${path} is the trace itself: name another file with --out.`);
    writeWhole('--out', path, imported.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const { calls, spans, leftOut } = imported;
    process.stdout.write(flags.json === true ? `${JSON.stringify({ path, format, spans, calls, leftOut })}\n` : `${path}\n`);
    process.stderr.write(`${format}: ${formatCount(spans, 'span')}, ${formatCount(calls, 'model call')} of them${leftOut === 0 ? '' : `; ${formatCount(leftOut, 'span')} without valid ids or times left out`}\n`);
  });
  return command;
}

/** @throws UsageError that names the file */
function importFile(file: string, name: string): { imported: Imported; format: string } {
  let text: string;
  let modifiedNs: bigint;
  try {
    const { size, mtimeMs } = statSync(file);
    if (size > MAX_FILE_BYTES) throw new UsageError(`${file} is ${formatBytes(size)}; traces over ${formatBytes(MAX_FILE_BYTES)} are not imported. Export a part of it.`);
    modifiedNs = BigInt(Math.round(mtimeMs)) * 1_000_000n;
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
  const cwd = dirname(resolve(file));
  const toFile = (path: string): string => (isAbsolute(path) ? path : resolve(cwd, path));
  try {
    const trace = readTrace(text, modifiedNs);
    return { imported: importedRecording(trace, { name, id: randomUUID(), file: basename(file), cwd, producer: { name: 'agent-cost import', version }, toFile }), format: trace.format };
  } catch (error) {
    if (error instanceof ImportError) throw new UsageError(`${file} cannot be imported: ${error.message}.`);
    throw error;
  }
}

/** `agent-cost repair FILE`: what can be read of a damaged recording, as a sound one. The damaged file stays as it is. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { version } from '../../package.json';
import { formatCount } from '../profile/formatCount.ts';
import { RECORDING_FORMAT, RECORDING_VERSION, type HeaderLine } from '../profile/recordingFormat.ts';
import { RecordingRepairer } from '../profile/repairRecording.ts';
import { crc32 } from '../recorder/crc32.ts';
import { LOST, MISSING, NEXT_PART, recordedLines, type Recorded } from '../recorder/recordedLines.ts';
import { LOST_STRETCH, MISSING_PART } from '../recorder/recordingFile.ts';
import { RECORDING_EXTENSION } from '../recorder/recordingNames.ts';
import { sweepReserves } from '../recorder/reserve.ts';
import { UsageError } from './usageError.ts';

export function addRepairCommand(root: Command): Command {
  const command = root
    .command('repair')
    .description('write what can be read of a damaged recording as a sound one')
    .argument('<file>', 'recording (*.agentcost)')
    .option('-o, --out <file>', 'recording to write (default: NAME.repaired.agentcost beside it)')
    .option('--json', 'print {"path", "kept", "leftOut", "lines", "headerMade"} as JSON instead of the path')
    .addHelpText('after', '\nThe damaged file is not changed. A call or span whose end is lost is shown as incomplete.\n\nExample:\n  $ agent-cost repair run.agentcost && agent-cost report run.repaired.agentcost');
  command.action(async (file: string, flags: { out?: string; json?: true }) => {
    const path = resolve(flags.out ?? `${file.endsWith(RECORDING_EXTENSION) ? file.slice(0, -RECORDING_EXTENSION.length) : file}.repaired${RECORDING_EXTENSION}`);
    if (path === resolve(file)) throw new UsageError(`${path} is the damaged recording itself: name another file with --out.`);
    const repairer = await repair(file, path);
    await sweepReserves(resolve(file));
    const { kept, leftOut, leftOutCount, headerMade } = repairer;
    process.stdout.write(flags.json === true ? `${JSON.stringify({ path, kept, leftOut: leftOutCount, lines: leftOut, headerMade })}\n` : `${path}\n`);
    const named = leftOut.map(({ line, part, why, lost }) => `line ${line}${part === undefined ? '' : ` of part ${part}`} left out${lost === undefined ? '' : ` (${lost})`}: ${why}\n`);
    const more = leftOutCount > leftOut.length ? [`and ${formatCount(leftOutCount - leftOut.length, 'more line')} left out\n`] : [];
    const header = headerMade ? ['the header could not be read: name, command, backend and GPU profile are unknown in the repaired recording\n'] : [];
    process.stderr.write([...named, ...more, ...header, `${formatCount(kept, 'line')} kept\n`].join(''));
  });
  return command;
}

/** @throws UsageError when a file cannot be read or written, or nothing can be read of it; RecordingError for one of a newer version */
async function repair(file: string, path: string): Promise<RecordingRepairer> {
  const repairer = new RecordingRepairer(substituteHeader(file), crc32);
  const unfinished = `${path}.${process.pid}.unfinished`;
  const out = openFor(unfinished);
  let isWhole = false;
  try {
    for await (const each of readable(file)) {
      if (each === NEXT_PART) repairer.beginPart();
      else if (each === MISSING) repairer.lose(MISSING_PART);
      else if (each === LOST) repairer.lose(LOST_STRETCH);
      else if (typeof each === 'object') repairer.resumeAt(each.line);
      else for (const text of repairer.push(each)) writeSync(out, text);
    }
    if (repairer.kept === 0) throw new UsageError(`${file}: nothing of a recording can be read in it. Profile the program again.`);
    isWhole = true;
  } finally {
    closeSync(out);
    if (!isWhole) rmSync(unfinished, { force: true });
  }
  renameSync(unfinished, path);
  return repairer;
}

async function* readable(file: string): AsyncGenerator<Recorded> {
  try {
    yield* recordedLines(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function openFor(path: string): number {
  try {
    // Its owner's alone, as recordings are.
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    throw new UsageError(`cannot write ${path}: ${error instanceof Error ? error.message : String(error)}. Name another place with --out.`);
  }
}

function substituteHeader(file: string): HeaderLine {
  let startedAt: Date;
  try {
    startedAt = statSync(file).birthtime;
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return {
    type: 'header',
    format: RECORDING_FORMAT,
    version: RECORDING_VERSION,
    id: randomUUID(),
    name: basename(file, RECORDING_EXTENSION),
    startedAt: startedAt.toISOString(),
    command: [],
    cwd: '',
    capture: 'full',
    backend: { kind: 'unknown', url: null, version: null, model: null, gpu: null, simulated: false },
    gpuProfile: null,
    modelProfile: null,
    priceProfile: null,
    gpuCount: 1,
    producer: { name: 'agent-cost repair', version },
  };
}

/** `agent-cost delete`: recordings that nobody needs any more, and what was kept for them. */
import type { Command } from 'commander';
import { lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { formatCount } from '../profile/formatCount.ts';
import { formatBytes } from '../profile/formatValue.ts';
import type { Milliseconds } from '../profile/units.ts';
import { deleteRecording, recordingsIn } from '../recorder/deleteRecording.ts';
import { RECORDING_EXTENSION } from '../recorder/recordingNames.ts';
import { foundRecording, type FoundRecording } from '../recorder/recordingParts.ts';
import { RECORDINGS_FOLDER } from '../recorder/recordingsFolder.ts';
import { shownPath } from './shownPath.ts';
import { UsageError } from './usageError.ts';

interface DeleteFlags {
  all?: true;
  olderThan?: string;
  dryRun?: true;
  json?: true;
}

const UNIT_MS: Readonly<Record<string, Milliseconds>> = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

export function addDeleteCommand(root: Command): Command {
  const command = root
    .command('delete')
    .description('delete recordings, and the source texts that were kept for them alone')
    .argument('[files...]', 'recordings (*.agentcost)')
    .option('--all', `all recordings in ${RECORDINGS_FOLDER}`)
    .option('--older-than <age>', `those in ${RECORDINGS_FOLDER} that were last written so long ago: 12h, 30d, 8w`)
    .option('--dry-run', 'say what would be deleted, and delete nothing')
    .option('--json', 'print [{"file", "bytes"}] as JSON')
    .addHelpText('after', '\nThere is no way back: in VS Code, Delete Recordings… can move them to the trash.\n\nExample:\n  $ agent-cost delete --older-than 30d --dry-run');
  command.action(async (files: string[], flags: DeleteFlags) => {
    const chosen = await choose(files, flags);
    const deleted: { file: string; bytes: number }[] = [];
    for (const { file, size } of chosen) {
      try {
        deleted.push({ file, bytes: flags.dryRun === true ? size : await deleteRecording(file) });
      } catch (error) {
        throw new UsageError(`${shownPath(file)} cannot be deleted: ${(error as Error).message}. ${formatCount(deleted.length, 'recording')} before it ${deleted.length === 1 ? 'was' : 'were'}.`);
      }
    }
    if (flags.json === true) process.stdout.write(`${JSON.stringify(deleted)}\n`);
    else for (const { file } of deleted) process.stdout.write(`${shownPath(file)}\n`);
    const total = formatBytes(deleted.reduce((sum, { bytes }) => sum + bytes, 0));
    process.stderr.write(`${formatCount(deleted.length, 'recording')}, ${total}, ${flags.dryRun === true ? 'would be deleted' : 'deleted'}\n`);
  });
  return command;
}

/** @throws UsageError */
async function choose(files: readonly string[], { all, olderThan }: DeleteFlags): Promise<FoundRecording[]> {
  if ([files.length > 0, all === true, olderThan !== undefined].filter(Boolean).length !== 1) throw new UsageError('Name the recordings to delete, or choose with one of --all and --older-than.');
  if (files.length > 0) return Promise.all([...new Set(files.map((file) => resolve(file)))].map(named));
  const found = await recordingsIn(resolve(RECORDINGS_FOLDER));
  const before = olderThan === undefined ? Number.POSITIVE_INFINITY : Date.now() - age(olderThan);
  return found.filter(({ writtenAt }) => writtenAt <= before);
}

/** @throws UsageError for what is not there or is no recording: other files are not deleted */
async function named(file: string): Promise<FoundRecording> {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError(`${shownPath(file)}: there is no such file. Nothing was deleted.`);
  if (!stats.isFile() || !file.endsWith(RECORDING_EXTENSION)) throw new UsageError(`${shownPath(file)} is no recording (*${RECORDING_EXTENSION}), and other files are not deleted. Nothing was deleted.`);
  return foundRecording(file);
}

/** @throws UsageError */
function age(text: string): Milliseconds {
  const [, count, unit = ''] = /^(\d{1,6})([hdw])$/.exec(text) ?? [];
  if (count === undefined) throw new UsageError(`--older-than expects hours, days or weeks, such as 12h, 30d or 8w, not "${text}".`);
  return Number(count) * (UNIT_MS[unit] ?? 0);
}

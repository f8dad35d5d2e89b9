/** Delete Recordings…: asks which and how, and deletes them. */
import { basename } from 'node:path';
import * as l10n from '@vscode/l10n';
import { Uri, window, workspace, type QuickPickItem } from 'vscode';
import { localTime } from '../profile/language.ts';
import { formatCount } from '../profile/formatCount.ts';
import { formatBytes } from '../profile/formatValue.ts';
import { messageOf } from './log.ts';
import type { Notifier } from './notify.ts';
import type { Run, RunStore } from './runs.ts';

const TRASH = l10n.t('Move to Trash');
const FOR_GOOD = l10n.t('Delete Permanently');

/** @param files recordings; where there are none it is asked which */
export async function chooseAndDelete(runs: RunStore, notifier: Notifier, files: readonly string[]): Promise<void> {
  await runs.refresh();
  const chosen = files.length > 0 ? files.flatMap((file) => runs.get(file) ?? []) : await pick(runs, notifier);
  const live = chosen.filter((run) => run.live);
  if (live.length > 0) notifier.warning(l10n.t`${live.map(({ name }) => name).join(', ')} is still being recorded, and is kept. Stop the run first.`);
  const gone = chosen.filter((run) => !run.live);
  if (gone.length === 0) return;
  const how = await window.showWarningMessage(question(gone), { modal: true, detail: DETAIL }, TRASH, FOR_GOOD);
  if (how !== TRASH && how !== FOR_GOOD) return;
  for (const run of gone) {
    try {
      await remove(run.file, how);
      runs.forget(run.file);
      await runs.forgetKept(run.file);
    } catch (error) {
      notifier.error(how === TRASH ? l10n.t`${run.file} could not be moved to the trash: ${messageOf(error)}` : l10n.t`${run.file} could not be deleted: ${messageOf(error)}`);
    }
  }
}

const DETAIL = l10n.t('The trash holds the recording with its prompts and answers until it is emptied. Deleted permanently, it is gone at once, with the source texts that were kept for it alone.');

function question(runs: readonly Run[]): string {
  const [first] = runs;
  return runs.length === 1 && first !== undefined ? l10n.t`Delete the recording ${basename(first.file)}?` : l10n.t`Delete ${formatCount(runs.length, 'recording')}?`;
}

async function remove(file: string, how: string): Promise<void> {
  if (how === TRASH) {
    const { partsOf } = await import('../recorder/recordingParts.ts');
    for (const part of (await partsOf(file)).toReversed()) await workspace.fs.delete(Uri.file(part), { useTrash: true });
    return;
  }
  const { deleteRecording } = await import('../recorder/deleteRecording.ts');
  await deleteRecording(file);
}

async function pick(runs: RunStore, notifier: Notifier): Promise<readonly Run[]> {
  const items = await Promise.all(
    runs.list
      .filter(({ live }) => !live)
      .map(async (run): Promise<QuickPickItem & { run: Run }> => ({ label: run.name, description: `${localTime(new Date(run.startedMs))} · ${formatBytes(await sizeOf(run.file))}`, detail: run.file, run })),
  );
  if (items.length === 0) {
    notifier.information(l10n.t('There are no recordings to delete in this workspace.'));
    return [];
  }
  const picked = await window.showQuickPick(items, { title: l10n.t('Delete Recordings'), canPickMany: true, matchOnDescription: true, matchOnDetail: true });
  return (picked ?? []).map(({ run }) => run);
}

async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await workspace.fs.stat(Uri.file(file))).size;
  } catch {
    // Gone since it was listed: deleting it says so.
    return null;
  }
}

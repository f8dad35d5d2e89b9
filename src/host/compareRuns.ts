/** Compare Runs…: asks which, and shows what changed from the one to the other. */
import { basename } from 'node:path';
import * as l10n from '@vscode/l10n';
import { window, workspace, type QuickPickItem } from 'vscode';
import { localTime } from '../profile/language.ts';
import { comparisonUri } from './comparisonDocuments.ts';
import type { Notifier } from './notify.ts';
import type { RunStore } from './runs.ts';

/** @param one, other recordings; where one is missing it is asked for. The later of the two is what the earlier is compared with. */
export async function chooseAndCompare(runs: RunStore, notifier: Notifier, one: string | null, other: string | null): Promise<void> {
  await runs.refresh();
  if (runs.list.length < 2 && (one === null || other === null)) {
    notifier.error(l10n.t('There are no two runs to compare. Profile a program twice, or open a recording from elsewhere first.'));
    return;
  }
  const first = one ?? (await pick(runs, l10n.t('Compare Runs: The First of Two'), null));
  if (first === undefined) return;
  const second = other ?? (await pick(runs, l10n.t`Compare ${basename(first)} With`, first));
  if (second === undefined) return;
  const [before, after] = one !== null && other !== null ? [first, second] : inOrder(runs, first, second);
  await window.showTextDocument(await workspace.openTextDocument(comparisonUri(before, after)), { preview: false });
}

function inOrder(runs: RunStore, one: string, other: string): [before: string, after: string] {
  const startOf = (file: string): number => runs.get(file)?.startedMs ?? 0;
  return startOf(one) <= startOf(other) ? [one, other] : [other, one];
}

async function pick(runs: RunStore, title: string, but: string | null): Promise<string | undefined> {
  const items = runs.list.filter(({ file, live }) => file !== but && !live).map((run): QuickPickItem & { file: string } => ({ label: run.name, description: localTime(new Date(run.startedMs)), detail: basename(run.file), file: run.file }));
  return (await window.showQuickPick(items, { title, matchOnDescription: true, matchOnDetail: true }))?.file;
}

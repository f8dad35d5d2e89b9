/** Two runs side by side as a read-only document, made anew from their recordings whenever it is opened. */
import { basename } from 'node:path';
import * as l10n from '@vscode/l10n';
import { Uri, workspace, type Disposable } from 'vscode';
import { messageOf } from './log.ts';
import type { RunStore } from './runs.ts';

const SCHEME = 'agent-cost-compare';

/** The document's address: its name is what its tab says. */
export function comparisonUri(before: string, after: string): Uri {
  return Uri.from({ scheme: SCHEME, path: `/${stem(before)} → ${stem(after)}.txt`, query: JSON.stringify([before, after]) });
}

export function registerComparisons(runs: RunStore): Disposable {
  return workspace.registerTextDocumentContentProvider(SCHEME, { provideTextDocumentContent: ({ query }) => comparisonOf(runs, query).catch((error: unknown) => l10n.t`The runs cannot be compared: ${messageOf(error)}\n`) });
}

async function comparisonOf(runs: RunStore, query: string): Promise<string> {
  const files: unknown = JSON.parse(query);
  const [before, after] = Array.isArray(files) ? (files as unknown[]) : [];
  if (typeof before !== 'string' || typeof after !== 'string') throw new Error(l10n.t('the address names no two recordings'));
  // Loaded when it is needed: activation stays short.
  const [{ compareRuns }, { comparisonText }] = await Promise.all([import('../analysis/comparison/compareRuns.ts'), import('../analysis/comparison/comparisonText.ts')]);
  const [first, second] = [await runs.load(before), await runs.load(after)];
  if (first.document === null || second.document === null) throw new Error(l10n.t('one of them is still without a call'));
  return comparisonText(compareRuns([first.document.report], [second.document.report]), { before: stem(before), after: stem(after) }, [], { dim: (text) => text });
}

function stem(file: string): string {
  return basename(file).replace(/\.agentcost$/, '');
}

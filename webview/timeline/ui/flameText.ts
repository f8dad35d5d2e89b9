/** What is said of a node of a call tree: amounts with how sure they are, and shares of the run. */
import * as l10n from '@vscode/l10n';
import { formatCount } from '../../../src/profile/formatCount.ts';
import { formatDuration, formatEnergy, formatPercent, formatTokens, formatUsd, UNKNOWN_TEXT } from '../../../src/profile/formatValue.ts';
import type { CallTree, Measure, NodeKind } from '../model/callTree.ts';

export const measureTexts: Record<Measure, string> = { time: l10n.t('time'), tokens: l10n.t('tokens'), energy: l10n.t('energy'), money: l10n.t('money') };

const formats: Record<Measure, (value: number) => string> = { time: formatDuration, tokens: (value) => l10n.t`${formatTokens(value)} tokens`, energy: formatEnergy, money: formatUsd };

const kindTexts: Record<NodeKind, string> = { run: l10n.t('Run'), frame: l10n.t('Line'), llm: l10n.t('Model'), tool: l10n.t('Tool'), rest: l10n.t('Not charged to calls') };

/** `~1.2 s`; `–` where it is known of no call. */
export function amountText(tree: CallTree, node: number, measure: Measure): string {
  const total = tree.total[measure][node] ?? 0;
  if (total === 0 && (tree.unknown[measure][node] ?? 0) > 0) return UNKNOWN_TEXT;
  return `${tree.about[measure][node] === true && total > 0 ? '~' : ''}${formats[measure](total)}`;
}

/** Of the run's. */
export function shareText(tree: CallTree, node: number, measure: Measure): string {
  const whole = tree.total[measure][0] ?? 0;
  return whole > 0 ? formatPercent((tree.total[measure][node] ?? 0) / whole) : formatPercent(null);
}

/** What calls that start on the line itself take of a frame; null for everything else. */
export function ownAmount(tree: CallTree, children: Iterable<number>, node: number, measure: Measure): string | null {
  if (tree.kind[node] !== 'frame') return null;
  let own = 0;
  let isAbout = false;
  for (const child of children) {
    if (tree.kind[child] === 'frame') continue;
    own += tree.total[measure][child] ?? 0;
    isAbout ||= tree.about[measure][child] === true;
  }
  return `${isAbout && own > 0 ? '~' : ''}${formats[measure](own)}`;
}

export function kindWord(tree: CallTree, node: number): string {
  return kindTexts[tree.kind[node] ?? 'frame'];
}

export function callsText(tree: CallTree, node: number): string {
  return formatCount(tree.calls[node] ?? 0, 'call');
}

/** For who hears it: `Line solve agent.ts:88, 14.5 s, 66 %, 9 calls`. */
export function nodeSentence(tree: CallTree, node: number, measure: Measure): string {
  return [`${kindWord(tree, node)} ${tree.label[node] ?? ''}`, amountText(tree, node, measure), shareText(tree, node, measure), callsText(tree, node)].join(', ');
}

const unknownTexts: Record<Measure, (calls: string) => string> = {
  time: (calls) => l10n.t('of {0} the time is not known', calls),
  tokens: (calls) => l10n.t('of {0} the tokens are not known', calls),
  energy: (calls) => l10n.t('of {0} the energy is not known', calls),
  money: (calls) => l10n.t('of {0} the money is not known', calls),
};

/** What is not known, and why; null where all is. */
export function gapText(tree: CallTree, measure: Measure): string | null {
  const unknown = tree.unknown[measure][0] ?? 0;
  return unknown === 0 ? null : unknownTexts[measure](formatCount(unknown, 'call'));
}

/** Why nothing has a width. */
export const emptyTexts: Record<Measure, string> = {
  time: l10n.t('No call to a model or a tool was seen in this run.'),
  tokens: l10n.t('Tokens unknown: the server does not report them, or no model was called.'),
  energy: l10n.t('Energy unknown: there are no readings of power, and no profile of the GPU.'),
  money: l10n.t('Cost unknown: there is no price of the GPU’s hours or of the model’s tokens.'),
};

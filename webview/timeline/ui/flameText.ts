/** What is said of a node of a call tree: amounts with how sure they are, and shares of the run. */
import { formatCount } from '../../../src/profile/formatCount.ts';
import { formatDuration, formatEnergy, formatPercent, formatTokens, formatUsd, UNKNOWN_TEXT } from '../../../src/profile/formatValue.ts';
import type { CallTree, Measure, NodeKind } from '../model/callTree.ts';

export const measureTexts: Record<Measure, string> = { time: 'time', tokens: 'tokens', energy: 'energy', money: 'money' };

const formats: Record<Measure, (value: number) => string> = { time: formatDuration, tokens: (value) => `${formatTokens(value)} tokens`, energy: formatEnergy, money: formatUsd };

const kindTexts: Record<NodeKind, string> = { run: 'Run', frame: 'Line', llm: 'Model', tool: 'Tool', rest: 'Not charged to calls' };

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

/** What is not known, and why; null where all is. */
export function gapText(tree: CallTree, measure: Measure): string | null {
  const unknown = tree.unknown[measure][0] ?? 0;
  return unknown === 0 ? null : `of ${formatCount(unknown, 'call')} the ${measureTexts[measure]} ${measure === 'tokens' ? 'are' : 'is'} not known`;
}

/** Why nothing has a width. */
export const emptyTexts: Record<Measure, string> = {
  time: 'No call to a model or a tool was seen in this run.',
  tokens: 'Tokens unknown: the server does not report them, or no model was called.',
  energy: 'Energy unknown: there are no readings of power, and no profile of the GPU.',
  money: 'Cost unknown: there is no price of the GPU’s hours or of the model’s tokens.',
};

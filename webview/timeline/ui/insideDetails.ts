/** What is inside of a span, for the details. */
import * as l10n from '@vscode/l10n';
import { evidenceWord, gradeWord } from '../../../src/profile/words.ts';
import { formatDuration, formatEnergy, formatUsd } from '../../../src/profile/formatValue.ts';
import { localNumber } from '../../../src/profile/language.ts';
import type { Milliseconds } from '../../../src/profile/units.ts';
import { element } from '../../common/dom.ts';
import { energyText } from '../model/spanText.ts';
import { MOST_SUMMED, type InsideSums } from '../model/insideSpan.ts';
import { agentShares, pairs, section, split, titled, type Pair } from './detailParts.ts';
import { tokenPairs } from './regionDetails.ts';

/** @param length of the span; null while that is not known */
export function insideSections(sums: InsideSums | 'tooMany' | null, length: Milliseconds | null): HTMLElement[] {
  if (sums === null) return [];
  const title = l10n.t('Inside');
  if (sums === 'tooMany') return [section(title, element('p', 'dim', l10n.t('More than {0} calls and tools: drag on the time axis to sum up a part of them.', localNumber(MOST_SUMMED))))];
  const counts: Pair[] = [
    [l10n.t('model calls'), localNumber(sums.llmCalls)],
    [l10n.t('tools'), localNumber(sums.toolCalls)],
    ...(sums.failed > 0 ? [[l10n.t('failed'), localNumber(sums.failed)] satisfies Pair] : []),
  ];
  const sections = [section(title, pairs(counts), ...(length === null || length <= 0 ? [] : [split(agentShares(sums.agentMs).filter(({ value }) => value > 0), length)]))];
  if (sums.llmCalls > 0) sections.push(section(titled(l10n.t('Tokens'), sums.tokenEvidence === null ? null : evidenceWord(sums.tokenEvidence)), pairs(tokenPairs(sums))));
  const energy: Pair[] = [];
  if (sums.llmCalls > 0) energy.push([l10n.t('active'), energyText(sums.activeWh, sums.grade), l10n.t('The calls’ own')]);
  if (sums.toolCalls > 0) energy.push([l10n.t('idle'), `${formatDuration(sums.idleMs)} · ${formatEnergy(sums.idleWh)}`, l10n.t('While tools in there were waited for')]);
  if (sums.llmCalls > 0) energy.push([l10n.t('cost'), sums.callsUsd === null ? formatUsd(null) : `~${formatUsd(sums.callsUsd)}`, l10n.t('What the calls are charged')]);
  sections.push(section(titled(l10n.t('Energy and money'), sums.grade === null ? null : gradeWord(sums.grade)), pairs(energy)));
  return sections;
}

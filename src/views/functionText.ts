/** The lens and the hover of one of the program's own functions: what it did between the calls. */
import * as l10n from '@vscode/l10n';
import { evidenceWord } from '../profile/words.ts';
import type { LineScope } from '../analysis/lineHistory.ts';
import type { LineReference } from '../contributions.ts';
import { activityText } from '../profile/activityText.ts';
import { failedText, formatCount } from '../profile/formatCount.ts';
import { formatDuration, formatEnergy, scopedText } from '../profile/formatValue.ts';
import type { Report, ReportFunction } from '../profile/report.ts';
import { visibleText } from '../profile/visibleText.ts';
import { evidenceSentences } from './evidenceText.ts';
import { STALE_NOTES, STALE_TEXTS, type PlacedFunction, type Staleness } from './lensModel.ts';
import { commandLink, escapeMarkdown } from './markdown.ts';

/** With the numbers, a lens has room for no more. */
const LONGEST_NAME = 32;

/** `ƒ other: parse_results 120 ms per call · 9 calls`. */
export function functionLensText({ report: row, stale }: PlacedFunction, scope: LineScope): string {
  const perCall = scope === 'perCall';
  // A name could bring in VS Code's icons: `$(flame)`.
  const name = visibleText(row.name, LONGEST_NAME).replaceAll('$(', '$ (');
  return `ƒ ${l10n.t('other: {0}', name)} ${scopedText(formatDuration(perCall ? row.meanMs : row.totalMs), row.calls, scope)} · ${formatCount(row.calls, 'call')}${stale === null ? '' : STALE_NOTES[stale]}`;
}

export function functionHoverText(report: Report, row: ReportFunction, stale: Staleness, reference: LineReference): string {
  const failed = row.errors > 0 ? ` · ${failedText(row.errors)}` : '';
  const count = formatCount(row.calls, 'call');
  const cells = (...texts: string[]): string => `| ${texts.map((text, index) => (index === 0 ? text : `&nbsp;&nbsp;${text}`)).join(' | ')} |`;
  return [
    `**${escapeMarkdown(row.name)}** · ${report.run.live ? l10n.t('{0} in the running run, between the calls of models and tools', count) : l10n.t('{0} in this run, between the calls of models and tools', count)}${failed}`,
    [
      cells('', l10n.t('total'), l10n.t('per call'), 'p50', 'p95', l10n.t('how known')),
      '|:--|--:|--:|--:|--:|:--|',
      // The total counts what ran at once only once; a call's mean does not.
      cells(l10n.t('time'), formatDuration(row.totalMs), formatDuration(row.meanMs), formatDuration(row.p50Ms), formatDuration(row.p95Ms), evidenceWord(row.evidence)),
      cells(l10n.t('itself'), formatDuration(row.selfMs), formatDuration(row.selfMs / row.calls), '', '', evidenceWord(row.evidence)),
      cells(l10n.t('GPU idle meanwhile'), formatDuration(row.idleBlameMs), '', '', '', ''),
      cells(l10n.t('idle energy'), formatEnergy(row.idleEnergyWh), '', '', '', ''),
    ].join('\n'),
    `${row.activity === null ? '' : `${l10n.t('Mostly {0}.', activityText(row.activity))} `}${row.evidence === 'measured' ? l10n.t('Measured: entered and left.') : evidenceSentences[row.evidence]}`,
    ...(stale === null ? [] : [STALE_TEXTS[stale]]),
    commandLink(l10n.t('Show on timeline'), 'agentCost.showCostOnTimeline', reference),
  ].join('\n\n');
}

/** The lens and the hover of one of the program's own functions: what it did between the calls. */
import type { LineScope } from '../analysis/lineHistory.ts';
import type { LineReference } from '../contributions.ts';
import { activityText } from '../profile/activityText.ts';
import { formatCount, formatDuration, formatEnergy } from '../profile/formatValue.ts';
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
  const scopeText = row.calls > 1 ? (perCall ? ' per call' : ' total') : '';
  // A name could bring in VS Code's icons: `$(flame)`.
  const name = visibleText(row.name, LONGEST_NAME).replaceAll('$(', '$ (');
  return `ƒ other: ${name} ${formatDuration(perCall ? row.meanMs : row.totalMs)}${scopeText} · ${formatCount(row.calls, 'call')}${stale === null ? '' : STALE_NOTES[stale]}`;
}

export function functionHoverText(report: Report, row: ReportFunction, stale: Staleness, reference: LineReference): string {
  const failed = row.errors > 0 ? ` · ${row.errors} failed` : '';
  const cells = (...texts: string[]): string => `| ${texts.map((text, index) => (index === 0 ? text : `&nbsp;&nbsp;${text}`)).join(' | ')} |`;
  return [
    `**${escapeMarkdown(row.name)}** · ${formatCount(row.calls, 'call')} in ${report.run.live ? 'the running run' : 'this run'}, between the calls of models and tools${failed}`,
    [
      cells('', 'total', 'per call', 'p50', 'p95', 'how known'),
      '|:--|--:|--:|--:|--:|:--|',
      // The total counts what ran at once only once; a call's mean does not.
      cells('time', formatDuration(row.totalMs), formatDuration(row.meanMs), formatDuration(row.p50Ms), formatDuration(row.p95Ms), row.evidence),
      cells('itself', formatDuration(row.selfMs), formatDuration(row.selfMs / row.calls), '', '', row.evidence),
      cells('GPU idle meanwhile', formatDuration(row.idleBlameMs), '', '', '', ''),
      cells('idle energy', formatEnergy(row.idleEnergyWh), '', '', '', ''),
    ].join('\n'),
    `${row.activity === null ? '' : `Mostly ${activityText(row.activity)}. `}${row.evidence === 'measured' ? 'Measured: entered and left.' : evidenceSentences[row.evidence]}`,
    ...(stale === null ? [] : [STALE_TEXTS[stale]]),
    commandLink('Show on timeline', 'agentCost.showCostOnTimeline', reference),
  ].join('\n\n');
}

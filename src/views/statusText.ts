/** What the status bar says of a run. */
import * as l10n from '@vscode/l10n';
import { failedText } from '../profile/formatCount.ts';
import { formatCount } from '../profile/formatCount.ts';
import { formatDuration, formatEnergy } from '../profile/formatValue.ts';
import type { Report } from '../profile/report.ts';
import { gradeText } from './evidenceText.ts';

/** `12.3 s · 4 calls · 0.12 Wh sim` */
export function statusText(report: Report): string {
  const { totals } = report;
  return [formatDuration(totals.wallMs), formatCount(totals.llmCalls, 'call'), energyText(report)].join(' · ');
}

/** Total energy with its mark: `~` for a GPU profile's model, `sim` for the embedded server. */
export function energyText(report: Report): string {
  const { total, grade } = report.totals.energyWh;
  if (total === null) return l10n.t('energy –');
  return `${grade === 'model' ? '~' : ''}${formatEnergy(total)}${grade === 'simulated' ? ' sim' : ''}`;
}

/** The same in sentences, for the tooltip; plain text. */
export function statusTooltip(report: Report): string {
  const { totals, run } = report;
  const state = run.live ? l10n.t('running') : run.complete ? l10n.t('ended') : l10n.t('cut off');
  const energy = totals.energyWh.total === null ? l10n.t('Energy unknown: name the GPU in the setting agentCost.gpu.') : `${energyText(report)} (${gradeText(totals.energyWh.grade)})`;
  return [
    `${run.name}, ${state}`,
    `${formatDuration(totals.wallMs)} · ${formatCount(totals.llmCalls, 'LLM call')} · ${formatCount(totals.toolCalls, 'tool call')}${totals.failedCalls > 0 ? ` · ${failedText(totals.failedCalls)}` : ''}`,
    energy,
    l10n.t('Click to see the timeline.'),
  ].join('\n');
}

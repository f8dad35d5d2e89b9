/** A line's earlier runs in words: behind a lens, and in a hover. */
import * as l10n from '@vscode/l10n';
import { LEAST_CHANGE, type LineHistory } from '../analysis/lineHistory.ts';
import { formatCount } from '../profile/formatCount.ts';
import { localNumber, localTime } from '../profile/language.ts';
import { formatDuration, formatPercent } from '../profile/formatValue.ts';

const BARS = '▁▂▃▄▅▆▇█';

/** `  ▲ 12 %`: what a lens says of a change since the run before; empty unless it is clear. */
export function changeText(history: LineHistory | null): string {
  return history?.isClear && history.changeRatio !== null ? `  ${signed(history.changeRatio)}` : '';
}

function signed(ratio: number): string {
  return ratio === 0 ? '±0 %' : `${ratio > 0 ? '▲' : '▼'} ${formatPercent(Math.abs(ratio))}`;
}

/** Paragraphs of Markdown; of its own numbers and dates only. */
export function historyParagraphs(history: LineHistory): string[] {
  const { figures, meanMs, spreadMs } = history;
  const perCall = figures.at(-1)?.scope === 'perCall';
  const spread = `${formatDuration(meanMs)} ± ${formatDuration(spreadMs)}`;
  return [
    `${l10n.t('Last {0} {1}: {2} (mean and standard deviation of the runs).', formatCount(figures.length, 'run'), bars(figures.map(({ timeMs }) => timeMs)), perCall ? l10n.t('{0} per call', spread) : spread)} ${verdict(history)}`,
    [
      `| ${[l10n.t('run'), perCall ? l10n.t('per call') : l10n.t('time'), l10n.t('calls'), l10n.t('change')].join(' | ')} |`,
      '|:--|--:|--:|--:|',
      ...figures.map(({ startedAt, timeMs, calls }, index) => {
        const before = figures[index - 1];
        const change = before === undefined || before.timeMs === 0 ? '' : signed((timeMs - before.timeMs) / before.timeMs);
        return `| ${[localTime(new Date(startedAt)), formatDuration(timeMs), localNumber(calls), change].join(' | &nbsp;&nbsp;')} |`;
      }),
    ].join('\n'),
  ];
}

function verdict({ changeMs, changeRatio, chanceMs, isClear }: LineHistory): string {
  if (changeRatio === null) return '';
  const change = l10n.t('{0} since the run before', signed(changeRatio));
  if (chanceMs === null) return l10n.t`${change}; too few calls and runs to tell it from chance.`;
  const chance = l10n.t`chance alone explains ±${formatDuration(chanceMs)} (95 %)`;
  if (isClear) return `**${change}**: ${chance}.`;
  return Math.abs(changeMs) <= chanceMs ? l10n.t`${change}, within chance: ${chance}.` : l10n.t`${change}, less than the ${formatPercent(LEAST_CHANGE)} that are worth a look.`;
}

/** From 0 to the largest: a small change is to look small. */
function bars(values: readonly number[]): string {
  const largest = Math.max(...values);
  return values.map((value) => BARS[largest === 0 ? 0 : Math.min(BARS.length - 1, Math.floor((value / largest) * BARS.length))]).join('');
}

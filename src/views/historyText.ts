/** A line's earlier runs in words: behind a lens, and in a hover. */
import { LEAST_CHANGE, type LineHistory } from '../analysis/lineHistory.ts';
import { formatCount, formatDuration, formatPercent } from '../profile/formatValue.ts';

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
  return [
    `Last ${formatCount(figures.length, 'run')} ${bars(figures.map(({ timeMs }) => timeMs))}: ${formatDuration(meanMs)} ± ${formatDuration(spreadMs)}${perCall ? ' per call' : ''} (mean and standard deviation of the runs). ${verdict(history)}`,
    [
      `| run | ${perCall ? 'per call' : 'time'} | calls | change |`,
      '|:--|--:|--:|--:|',
      ...figures.map(({ startedAt, timeMs, calls }, index) => {
        const before = figures[index - 1];
        const change = before === undefined || before.timeMs === 0 ? '' : signed((timeMs - before.timeMs) / before.timeMs);
        return `| ${[localTime(startedAt), formatDuration(timeMs), String(calls), change].join(' | &nbsp;&nbsp;')} |`;
      }),
    ].join('\n'),
  ];
}

function verdict({ changeMs, changeRatio, chanceMs, isClear }: LineHistory): string {
  if (changeRatio === null) return '';
  const change = `${signed(changeRatio)} since the run before`;
  if (chanceMs === null) return `${change}; too few calls and runs to tell it from chance.`;
  const chance = `chance alone explains ±${formatDuration(chanceMs)} (95 %)`;
  if (isClear) return `**${change}**: ${chance}.`;
  return Math.abs(changeMs) <= chanceMs ? `${change}, within chance: ${chance}.` : `${change}, less than the ${formatPercent(LEAST_CHANGE)} that are worth a look.`;
}

/** From 0 to the largest: a small change is to look small. */
function bars(values: readonly number[]): string {
  const largest = Math.max(...values);
  return values.map((value) => BARS[largest === 0 ? 0 : Math.min(BARS.length - 1, Math.floor((value / largest) * BARS.length))]).join('');
}

/** `2026-11-22 14:12`, here. */
function localTime(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '–';
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

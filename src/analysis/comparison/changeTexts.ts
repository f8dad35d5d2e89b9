/** What changed from one run to another in a few words, for where there is no room for the table. */
import * as l10n from '@vscode/l10n';
import { totalFigures, formatFigure, type TotalFigure } from './figures.ts';
import type { RunComparison } from './compareRuns.ts';
import { formatPercent } from '../../profile/formatValue.ts';

export interface ChangeText {
  label: string;
  /** `100 ms → 400 ms (+300 %)`, or the one value of both. */
  text: string;
}

const SHOWN: readonly TotalFigure[] = ['time', 'calls', 'toolCalls', 'promptTokens', 'completionTokens', 'gpuIdle', 'energy'];
/** A smaller change is as good as none. */
const LEAST_SHARE = 0.0005;

/** The figures that a reader asks for first; those that neither run knows are left out. */
export function changeTexts({ totals }: RunComparison): ChangeText[] {
  return SHOWN.flatMap((name) => {
    const { label, unit } = totalFigures[name];
    const { before, after, change, ratio } = totals[name];
    if (before === null && after === null) return [];
    if (change !== null && Math.abs(ratio ?? change) < LEAST_SHARE) return [{ label, text: l10n.t`${formatFigure(after, unit)} in both` }];
    const share = ratio === null ? '' : ` (${ratio < 0 ? '−' : '+'}${formatPercent(Math.abs(ratio))})`;
    return [{ label, text: `${formatFigure(before, unit)} → ${formatFigure(after, unit)}${share}` }];
  });
}

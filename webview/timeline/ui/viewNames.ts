/** The ways to look at a run, in the order of their tabs. */
import * as l10n from '@vscode/l10n';
export const viewNames = ['timeline', 'flame', 'table', 'charts'] as const;
export type ViewName = (typeof viewNames)[number];

export const viewTitles: Record<ViewName, string> = { timeline: l10n.t('Timeline'), flame: l10n.t('Flame'), table: l10n.t('Table'), charts: l10n.t('Charts') };

/** The ways to look at a run, in the order of their tabs. */
export const viewNames = ['timeline', 'flame', 'table', 'charts'] as const;
export type ViewName = (typeof viewNames)[number];

export const viewTitles: Record<ViewName, string> = { timeline: 'Timeline', flame: 'Flame', table: 'Table', charts: 'Charts' };

/** The figures of a run that are compared and limited, by the names that rules and budgets use. */
import * as l10n from '@vscode/l10n';
import { localNumber } from '../../profile/language.ts';
import { formatDuration, formatEnergy, formatTokens, formatUsd, UNKNOWN_TEXT } from '../../profile/formatValue.ts';
import type { Report, ReportLine, ReportTool } from '../../profile/report.ts';

/** Milliseconds, watt-hours, US dollars, tokens, or a number of things. */
export type FigureUnit = 'time' | 'energy' | 'money' | 'tokens' | 'count';

export interface Figure<Of> {
  unit: FigureUnit;
  /** For people. */
  label: string;
  /** In the unit; null where it is not known. */
  of: (thing: Of) => number | null;
}

export const totalFigures = {
  time: { unit: 'time', label: l10n.t('time'), of: ({ totals }) => totals.wallMs },
  llmTime: { unit: 'time', label: 'LLM', of: ({ totals }) => totals.agentMs.llm + totals.agentMs.overlap },
  toolTime: { unit: 'time', label: l10n.t('tools'), of: ({ totals }) => totals.agentMs.tool + totals.agentMs.overlap },
  otherTime: { unit: 'time', label: l10n.t('other'), of: ({ totals }) => totals.agentMs.other },
  firstToken: { unit: 'time', label: l10n.t('first token p50'), of: ({ totals }) => totals.ttftMs.p50 },
  firstTokenP95: { unit: 'time', label: l10n.t('first token p95'), of: ({ totals }) => totals.ttftMs.p95 },
  gpuIdle: { unit: 'time', label: l10n.t('GPU idle'), of: ({ totals }) => totals.gpuMs.idle },
  requests: { unit: 'count', label: l10n.t('requests'), of: ({ totals }) => totals.requests },
  calls: { unit: 'count', label: l10n.t('LLM calls'), of: ({ totals }) => totals.llmCalls },
  toolCalls: { unit: 'count', label: l10n.t('tool calls'), of: ({ totals }) => totals.toolCalls },
  failedCalls: { unit: 'count', label: l10n.t('failed calls'), of: ({ totals }) => totals.failedCalls },
  promptTokens: { unit: 'tokens', label: l10n.t('tokens in'), of: ({ totals }) => totals.promptTokens },
  cachedTokens: { unit: 'tokens', label: l10n.t('cached'), of: ({ totals }) => totals.cachedTokens },
  completionTokens: { unit: 'tokens', label: l10n.t('tokens out'), of: ({ totals }) => totals.completionTokens },
  energy: { unit: 'energy', label: l10n.t('energy'), of: ({ totals }) => totals.energyWh.total },
  activeEnergy: { unit: 'energy', label: l10n.t('active energy'), of: ({ totals }) => totals.energyWh.active },
  money: { unit: 'money', label: l10n.t('money'), of: ({ totals }) => totals.costUsd },
} satisfies Record<string, Figure<Report>>;
export type TotalFigure = keyof typeof totalFigures;

/** Of a line: what happens on it, or, where it only leads to calls further down, what came of it. */
export const lineFigures = {
  time: { unit: 'time', label: l10n.t('time'), of: (line) => (line.calls === 0 ? line.inclusive.wallMs : line.llmMs + line.toolMs) },
  calls: { unit: 'count', label: l10n.t('calls'), of: (line) => (line.calls === 0 ? line.inclusive.calls : line.calls) },
  promptTokens: { unit: 'tokens', label: l10n.t('tokens in'), of: (line) => (line.calls === 0 ? line.inclusive.promptTokens : line.promptTokens) },
  cachedTokens: { unit: 'tokens', label: l10n.t('cached'), of: (line) => (line.calls === 0 ? line.inclusive.cachedTokens : line.cachedTokens) },
  completionTokens: { unit: 'tokens', label: l10n.t('tokens out'), of: (line) => (line.calls === 0 ? line.inclusive.completionTokens : line.completionTokens) },
  energy: { unit: 'energy', label: l10n.t('energy'), of: (line) => (line.calls === 0 ? line.inclusive.energyWh : (line.energyWh ?? line.idleEnergyWh)) },
  money: { unit: 'money', label: l10n.t('money'), of: (line) => (line.calls === 0 ? line.inclusive.costUsd : line.costUsd) },
} satisfies Record<string, Figure<ReportLine>>;
export type LineFigureName = keyof typeof lineFigures;

export const toolFigures = {
  time: { unit: 'time', label: l10n.t('time'), of: ({ totalMs }) => totalMs },
  p95: { unit: 'time', label: 'p95', of: ({ p95Ms }) => p95Ms },
  calls: { unit: 'count', label: l10n.t('calls'), of: ({ calls }) => calls },
  errors: { unit: 'count', label: l10n.t('errors'), of: ({ errors }) => errors },
  gpuIdle: { unit: 'time', label: l10n.t('GPU idle'), of: ({ idleBlameMs }) => idleBlameMs },
} satisfies Record<string, Figure<ReportTool>>;
export type ToolFigure = keyof typeof toolFigures;

export function formatFigure(value: number | null, unit: FigureUnit): string {
  switch (unit) {
    case 'time':
      return formatDuration(value);
    case 'energy':
      return formatEnergy(value);
    case 'money':
      return formatUsd(value);
    case 'tokens':
      return formatTokens(value);
    case 'count':
      return value === null ? UNKNOWN_TEXT : localNumber(Number(value.toFixed(1)));
  }
}

const SCALES: Readonly<Record<FigureUnit, Readonly<Record<string, number>>>> = {
  time: { ms: 1, s: 1e3, min: 60e3, h: 3600e3 },
  energy: { mwh: 1e-3, wh: 1, kwh: 1e3, j: 1 / 3600 },
  money: { $: 1, usd: 1 },
  tokens: { '': 1, k: 1e3, m: 1e6 },
  count: { '': 1 },
};

/** `20 s`, `0.5 Wh`, `$0.05`, `12k`, `3`, in the unit; null for what is no such quantity. A bare number is of tokens and things alone. */
export function parseQuantity(text: string, unit: FigureUnit): number | null {
  const [, dollars, number, suffix = ''] = /^\s*(\$?)\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-z$]*)\s*$/i.exec(text) ?? [];
  if (number === undefined || (dollars === '$' && suffix !== '')) return null;
  const scale = SCALES[unit][dollars === '$' ? '$' : suffix.toLowerCase()];
  return scale === undefined ? null : Number(number) * scale;
}

/** How a quantity of a unit is written, for messages. */
export const QUANTITY_EXAMPLES: Readonly<Record<FigureUnit, string>> = { time: '20 s', energy: '0.5 Wh', money: '$0.05', tokens: '12k', count: '10' };

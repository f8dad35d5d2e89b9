/** Figures of a table's rows in words for a terminal. Pure. */
import { overRepeats, repeatFigures, type RepeatFigures } from '../../experiments/table/means.ts';
import type { TaskRow } from '../../experiments/table/columns.ts';
import { estimate, type Estimate } from '../../experiments/statistics.ts';
import { formatDuration, formatEnergy, formatPercent, formatTokens } from '../../profile/formatValue.ts';
import type { RepeatDone } from './experiment.ts';

/** `9.6 s ±0.4 s`: the margin where there are several repeats. */
export function withMargin(value: Estimate | null, format: (value: number | null) => string): string {
  if (value === null) return format(null);
  return value.margin === null ? format(value.mean) : `${format(value.mean)} ±${format(value.margin)}`;
}

const fixed = (digits: number) => (value: number | null) => value?.toFixed(digits) ?? '–';
const perSecond = (value: number | null) => (value === null ? '–' : `${value.toPrecision(3)}/s`);

/** What any number of repeats of one setting came to. */
export function figureLines(figures: readonly RepeatFigures[], rows: readonly TaskRow[]): string[] {
  const over = (figure: (repeat: RepeatFigures) => number | null, format: (value: number | null) => string) => withMargin(overRepeats(figures, figure), format);
  const failed = figures.reduce((sum, repeat) => sum + repeat.failed, 0);
  const scored = rows.filter(({ warm_up: warmUp, score }) => !warmUp && score !== null).length;
  const latency = (['mean', 'p50', 'p95', 'p99'] as const).map((part) => `${part} ${over((repeat) => repeat.latencyMs?.[part] ?? null, formatDuration)}`);
  return [
    `score      ${over(({ score }) => score, fixed(2))} over ${scored}${failed === 0 ? '' : `, ${failed} could not be worked on`}`,
    `latency    ${latency.join('   ')}`,
    `           ${sharesText(rows)}`,
    `each task  ${over(({ llmCalls }) => llmCalls, fixed(1))} LLM calls   ${over(({ toolCalls }) => toolCalls, fixed(1))} tool calls   ${over(({ promptTokens }) => promptTokens, formatTokens)}→${over(({ completionTokens }) => completionTokens, formatTokens)} tokens   ${over(({ activeEnergyWh }) => activeEnergyWh, formatEnergy)} active`,
  ];
}

function sharesText(all: readonly TaskRow[]): string {
  const rows = all.filter((row) => !row.warm_up && row.error === null && row.llm_only_ms !== null);
  const whole = rows.reduce((sum, row) => sum + (row.latency_ms ?? 0), 0);
  const share = (column: 'llm_only_ms' | 'tools_only_ms' | 'overlap_ms' | 'other_ms') => (whole === 0 ? '–' : `${Math.round((rows.reduce((sum, row) => sum + (row[column] ?? 0), 0) / whole) * 100)} %`);
  return `models ${share('llm_only_ms')}   tools ${share('tools_only_ms')}   both ${share('overlap_ms')}   other ${share('other_ms')}`;
}

/** How requests came, and what the server did meanwhile. */
export function loadLines(repeats: readonly RepeatDone[]): string[] {
  const figures = repeats.map(({ rows }) => repeatFigures(rows));
  const over = (values: readonly (number | null)[], format: (value: number | null) => string) => withMargin(estimate(values), format);
  const [{ plan }] = repeats as [RepeatDone];
  const came =
    'perSecond' in plan.load
      ? [`arrivals   ${perSecond(plan.load.perSecond)} asked   ${over(figures.map(({ arrivedPerSecond }) => arrivedPerSecond), perSecond)} came   started late by ${over(figures.map(({ lateMs }) => lateMs?.mean ?? null), formatDuration)}, ${formatDuration(Math.max(...figures.map(({ lateMs }) => lateMs?.max ?? 0)))} at most`]
      : [`clients    ${plan.load.clients}, each with the next task when it has done one`];
  const gpu = (['prefill', 'decode', 'mixed', 'foreign', 'idle'] as const).map((state) => ({ state, shares: repeats.map(({ server }) => (server === null || server.gpuMs === null || server.ms === 0 ? null : server.gpuMs[state] / server.ms)) }));
  const known = gpu.filter(({ state, shares }) => state !== 'foreign' || shares.some((share) => (share ?? 0) > 0));
  return [
    ...came,
    `throughput ${over(figures.map(({ throughputPerSecond }) => throughputPerSecond), perSecond)} answered`,
    `GPU        ${known.map(({ state, shares }) => `${state} ${over(shares, formatPercent)}`).join('   ')}`,
    `KV cache   mean ${over(repeats.map(({ server }) => server?.kvUse?.mean ?? null), formatPercent)}   max ${over(repeats.map(({ server }) => server?.kvUse?.max ?? null), formatPercent)} while it worked   batch ${over(repeats.map(({ server }) => server?.batch?.mean ?? null), fixed(1))}, ${fixed(0)(Math.max(...repeats.map(({ server }) => server?.batch?.max ?? 0)))} at most`,
  ];
}

/** The hover of a measured line, as Markdown: a table of its numbers, each with how it is known. */
import * as l10n from '@vscode/l10n';
import { evidenceWord } from '../profile/words.ts';
import { ascending, percentile } from '../analysis/statistics.ts';
import { spanTableOf, type SpanFigures } from '../analysis/spanTable.ts';
import type { LineHistory } from '../analysis/lineHistory.ts';
import type { LineReference } from '../contributions.ts';
import { failedText, formatCount } from '../profile/formatCount.ts';
import { formatDuration, formatEnergy, formatPercent, formatTokens, formatUsd, UNKNOWN_TEXT } from '../profile/formatValue.ts';
import { inSettings } from '../profile/optionNames.ts';
import type { Report, ReportLine } from '../profile/report.ts';
import { gradeText } from './evidenceText.ts';
import { historyParagraphs } from './historyText.ts';
import { STALE_TEXTS, type Staleness } from './lensModel.ts';
import { commandLink, escapeMarkdown } from './markdown.ts';

/** Columns: total, per call, p50, p95, how it is known. Empty: the column has no meaning for the row. */
type Row = readonly [label: string, total: string, perCall: string, p50: string, p95: string, known: string];

/** More findings would push the numbers out of sight; the timeline has them all. */
const SHOWN_FINDINGS = 2;

/** @param history the line's over the last runs of the program, where there were any */
export function hoverText(report: Report, line: ReportLine, stale: Staleness, reference: LineReference, history: LineHistory | null = null): string {
  if (line.calls === 0) return inclusiveText(report, line, stale, reference, history);
  const table = spanTableOf(report);
  const numbers = table.numbersOf(line);
  const spans = Array.from(numbers, (number) => table.figuresOf(number));
  const rows = [...(line.llmCalls > 0 ? llmRows(line, spans, report.accounting.prices) : []), ...(line.toolCalls > 0 ? toolRows(line, spans) : [])];
  const name = line.function === null ? l10n.t('line {0}', line.line) : escapeMarkdown(line.function);
  const failed = line.failed > 0 ? ` · ${failedText(line.failed)}` : '';
  const count = formatCount(line.calls, 'call');
  const own = new Set(report.findings.length === 0 ? [] : Array.from(numbers));
  const findings = report.findings.filter((finding) => finding.spans.some((id) => own.has(table.numberOf(id)))).slice(0, SHOWN_FINDINGS);
  return [
    `**${name}** · ${report.run.live ? l10n.t('{0} in the running run', count) : l10n.t('{0} in this run', count)}${failed}`,
    [tableRow(['', l10n.t('total'), l10n.t('per call'), 'p50', 'p95', l10n.t('how known')]), '|:--|--:|--:|--:|--:|:--|', ...rows.map(tableRow)].join('\n'),
    ...(line.inclusive.calls > line.calls ? [l10n.t`With what it leads to further down: ${inclusiveSums(line)}.`] : []),
    ...(stale === null ? [] : [STALE_TEXTS[stale]]),
    ...(history === null ? [] : historyParagraphs(history)),
    ...findings.map((finding) => escapeMarkdown(inSettings(finding.message))),
    commandLink(l10n.t('Show on timeline'), 'agentCost.showCostOnTimeline', reference),
  ].join('\n\n');
}

/** The hover of a line that makes no call itself. */
function inclusiveText(report: Report, line: ReportLine, stale: Staleness, reference: LineReference, history: LineHistory | null): string {
  const name = line.function === null ? l10n.t('line {0}', line.line) : escapeMarkdown(line.function);
  const count = formatCount(line.inclusive.calls, 'call');
  return [
    report.run.live ? l10n.t('{0} leads to {1} in the running run', `**${name}**`, count) : l10n.t('{0} leads to {1} in this run', `**${name}**`, count),
    `${inclusiveSums(line)} (${evidenceWord(line.evidence)}). ${l10n.t('The lines that make the calls have their own numbers.')}`,
    ...(stale === null ? [] : [STALE_TEXTS[stale]]),
    ...(history === null ? [] : historyParagraphs(history)),
    commandLink(l10n.t('Show on timeline'), 'agentCost.showCostOnTimeline', reference),
  ].join('\n\n');
}

function inclusiveSums({ inclusive }: ReportLine): string {
  const { llmCalls, toolCalls, wallMs, promptTokens, completionTokens, energyWh, costUsd, idleBlameMs, idleEnergyWh } = inclusive;
  const parts = [formatDuration(wallMs)];
  if (llmCalls > 0) parts.push(formatCount(llmCalls, 'model call'), l10n.t`${tokenPair(promptTokens, completionTokens)} tokens`, l10n.t`${formatEnergy(energyWh)} active`);
  if (toolCalls > 0) parts.push(formatCount(toolCalls, 'tool call'), l10n.t('GPU idle {0}', `${formatDuration(idleBlameMs)}, ${formatEnergy(idleEnergyWh)}`));
  if (costUsd !== null) parts.push(`~${formatUsd(costUsd)}`);
  return parts.join(' · ');
}

/** The editor's style leaves no room between columns. */
const GAP = '&nbsp;&nbsp;';

function tableRow([label, ...cells]: Row): string {
  return `| ${label} | ${cells.map((cell) => GAP + cell).join(' | ')} |`;
}

function llmRows(line: ReportLine, spans: readonly SpanFigures[], prices: Report['accounting']['prices']): Row[] {
  const llm = spans.filter(({ kind }) => kind === 'llm');
  const durations = lengths(llm);
  const perCall = meanOver(line.llmCalls);
  const tokensKnown = line.tokenEvidence ? evidenceWord(line.tokenEvidence) : '';
  return [
    [l10n.t('time'), formatDuration(line.llmMs), formatDuration(perCall(line.llmMs)), formatDuration(median(durations)), formatDuration(percentile95(durations)), evidenceWord(line.evidence)],
    // A plain answer comes in one piece and has no first token.
    ...(llm.some(({ streams }) => streams) ? [[l10n.t('first token'), '', '', formatDuration(line.ttftMs.p50), formatDuration(line.ttftMs.p95), evidenceWord(line.evidence)] satisfies Row] : []),
    [l10n.t('tokens in → out'), tokenPair(line.promptTokens, line.completionTokens), tokenPair(perCall(line.promptTokens), perCall(line.completionTokens)), '', '', tokensKnown],
    [l10n.t('cached'), cachedText(line), '', '', '', tokensKnown],
    energyRow(l10n.t('energy'), line.energyWh, perCall, llm.map(({ energyWh }) => energyWh), gradeText(line.grade)),
    ...(line.costUsd === null ? [] : [[l10n.t('cost'), formatUsd(line.costUsd), formatUsd(perCall(line.costUsd)), '', '', l10n.t`at the list price of ${escapeMarkdown(prices.map(({ name }) => name).join('; '))}`] satisfies Row]),
  ];
}

function toolRows(line: ReportLine, spans: readonly SpanFigures[]): Row[] {
  const tools = spans.filter((span) => span.kind !== 'llm');
  const durations = lengths(tools);
  const perCall = meanOver(line.toolCalls);
  const known = gradeText(line.grade);
  return [
    [l10n.t('tool time'), formatDuration(line.toolMs), formatDuration(perCall(line.toolMs)), formatDuration(median(durations)), formatDuration(percentile95(durations)), evidenceWord(line.evidence)],
    [l10n.t('GPU idle meanwhile'), formatDuration(line.idleBlameMs), formatDuration(perCall(line.idleBlameMs)), '', '', known],
    energyRow(l10n.t('idle energy'), line.idleEnergyWh, perCall, tools.map(({ energyWh }) => energyWh), known),
  ];
}

function energyRow(label: string, total: number | null, perCall: (value: number | null) => number | null, each: readonly (number | null)[], known: string): Row {
  const values = each.filter((value) => value !== null);
  // A percentile over some of the calls would say something about others.
  const all = values.length === each.length ? values : [];
  return [label, formatEnergy(total), formatEnergy(perCall(total)), formatEnergy(median(all)), formatEnergy(percentile95(all)), known];
}

function median(values: readonly number[]): number | null {
  return percentile(ascending(values), 0.5);
}

function percentile95(values: readonly number[]): number | null {
  return percentile(ascending(values), 0.95);
}

function meanOver(calls: number): (value: number | null) => number | null {
  return (value) => (value === null || calls === 0 ? null : value / calls);
}

function lengths(spans: readonly SpanFigures[]): number[] {
  return spans.flatMap(({ ms }) => ms ?? []);
}

function tokenPair(prompt: number | null, completion: number | null): string {
  return `${formatTokens(prompt)} → ${formatTokens(completion)}`;
}

function cachedText(line: ReportLine): string {
  return line.cachedTokens === null || line.promptTokens === null || line.promptTokens === 0 ? UNKNOWN_TEXT : formatPercent(line.cachedTokens / line.promptTokens);
}

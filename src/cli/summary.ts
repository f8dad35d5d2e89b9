/** A report as a person reads it in the terminal. */
import { basename, isAbsolute, relative } from 'node:path';
import { DEFAULT_ACCOUNTING } from '../profile/accounting.ts';
import { POLICY_TEXTS } from '../profile/policyText.ts';
import { gpuUsedTexts } from '../profile/gpuUsedText.ts';
import { formatCarbon, formatDuration, formatEnergy, formatPercent, formatTokens, formatUsd } from '../profile/formatValue.ts';
import { callersOf, type CallerCost } from '../analysis/callers.ts';
import { LEAST_SHOWN_SHARE } from '../analysis/functions.ts';
import { spanTableOf } from '../analysis/spanTable.ts';
import { activityWord, otherParts } from '../profile/activityText.ts';
import { serverName, serverSettingsTexts, serverUseTexts } from '../profile/serverText.ts';
import { visibleText } from '../profile/visibleText.ts';
import type { Report, ReportLine } from '../profile/report.ts';
import { alignColumns } from '../profile/alignColumns.ts';
import type { TerminalStyle } from './terminalStyle.ts';

export interface SummaryOptions {
  style: TerminalStyle;
  /** What stands at the end: a label and where to look or what to type. */
  paths: [label: string, text: string][];
}

/** At most this many rows in a table; the rest is counted. */
const MOST_ROWS = 12;
/** Callers of one line, and callers of callers: enough to see who it was. */
const MOST_CALLERS = 5;
const DEEPEST_CALLERS = 3;

/** The whole summary, ending in a newline. Recorded text in it is made harmless for a terminal. */
export function summaryText(report: Report, { style, paths }: SummaryOptions): string {
  const blocks = [
    [style.bold(headline(report)), ...phases(report)],
    lineTable(report, style),
    toolTable(report, style),
    functionTable(report, style),
    findings(report),
    warnings(report),
    paths.length > 0 ? alignColumns(paths.map(([label, text]) => [style.dim(label), text]), ['left', 'left']) : [],
  ];
  const text = blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
  return `${text}\n`;
}

function headline({ run, totals, backend }: Report): string {
  const parts = [
    visibleText(run.name),
    `${totals.requests} ${totals.requests === 1 ? 'request' : 'requests'}`,
    formatDuration(totals.wallMs),
    visibleText([backend.model ?? backend.kind, backend.gpu === null ? null : `on ${backend.gpu}`].filter((part) => part !== null).join(' ')),
  ];
  const ended = endText(run);
  const state = `${ended === null ? '' : `  ${ended}`}${run.complete ? '' : '  incomplete: the recording was cut off'}`;
  return parts.join(' · ') + (backend.simulated ? `  simulated${tokenizer(backend)}` : '') + state;
}

/** How the program ended, where that was not well; null where it was, or is not known. */
function endText({ exitCode, signal }: Report['run']): string | null {
  if (signal !== null) return `ended by ${visibleText(signal)}`;
  return exitCode === null || exitCode === 0 ? null : `exit code ${exitCode}`;
}

/** Of a server that counts tokens by its own vocabulary nothing is to be said. */
function tokenizer({ tokenizer: counted }: Report['backend']): string {
  if (counted === undefined) return '';
  return counted === null ? ', tokens estimated' : `, tokens by the tokenizer of ${visibleText(counted, 120)}`;
}

function phases(report: Report): string[] {
  const { totals, accounting } = report;
  const share = (ms: number | null) => (ms === null || totals.wallMs === 0 ? '' : ` ${formatPercent(ms / totals.wallMs)}`);
  const part = (label: string, ms: number | null) => `${label} ${formatDuration(ms)}${share(ms)}`;
  const { agentMs: agent, gpuMs: gpu, energyWh: energy } = totals;
  const agentParts = [part('LLM', agent.llm), part('tools', agent.tool), ...(agent.overlap > 0 ? [part('both', agent.overlap)] : []), part('other', agent.other)];
  const gpuParts = [
    part('prefill', gpu.prefill),
    part('decode', gpu.decode),
    ...(gpu.mixed ? [part('mixed', gpu.mixed)] : []),
    ...(gpu.foreign ? [part('foreign', gpu.foreign)] : []),
    part('idle', gpu.idle),
  ];
  const calls = [
    `${totals.llmCalls} LLM`,
    `${totals.toolCalls} tool`,
    ...(totals.failedCalls > 0 ? [`${totals.failedCalls} failed`] : []),
    ...(totals.retriedCalls > 0 ? [`${totals.retriedCalls} tried again`] : []),
    `${formatTokens(totals.promptTokens)}→${formatTokens(totals.completionTokens)} tokens`,
    `${cachedShare(totals.promptTokens, totals.cachedTokens)} cached`,
    `first token p50 ${formatDuration(totals.ttftMs.p50)}`,
  ];
  const energyParts = [
    formatEnergy(energy.total) + (energy.band !== null && energy.total ? ` ±${formatPercent((energy.band[1] - energy.band[0]) / 2 / energy.total)}` : ''),
    `active ${formatEnergy(energy.active)}`,
    `idle ${formatEnergy(energy.idle)}`,
    ...(energy.foreign ? [`others’ ${formatEnergy(energy.foreign)}`] : []),
    ...(accounting.policy === DEFAULT_ACCOUNTING.policy ? [] : [`${accounting.policy} (${POLICY_TEXTS[accounting.policy]})`]),
    ...(energy.grade === null ? [] : [energy.grade === 'model' ? 'estimated from the GPU profile' : energy.grade]),
  ];
  const others = otherParts(totals).map(({ word, ms }) => part(word, ms));
  return alignColumns(
    [
      ['agent', agentParts.join('   ')],
      // Of no use where nothing of it was seen.
      ...(others.length > 0 ? [['other', others.join('   ')]] : []),
      ['GPU', gpuParts.join('   ') + (totals.gpuEvidence === null || totals.gpuEvidence === 'measured' ? '' : `   ${totals.gpuEvidence}`)],
      ...(totals.gpuUtilization ? [['used', gpuUsedTexts(totals.gpuUtilization).join('   ')]] : []),
      ['calls', calls.join('   ')],
      ['energy', energyParts.join('   ')],
      ...footprintRow({ totals, accounting }),
      ...(totals.costUsd === null ? [] : [['money', `${formatUsd(totals.costUsd)}   by list prices: ${visibleText(accounting.prices.map(({ name }) => name).join('; '), 200)}`]]),
      ...serverRows(report),
    ],
    ['left', 'left'],
  );
}

/** Who served, as far as it says more than its name, and what it had to do. */
function serverRows({ backend, server }: Report): string[][] {
  if (backend.simulated) return [];
  const settings = backend.server ? serverSettingsTexts(backend.server) : [];
  const use = server ? serverUseTexts(server) : [];
  return [
    ...(backend.version === null && settings.length === 0 ? [] : [['server', [visibleText(serverName(backend)), ...settings].join('   ')]]),
    ...(use.length === 0 ? [] : [['load', use.join('   ')]]),
  ];
}

/** Energy of a wider boundary and carbon, where they were asked for, with what they rest on. */
function footprintRow({ totals: { footprint }, accounting: { boundary, overheads, grid } }: Pick<Report, 'totals' | 'accounting'>): string[][] {
  if (overheads.length === 0 && grid === null) return [];
  const factors = overheads.map(({ name, factor, source }) => `× ${factor} ${name} (${source})`);
  const carbon = grid === null ? [] : [`${formatCarbon(footprint.carbonG)} at ${grid.gramsPerKwh} g/kWh, ${grid.name} (${grid.source})`];
  return [['with', `${boundary} ${formatEnergy(footprint.energyWh)}   estimated`], ...[...factors, ...carbon].map((part) => ['', visibleText(part, 400)])];
}

function lineTable(report: Report, style: TerminalStyle): string[] {
  if (report.lines.length === 0) return report.totals.llmCalls === 0 ? noCalls(report.run) : [];
  const own = report.lines.filter((line) => line.calls > 0 && !isInsideTools(report, line));
  const shown = own.slice(0, MOST_ROWS);
  const rows = [
    ['line', 'calls', 'time', 'tokens in→out', 'cached', 'energy'].map((title) => style.dim(title)),
    ...shown.flatMap((line) => [
      [
        `${place(report, line)}  ${visibleText(line.function ?? '')}`,
        String(line.calls),
        formatDuration(line.llmMs + line.toolMs),
        line.llmCalls > 0 ? `${formatTokens(line.promptTokens)}→${formatTokens(line.completionTokens)}` : '',
        line.llmCalls > 0 ? cachedShare(line.promptTokens, line.cachedTokens) : '',
        line.llmCalls > 0 ? formatEnergy(line.energyWh) : `${formatEnergy(line.idleEnergyWh)} idle`,
      ],
      ...callerRows(report, line, callersOf(report, line), 1),
    ]),
  ];
  const table = alignColumns(rows, ['left', 'right', 'right', 'right', 'right', 'right']);
  const more = own.length - shown.length;
  return more > 0 ? [...table, `… and ${more} more lines`] : table;
}

/** Whether all that a line did is part of tools, whose own lines have it: a tool's child process, say. What an agent does that runs inside of a tool is no part of that. */
function isInsideTools(report: Report, line: ReportLine): boolean {
  if (line.llmCalls > 0) return false;
  const table = spanTableOf(report);
  const isInside = (number: number): boolean => {
    for (let outer = table.parentOf(number); outer !== -1; outer = table.parentOf(outer)) {
      const { kind } = table.formOf(outer);
      if (kind === 'tool' || kind === 'agent') return kind === 'tool';
    }
    return false;
  };
  return Array.from(table.numbersOf(line)).every(isInside);
}

/** Where a line's calls come from, when that is several places: `← agent.ts:80  answer`. */
function callerRows(report: Report, line: ReportLine, callers: readonly CallerCost[], depth: number): string[][] {
  const shown = callers.slice(0, MOST_CALLERS);
  const rows = shown.flatMap((caller) => [
    [
      `${'  '.repeat(depth)}← ${place(report, caller.site)}  ${visibleText(caller.site.function ?? '')}`,
      String(caller.calls),
      formatDuration(caller.timeMs),
      line.llmCalls > 0 ? `${formatTokens(caller.promptTokens)}→${formatTokens(caller.completionTokens)}` : '',
      '',
      line.llmCalls > 0 ? formatEnergy(caller.energyWh) : `${formatEnergy(caller.idleEnergyWh)} idle`,
    ],
    ...(depth < DEEPEST_CALLERS ? callerRows(report, line, caller.callers, depth + 1) : []),
  ]);
  const more = callers.length - shown.length;
  return more > 0 ? [...rows, [`${'  '.repeat(depth)}← ${more} more`, '', '', '', '', '']] : rows;
}

function noCalls(run: Report['run']): string[] {
  if (endText(run) !== null) return ['No LLM call was seen before the program failed.'];
  return [
    'No LLM call was seen. The program made none, or its way to the model cannot be redirected: then have it take',
    'its base URL from OPENAI_BASE_URL. With --no-hooks only programs that do so are redirected.',
  ];
}

function toolTable(report: Report, style: TerminalStyle): string[] {
  if (report.tools.length === 0) return [];
  return alignColumns(
    [
      ['tool', 'calls', 'time', 'p50', 'p95', 'GPU idle behind it'].map((title) => style.dim(title)),
      ...report.tools
        .slice(0, MOST_ROWS)
        .map((tool) => [
          visibleText(tool.name) + (tool.evidence === 'measured' ? '' : `  ${tool.evidence}`),
          String(tool.calls) + (tool.errors > 0 ? ` (${tool.errors} failed)` : ''),
          formatDuration(tool.totalMs),
          formatDuration(tool.p50Ms),
          formatDuration(tool.p95Ms),
          `${formatDuration(tool.idleBlameMs)}, ${formatEnergy(tool.idleEnergyWh)}`,
        ]),
    ],
    ['left', 'right', 'right', 'right', 'right', 'right'],
  );
}

/** What the program did between its calls, by function. */
function functionTable(report: Report, style: TerminalStyle): string[] {
  const shown = report.functions.filter(({ selfMs }) => selfMs >= report.totals.wallMs * LEAST_SHOWN_SHARE);
  if (shown.length === 0) return [];
  return alignColumns(
    [
      ['function', 'calls', 'time', 'itself', 'mostly', 'GPU idle behind it'].map((title) => style.dim(title)),
      ...shown
        .slice(0, MOST_ROWS)
        .map((row) => [
          `${row.site === null ? '' : `${place(report, row.site)}  `}${visibleText(row.name)}${row.evidence === 'measured' ? '' : `  ${row.evidence}`}`,
          String(row.calls) + (row.errors > 0 ? ` (${row.errors} failed)` : ''),
          formatDuration(row.totalMs),
          formatDuration(row.selfMs),
          row.activity === null ? '–' : activityWord(row.activity),
          `${formatDuration(row.idleBlameMs)}, ${formatEnergy(row.idleEnergyWh)}`,
        ]),
    ],
    ['left', 'right', 'right', 'right', 'left', 'right'],
  );
}

function findings(report: Report): string[] {
  return report.findings.map((finding) => `${finding.severity === 'warning' ? '!' : '·'} ${visibleText(finding.message, 1000)}`);
}

function warnings(report: Report): string[] {
  return report.warnings.map((warning) => `! ${visibleText(warning.message, 1000)}`);
}

function cachedShare(prompt: number | null, cached: number | null): string {
  return formatPercent(prompt === null || cached === null || prompt === 0 ? null : cached / prompt);
}

/** `agent.ts:57`; with folders where the run's folder holds the file deeper, or elsewhere. */
function place(report: Report, line: { file: string; line: number }): string {
  const inside = relative(report.run.cwd, line.file);
  const file = inside === '' || inside.startsWith('..') || isAbsolute(inside) ? basename(line.file) : inside;
  return `${visibleText(file)}:${line.line}`;
}

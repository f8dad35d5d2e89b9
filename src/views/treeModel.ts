/** The tree of a run: its requests, and the calls in each. Pure; `runTree.ts` makes tree items of it. */
import * as l10n from '@vscode/l10n';
import { compareSpans } from '../analysis/spanOrder.ts';
import { spanTableOf, type SpanTable } from '../analysis/spanTable.ts';
import { statusWord } from '../profile/words.ts';
import { formatCount } from '../profile/formatCount.ts';
import { formatDuration, formatEnergy, formatTokens } from '../profile/formatValue.ts';
import type { Report, ReportSpan } from '../profile/report.ts';
import { visibleText } from '../profile/visibleText.ts';
import { evidenceIcons, evidenceSentences } from './evidenceText.ts';
import { energyText } from './statusText.ts';

/** What a span's row shows. Plain text, no markup. */
export interface SpanRow {
  label: string;
  description: string;
  tooltip: string;
  /** Codicon: how the span is known, or that it failed or still runs. */
  icon: string;
  /** Theme colour of the icon: what kind of work it is. */
  color: string;
  kind: 'request' | 'call';
  /** A source line is known. */
  hasSource: boolean;
}

/** The report's spans by parent, with steps left out: their calls stand under the request. */
export class SpanTree {
  private readonly spans: SpanTable;
  /** Numbers of spans by their parent's; -1 for those at the top. */
  private readonly children = new Map<number, number[]>();

  constructor(report: Report) {
    this.spans = spanTableOf(report);
    for (let number = 0; number < this.spans.length; number++) {
      if (this.spans.formOf(number).kind === 'step') continue;
      const parent = this.rowAbove(number);
      const siblings = this.children.get(parent);
      if (siblings) siblings.push(number);
      else this.children.set(parent, [number]);
    }
  }

  get(id: string): ReportSpan | undefined {
    const number = this.spans.numberOf(id);
    return number < 0 ? undefined : this.spans.at(number);
  }

  /** @param id null for what stands at the top */
  childrenOf(id: string | null): readonly ReportSpan[] {
    return this.numbersIn(id).map((number) => this.spans.at(number)).sort(compareSpans);
  }

  hasChildren(id: string): boolean {
    return this.numbersIn(id).length > 0;
  }

  /** The nearest ancestor that has a row, or null at the top. */
  parentOf(span: ReportSpan): ReportSpan | null {
    const number = this.spans.numberOf(span.id);
    const parent = number < 0 ? -1 : this.rowAbove(number);
    return parent < 0 ? null : this.spans.at(parent);
  }

  private numbersIn(id: string | null): readonly number[] {
    const number = id === null ? -1 : this.spans.numberOf(id);
    return id !== null && number < 0 ? [] : (this.children.get(number) ?? []);
  }

  /** Number of the nearest ancestor that is no step; -1 where there is none. */
  private rowAbove(number: number): number {
    const { spans } = this;
    let above = spans.parentOf(number);
    if (above < 0 || spans.formOf(above).kind !== 'step') return above === number ? -1 : above;
    const seen = new Set([number]);
    while (above >= 0 && !seen.has(above)) {
      if (spans.formOf(above).kind !== 'step') return above;
      seen.add(above);
      above = spans.parentOf(above);
    }
    return -1;
  }
}

const kindColors: Readonly<Record<ReportSpan['kind'], string>> = {
  agent: 'charts.foreground',
  step: 'charts.foreground',
  llm: 'charts.blue',
  tool: 'charts.green',
  other: 'charts.purple',
};

/** Marks as in the lenses, so that the kind of a call is told without its colour. */
const kindMarks: Readonly<Record<ReportSpan['kind'], string>> = { agent: '', step: '', llm: '⚡ ', tool: '⚒ ', other: '' };

export function spanRow(span: ReportSpan): SpanRow {
  const running = span.endMs === null;
  const failed = span.status === 'error' || span.status === 'cancelled' || span.status === 'incomplete';
  return {
    label: kindMarks[span.kind] + visibleText(nameOf(span)),
    description: [running ? l10n.t('running') : formatDuration((span.endMs ?? 0) - span.startMs), ...detailsOf(span), ...(failed ? [statusWord(span.status)] : [])].join(' · '),
    tooltip: tooltipOf(span),
    icon: running ? 'loading~spin' : failed ? 'error' : evidenceIcons[span.evidence],
    color: failed && !running ? 'charts.red' : kindColors[span.kind],
    kind: span.kind === 'agent' ? 'request' : 'call',
    hasSource: span.frames.length > 0 || span.site !== null,
  };
}

/** Model calls mostly have the same model: in a narrow panel their line tells them apart. */
function nameOf(span: ReportSpan): string {
  if (span.kind === 'llm' && span.site !== null) return `${baseName(span.site.file)}:${span.site.line}`;
  return span.kind === 'llm' ? baseName(span.name) : (span.tool?.name ?? span.name);
}

/** Last part of a path, or of a model's name. */
function baseName(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? path;
}

function detailsOf(span: ReportSpan): string[] {
  if (span.llm !== null) {
    const { promptTokens, completionTokens } = span.llm;
    return promptTokens === null && completionTokens === null ? [] : [`${formatTokens(promptTokens)}→${formatTokens(completionTokens)} tok`];
  }
  const idle = span.tool?.idleBlameMs ?? null;
  return idle === null || idle === 0 ? [] : [l10n.t('GPU idle {0}', formatDuration(idle))];
}

function tooltipOf(span: ReportSpan): string {
  const site = span.site === null ? (span.unattributed ?? l10n.t('No source line is known.')) : `${span.site.function ?? ''} ${span.site.file}:${span.site.line}`.trim();
  const energy = span.llm?.energyWh.active ?? null;
  return [
    span.tool?.detail ?? span.name,
    ...(span.error === null ? [] : [span.error.message]),
    ...(energy === null ? [] : [l10n.t`${formatEnergy(energy)} of the GPU's energy`]),
    ...(span.kind === 'agent' ? [] : [site]),
    evidenceSentences[span.evidence],
  ]
    .map((line) => visibleText(line))
    .join('\n');
}

/** What stands beside a run's name. */
export function runDescription(report: Report): string {
  const { totals, run } = report;
  const state = run.live ? `${l10n.t('running')} · ` : run.complete ? '' : `${statusWord('incomplete')} · `;
  return `${state}${formatDuration(totals.wallMs)} · ${formatCount(totals.llmCalls, 'call')} · ${energyText(report)}`;
}

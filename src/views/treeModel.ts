/** The tree of a run: its requests, and the calls in each. Pure; `runTree.ts` makes tree items of it. */
import * as l10n from '@vscode/l10n';
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
  private readonly byId: ReadonlyMap<string, ReportSpan>;
  private readonly children = new Map<string | null, ReportSpan[]>();

  constructor(report: Report) {
    this.byId = new Map(report.spans.map((span) => [span.id, span]));
    for (const span of report.spans) {
      if (span.kind === 'step') continue;
      const parent = this.parentOf(span)?.id ?? null;
      const siblings = this.children.get(parent);
      if (siblings) siblings.push(span);
      else this.children.set(parent, [span]);
    }
  }

  get(id: string): ReportSpan | undefined {
    return this.byId.get(id);
  }

  /** @param id null for what stands at the top */
  childrenOf(id: string | null): readonly ReportSpan[] {
    return this.children.get(id) ?? [];
  }

  /** The nearest ancestor that has a row, or null at the top. */
  parentOf(span: ReportSpan): ReportSpan | null {
    const seen = new Set([span.id]);
    for (let id = span.parent; id !== null && !seen.has(id); ) {
      seen.add(id);
      const parent = this.byId.get(id);
      if (parent === undefined) return null;
      if (parent.kind !== 'step') return parent;
      id = parent.parent;
    }
    return null;
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

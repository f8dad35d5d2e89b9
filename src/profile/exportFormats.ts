/** The formats that a run is exported in, for the command line and the editor alike. */
import * as l10n from '@vscode/l10n';
import type { CostWeight } from './costStacks.ts';
import { toFoldedStacks } from './exportFolded.ts';
import { toOtlpJson } from './exportOtlp.ts';
import { toSpanParquet } from './exportParquet.ts';
import { toPerfettoJson } from './exportPerfetto.ts';
import { toSpeedscopeJson } from './exportSpeedscope.ts';
import { toSpanCsv } from './exportTable.ts';
import { renderHtml, type PageScript } from './exportHtml.ts';
import type { PromptTable } from '../protocol/content.ts';
import type { TimelineDocument } from '../protocol/webview.ts';

export interface ExportOptions {
  /** For the page: the program that it carries, and what the calls said. */
  page: () => { script: PageScript; prompts: PromptTable | null };
  /** What folded stacks weigh. */
  weight: CostWeight;
  /** Version of this program. */
  version: string;
}

interface Format {
  label: string;
  /** For people: what it is, and who opens it. */
  detail: string;
  /** Of a file's name, with its dot. */
  ending: string;
  /** @throws RangeError where the run cannot be written so, with the reason */
  render: (document: TimelineDocument, options: ExportOptions) => string | Uint8Array;
}

export const exportFormats = {
  html: { label: 'HTML', detail: l10n.t('one self-contained page with the same timeline'), ending: '.html', render: htmlOf },
  json: { label: 'JSON', detail: l10n.t('the report: totals, lines, tools and spans'), ending: '.json', render: ({ report }) => `${JSON.stringify(report, null, 2)}\n` },
  perfetto: { label: 'Perfetto', detail: l10n.t('a trace for ui.perfetto.dev: lanes, flows and counters'), ending: '.perfetto.json', render: toPerfettoJson },
  speedscope: { label: 'speedscope', detail: l10n.t('flame graphs for speedscope.app: by time, and by line for each cost'), ending: '.speedscope.json', render: (document, { version }) => toSpeedscopeJson(document, `agent-cost ${version}`) },
  folded: { label: l10n.t('Folded stacks'), detail: l10n.t('call stacks with what they cost, for flamegraph.pl and inferno'), ending: '.folded', render: (document, { weight }) => toFoldedStacks(document, weight) },
  otlp: { label: 'OTLP', detail: l10n.t('spans for OpenTelemetry’s tools, by its GenAI conventions'), ending: '.otlp.json', render: (document, { version }) => toOtlpJson(document, { name: 'agent-cost-profiler', version }) },
  csv: { label: 'CSV', detail: l10n.t('a table with a row for each span'), ending: '.csv', render: toSpanCsv },
  parquet: { label: 'Parquet', detail: l10n.t('the same table for DuckDB, pandas, Polars'), ending: '.parquet', render: toSpanParquet },
} satisfies Record<string, Format>;
export type ExportFormat = keyof typeof exportFormats;

function htmlOf(document: TimelineDocument, { page }: ExportOptions): string {
  const { script, prompts } = page();
  return renderHtml(document, script, document.report.run.name, prompts);
}

/** A document in a format. @throws RangeError as the format's `render` */
export function renderExport(document: TimelineDocument, format: ExportFormat, options: ExportOptions): string | Uint8Array {
  const { render }: Format = exportFormats[format];
  return render(document, options);
}

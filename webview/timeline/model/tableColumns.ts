/** The table's columns: what stands in each, as text, as a value to sort by, and as a number in a file. Pure. */
import * as l10n from '@vscode/l10n';
import { localNumber } from '../../../src/profile/language.ts';
import { mark } from './spanText.ts';
import { formatDuration, formatEnergy, formatPercent, formatTokens, formatUsd } from '../../../src/profile/formatValue.ts';
import type { Grouping, RoleRow, TableRow } from './callTable.ts';
import type { Evidence } from '../../../src/profile/recordingFormat.ts';
import type { Grade } from '../../../src/profile/report.ts';

export interface Column<Row> {
  id: string;
  title: string;
  /** What the title leaves open. */
  hint: string;
  /** Name in a file, with its unit. */
  field: string;
  value(row: Row): number | string | null;
  text(row: Row): string;
}

export interface Table<Row> {
  rows: Row[];
  columns: readonly Column<Row>[];
}
export type AnyTable = Table<TableRow> | Table<RoleRow>;

type Numbers<Row> = (row: Row) => number | null;

function column<Row>(id: string, title: string, hint: string, field: string, value: Numbers<Row>, format: (value: number | null) => string, about: (row: Row) => string = () => ''): Column<Row> {
  return { id, title, hint, field, value, text: (row) => (value(row) === null ? format(null) : `${about(row)}${format(value(row))}`) };
}

const modelled = (grade: Grade | null): string => (grade === 'model' ? '~' : '');
const about = (evidence: Evidence | null): string => mark(evidence);
const cachedShare: Numbers<TableRow> = ({ cachedTokens, promptTokens }) => (cachedTokens === null || promptTokens === null || promptTokens === 0 ? null : cachedTokens / promptTokens);

const calls = column<TableRow>('calls', l10n.t('Calls'), l10n.t('Model and tool calls'), 'calls', (row) => row.calls, (value) => (value === null ? formatTokens(null) : localNumber(value)));
const failed = column<TableRow>('failed', l10n.t('Failed'), l10n.t('Calls that ended with an error'), 'failed', (row) => row.failed, (value) => (value === null ? formatTokens(null) : localNumber(value)));
const times = [
  column<TableRow>('time', l10n.t('Time'), l10n.t('Sum over the calls: those at the same time count each'), 'time_ms', (row) => row.totalMs, formatDuration, (row) => about(row.evidence)),
  column<TableRow>('p50', 'p50', l10n.t('Time of a call in the middle'), 'p50_ms', (row) => row.p50Ms, formatDuration, (row) => about(row.evidence)),
  column<TableRow>('p95', 'p95', l10n.t('95 % of the calls took less'), 'p95_ms', (row) => row.p95Ms, formatDuration, (row) => about(row.evidence)),
];
const modelColumns = [
  column<TableRow>('ttft', l10n.t('TTFT'), l10n.t('Time to the first token, in the middle'), 'ttft_p50_ms', (row) => row.ttftMs, formatDuration),
  column<TableRow>('prompt', l10n.t('Tokens in'), l10n.t('Prompt tokens'), 'prompt_tokens', (row) => row.promptTokens, formatTokens, (row) => about(row.tokenEvidence)),
  column<TableRow>('completion', l10n.t('→ out'), l10n.t('Completion tokens'), 'completion_tokens', (row) => row.completionTokens, formatTokens, (row) => about(row.tokenEvidence)),
  column<TableRow>('cached', l10n.t('Cached'), l10n.t('Share of the prompt tokens that the server had in its cache'), 'cached_share', cachedShare, formatPercent),
  column<TableRow>('gpu', l10n.t('GPU time'), l10n.t('Prefill and decode'), 'gpu_ms', (row) => row.gpuMs, formatDuration, (row) => about(row.phaseEvidence)),
];
const idleColumn = column<TableRow>('idle', l10n.t({ message: 'GPU idle', comment: 'Head of a narrow column: no more than nine letters' }), l10n.t('How long the GPU idled while these were waited for'), 'gpu_idle_ms', (row) => row.idleMs, formatDuration, (row) => modelled(row.grade));
const activeEnergy = column<TableRow>('active', l10n.t('Energy'), l10n.t('Active: of the calls themselves'), 'active_energy_wh', (row) => row.activeWh, formatEnergy, (row) => modelled(row.grade));
const idleEnergy = column<TableRow>('idleEnergy', l10n.t('Idle energy'), l10n.t('Of the GPU while it idled for these'), 'idle_energy_wh', (row) => row.idleWh, formatEnergy, (row) => modelled(row.grade));
const money = column<TableRow>('usd', l10n.t('Cost'), l10n.t('Of the calls, and of the GPU while it idled for tools, where it is paid by the hour'), 'cost_usd', (row) => row.usd, formatUsd, () => '~');

function nameColumn<Row extends { name: string }>(title: string, field: string): Column<Row> {
  return { id: 'name', title, hint: '', field, value: (row) => row.name, text: (row) => row.name };
}

const names: Record<Grouping, string> = { line: l10n.t('Line'), tool: l10n.t('Tool'), model: l10n.t('Model'), role: l10n.t('Role'), step: l10n.t('Step') };

/** Columns of a grouping by line, tool, model or step: what can't be known of it is left out. Those first that are seen in a narrow panel. */
export function columnsOf(grouping: Exclude<Grouping, 'role'>): Column<TableRow>[] {
  const name = nameColumn<TableRow>(names[grouping], grouping);
  if (grouping === 'tool') return [name, calls, ...times, failed, idleColumn, idleEnergy, money];
  if (grouping === 'model') return [name, calls, ...times, failed, ...modelColumns, activeEnergy, money];
  return [name, calls, ...times, failed, ...modelColumns, idleColumn, activeEnergy, idleEnergy, money];
}

export const roleColumns: readonly Column<RoleRow>[] = [
  nameColumn<RoleRow>(names.role, 'role'),
  column<RoleRow>('calls', l10n.t('Calls'), l10n.t('Model calls that have such tokens'), 'calls', (row) => row.calls, (value) => (value === null ? formatTokens(null) : localNumber(value))),
  column<RoleRow>('tokens', l10n.t('Tokens'), l10n.t('Sum over the calls'), 'tokens', (row) => row.tokens, formatTokens, (row) => about(row.evidence)),
  column<RoleRow>('share', l10n.t('Of prompts'), l10n.t('Share of all prompt tokens'), 'share_of_prompts', (row) => row.ofPrompts, formatPercent, (row) => about(row.evidence)),
  column<RoleRow>('mean', l10n.t('Per call'), l10n.t('Mean over the calls that have such tokens'), 'tokens_per_call', (row) => row.tokens / row.calls, formatTokens, (row) => about(row.evidence)),
];

/** Sorted by a column; what is not known is last either way, equals keep their order. */
export function sorted<Row>({ rows, columns }: Table<Row>, id: string, descending: boolean): Row[] {
  const by = columns.find((each) => each.id === id);
  if (by === undefined) return [...rows];
  const direction = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [left, right] = [by.value(a), by.value(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return direction * (typeof left === 'string' || typeof right === 'string' ? String(left).localeCompare(String(right), undefined, { numeric: true }) : left - right);
  });
}

/** For a spreadsheet: CSV (RFC 4180), or with tabs between. What is not known is an empty cell. */
export function toText<Row>(rows: readonly Row[], columns: readonly Column<Row>[], separator: ',' | '\t'): string {
  const cell = (value: number | string | null): string => {
    const text = value === null ? '' : typeof value === 'number' ? String(Number(value.toPrecision(9))) : asText(value);
    return text.includes('"') || text.includes(separator) || /[\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns.map(({ field }) => cell(field)), ...rows.map((row) => columns.map((each) => cell(each.value(row))))].map((cells) => `${cells.join(separator)}\r\n`).join('');
}

/** A recorded name must not become a formula where the file is opened. */
function asText(name: string): string {
  return /^[=+\-@\t\r]/.test(name) ? `'${name}` : name;
}

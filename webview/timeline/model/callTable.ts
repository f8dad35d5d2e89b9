/** The table: calls grouped by what they have in common, with sums and percentiles. Pure. */
import * as l10n from '@vscode/l10n';
import { enclosing, type CallCost } from './callCosts.ts';
import { siteText } from './spanText.ts';
import { ascending, percentile, sumKnown, weakestEvidence } from '../../../src/analysis/statistics.ts';
import { visibleText } from '../../../src/profile/visibleText.ts';
import type { TimelineModel } from './timelineModel.ts';
import type { Evidence } from '../../../src/profile/recordingFormat.ts';
import type { Grade, ReportSpan } from '../../../src/profile/report.ts';
import type { Milliseconds, Tokens, UsDollars, WattHours } from '../../../src/profile/units.ts';

export const groupings = ['line', 'tool', 'model', 'role', 'step'] as const;
export type Grouping = (typeof groupings)[number];

/** Calls that have something in common. Unknown is null. */
export interface TableRow {
  /** The same for the same row of a later table. */
  key: string;
  name: string;
  /** Numbers of its spans, in order of start. */
  numbers: number[];
  calls: number;
  failed: number;
  /** Sum over the calls: those at the same time count each. */
  totalMs: Milliseconds;
  p50Ms: Milliseconds | null;
  p95Ms: Milliseconds | null;
  /** In the middle of its calls. */
  ttftMs: Milliseconds | null;
  promptTokens: Tokens | null;
  completionTokens: Tokens | null;
  /** Null unless known of every prompt, or a ratio would mislead. */
  cachedTokens: Tokens | null;
  /** Prefill and decode. */
  gpuMs: Milliseconds | null;
  idleMs: Milliseconds | null;
  activeWh: WattHours | null;
  idleWh: WattHours | null;
  usd: UsDollars | null;
  /** The weakest of how its times, tokens and phases are known. */
  evidence: Evidence | null;
  tokenEvidence: Evidence | null;
  phaseEvidence: Evidence | null;
  grade: Grade | null;
}

const NO_LINE = l10n.t('no line known');
const NO_MODEL = l10n.t('model not named');
const NO_STEP = l10n.t('outside of steps');

interface Group {
  key: string;
  name: string;
  counted: CallCost[];
  /** Parts of tools that are counted already: of these only what the GPU idled for. */
  parts: CallCost[];
}

/** Rows by line, tool, model or step, in order of their first call. `shown` leaves calls out. */
export function tableRows(model: TimelineModel, costs: readonly CallCost[], grouping: Exclude<Grouping, 'role'>, shown: (number: number) => boolean): TableRow[] {
  const groups = new Map<string, Group>();
  const byNumber = new Map(costs.map((cost) => [cost.number, cost]));
  for (const cost of costs) {
    if (!shown(cost.number)) continue;
    // A part of a tool is in that tool's row, as in the report, if that is shown.
    const outer = cost.outerTool < 0 || !shown(cost.outerTool) ? undefined : byNumber.get(cost.outerTool);
    const name = groupName(model, outer ?? cost, grouping);
    if (name === null) continue;
    const key = keyOf((outer ?? cost).span, grouping) ?? name;
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { key, name, counted: [], parts: [] }));
    (outer === undefined ? group.counted : group.parts).push(cost);
  }
  return [...groups.values()].map((group) => rowOf(group, model.head?.totals.energyWh.grade ?? null));
}

/** Two files of one name are two groups that are called alike. */
function keyOf({ site }: ReportSpan, grouping: Grouping): string | null {
  return grouping === 'line' && site !== null ? `${site.line}:${site.file}` : null;
}

function groupName(model: TimelineModel, { span, number }: CallCost, grouping: Exclude<Grouping, 'role'>): string | null {
  if (grouping === 'line') return span.site === null ? NO_LINE : `${siteText(span.site)}${span.site.function === null ? '' : ` ${visibleText(span.site.function, 60)}`}`;
  if (grouping === 'tool') return span.kind === 'tool' ? visibleText(span.tool?.name ?? span.name, 120) : null;
  if (grouping === 'model') return span.kind === 'llm' ? visibleText(span.llm?.model ?? NO_MODEL, 120) : null;
  const step = model.spanAt(enclosing(model, number, 'step'));
  return step === null ? NO_STEP : visibleText(step.name, 120);
}

function rowOf({ key, name, counted, parts }: Group, runGrade: Grade | null): TableRow {
  const llms = counted.flatMap(({ span }) => span.llm ?? []);
  const tools = [...counted, ...parts].flatMap(({ span }) => span.tool ?? []);
  const times = ascending(counted.flatMap(({ ms }) => ms ?? []));
  const prompts = llms.filter((llm) => llm.promptTokens !== null);
  return {
    key,
    name,
    numbers: [...counted, ...parts].map(({ number }) => number),
    calls: counted.length,
    failed: counted.filter(({ span }) => span.status === 'error').length,
    totalMs: sumKnown(counted.map(({ ms }) => ms)) ?? 0,
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    ttftMs: percentile(ascending(llms.flatMap((llm) => llm.ttftMs ?? [])), 0.5),
    promptTokens: sumKnown(llms.map((llm) => llm.promptTokens)),
    completionTokens: sumKnown(llms.map((llm) => llm.completionTokens)),
    cachedTokens: prompts.every((llm) => llm.cachedTokens !== null) ? sumKnown(prompts.map((llm) => llm.cachedTokens)) : null,
    gpuMs: sumKnown(llms.flatMap((llm) => [llm.prefillMs, llm.decodeMs])),
    idleMs: sumKnown(tools.map((tool) => tool.idleBlameMs)),
    activeWh: sumKnown(llms.map((llm) => llm.energyWh.active)),
    idleWh: sumKnown(tools.map((tool) => tool.idleEnergyWh)),
    usd: sumKnown([...counted, ...parts].map(({ usd }) => usd)),
    evidence: weakestEvidence(counted.map(({ span }) => span.evidence)),
    tokenEvidence: weakestEvidence(llms.flatMap((llm) => llm.tokenEvidence ?? [])),
    phaseEvidence: weakestEvidence(llms.flatMap((llm) => llm.phaseEvidence ?? [])),
    grade: llms.find((llm) => llm.energyWh.grade !== null)?.energyWh.grade ?? runGrade,
  };
}

export const promptRoles = { instruction: l10n.t('instruction'), fewShot: l10n.t('few-shot'), user: l10n.t('user'), llmHistory: l10n.t('model’s history'), toolHistory: l10n.t('tools’ history'), output: l10n.t('output') } as const;
export type PromptRole = keyof typeof promptRoles;
export const roleNames = Object.keys(promptRoles) as PromptRole[];

export interface RoleRow {
  key: string;
  name: string;
  numbers: number[];
  calls: number;
  tokens: Tokens;
  /** Of all prompts; null for the output, which is no part of them. */
  ofPrompts: number | null;
  evidence: Evidence | null;
}

/** Tokens by who wrote them. Calls whose roles are not known are left out; none known: no rows. */
export function roleRows(costs: readonly CallCost[], shown: (number: number) => boolean): RoleRow[] {
  const rows = roleNames.map((role) => ({ role, name: promptRoles[role], numbers: [] as number[], calls: 0, tokens: 0, ofPrompts: null as number | null, evidence: null as Evidence | null }));
  let prompts = 0;
  for (const { number, span } of costs) {
    const roles = span.llm?.roles;
    if (roles === null || roles === undefined || !shown(number)) continue;
    for (const row of rows) {
      const tokens = roles[row.role];
      if (tokens === null || tokens <= 0) continue;
      row.numbers.push(number);
      row.calls++;
      row.tokens += tokens;
      const evidence = row.role === 'output' ? span.llm?.tokenEvidence : span.llm?.rolesEvidence;
      row.evidence = weakestEvidence([row.evidence, evidence].flatMap((each) => each ?? []));
      if (row.role !== 'output') prompts += tokens;
    }
  }
  for (const row of rows) if (row.role !== 'output' && prompts > 0) row.ofPrompts = row.tokens / prompts;
  return rows.filter(({ calls }) => calls > 0).map(({ role, name, numbers, calls, tokens, ofPrompts, evidence }) => ({ key: role, name, numbers, calls, tokens, ofPrompts, evidence }));
}

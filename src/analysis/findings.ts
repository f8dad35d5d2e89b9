/** What the numbers point at: few rules, each certain enough to be worth a sentence, with what it would save at most. */
import * as l10n from '@vscode/l10n';
import { localNumber } from '../profile/language.ts';
import { formatCount } from '../profile/formatCount.ts';
import { formatDuration, formatPercent } from '../profile/formatValue.ts';
import { activityText } from '../profile/activityText.ts';
import type { Activity, Evidence, Site } from '../profile/recordingFormat.ts';
import type { Report, ReportFunction } from '../profile/report.ts';
import type { Conversations } from './conversations.ts';
import type { Draft } from './drafts.ts';
import { outermostTool, type Above } from './draftTree.ts';
import type { EnergyUse } from './energy.ts';
import { groupBy } from './grouping.ts';
import type { GpuTrack } from './gpuTrack.ts';
import type { Retry } from './retries.ts';
import { sumKnown, tidy, weakestEvidence } from './statistics.ts';
import { sumBlame } from './tables.ts';

export type Finding = Report['findings'][number];

export interface FindingInput {
  calls: readonly Draft[];
  retries: readonly Retry[];
  tools: readonly Draft[];
  /** What the program did itself, by function. */
  functions: readonly ReportFunction[];
  /** The nearest tool that each span is a part of. */
  above: Above;
  conversations: Conversations;
  energy: EnergyUse;
  track: GpuTrack;
  wallMs: number;
}

/** Idle behind one tool is worth a word from this share of the run on. */
const IDLE_SHARE = 0.2;
/** What running tools at once would save is worth a word from this share of the run on. */
const SAVED_SHARE = 0.01;
/** A prefix cache works in blocks of 16 tokens; shorter repeats may rightly miss it. */
const SHORTEST_PREFIX_TOKENS = 64;

export function findFindings(input: FindingInput): Finding[] {
  return [
    ...failedCalls(input),
    ...retriedCalls(input),
    ...idleBehindTools(input),
    ...idleBehindFunctions(input),
    ...sequentialTools(input),
    ...prefixMisses(input),
    ...repeatedCalls(input),
    ...cutAnswers(input),
    ...unattributedCalls(input),
  ];
}

const NO_SAVING = { ms: null, energyWh: null, usd: null };

function failedCalls({ calls }: FindingInput): Finding[] {
  const failed = calls.filter((draft) => draft.span.status === 'error');
  const first = failed[0];
  if (first === undefined) return [];
  const message = l10n.t`${formatCount(failed.length, 'model call')} failed; the first said: ${shorten(first.span.error?.message ?? l10n.t('no reason'))}`;
  return [finding('failed-calls', 'warning', message, failed, { ms: total(failed), energyWh: energyOf(failed), usd: usdOf(failed) }, evidenceOf(failed))];
}

/** What second tries cost: the failed ones, and the waiting in between. */
function retriedCalls({ retries }: FindingInput): Finding[] {
  if (retries.length === 0) return [];
  const failed = retries.map((retry) => retry.failed);
  const waited = retries.reduce((sum, retry) => sum + retry.again.start - retry.failed.end, 0);
  const statuses = [...new Set(failed.map(({ span }) => {
    const status = span.llm?.httpStatus ?? null;
    return status === null ? l10n.t("a broken connection") : `HTTP ${status}`;
  }))].join(', ');
  const limited = failed.some(({ span }) => span.llm?.httpStatus === 429);
  const message = `${l10n.t`${formatCount(retries.length, 'model call')} had to be tried again (${statuses}): ${formatDuration(total(failed))} in tries that failed and ${formatDuration(waited)} of back-off.`} ${limited ? l10n.t('Send fewer calls at once, or raise the rate limit.') : l10n.t("Look at the server's log for why it failed.")}`;
  return [finding('retries', 'warning', message, failed, { ms: tidy(total(failed) + waited), energyWh: energyOf(failed), usd: usdOf(failed) }, 'inferred')];
}

function idleBehindTools({ tools, above, energy, track, wallMs }: FindingInput): Finding[] {
  const byName = groupBy(tools, (tool) => outermostTool(tool, above).span.name);
  const findings: Finding[] = [];
  for (const [name, drafts] of byName) {
    const { idleMs, idleWh } = sumBlame(drafts, energy.blame);
    if (wallMs <= 0 || idleMs / wallMs < IDLE_SHARE) continue;
    const message = l10n.t`The GPU stood idle for ${formatDuration(idleMs)} (${formatPercent(idleMs / wallMs)} of the run) while the agent waited for ${name}. Run independent calls at once, start them earlier, or keep their results.`;
    const saves = { ms: tidy(idleMs), energyWh: idleWh, usd: energy.usdPerMs === null ? null : energy.usdPerMs * idleMs };
    findings.push(finding('idle-behind-tool', 'warning', message, drafts, saves, weakestEvidence([...drafts.map((draft) => draft.span.evidence), track.evidence]) ?? 'inferred'));
  }
  return findings;
}

/** As for tools: what the agent's own code did while nothing else went on. */
function idleBehindFunctions({ functions, energy, track, wallMs }: FindingInput): Finding[] {
  return functions.flatMap((row): Finding[] => {
    const idleMs = row.idleBlameMs ?? 0;
    if (wallMs <= 0 || idleMs / wallMs < IDLE_SHARE) return [];
    const [took, share] = [formatDuration(idleMs), formatPercent(idleMs / wallMs)];
    const what =
      row.activity === null
        ? l10n.t`The GPU stood idle for ${took} (${share} of the run) while the agent's own code was in ${row.name}.`
        : l10n.t`The GPU stood idle for ${took} (${share} of the run) while the agent's own code was in ${row.name}, mostly ${activityText(row.activity)}.`;
    const message = `${what} ${REMEDIES[row.activity ?? 'cpu'] ?? REMEDY}`;
    const saves = { ms: tidy(idleMs), energyWh: row.idleEnergyWh, usd: energy.usdPerMs === null ? null : energy.usdPerMs * idleMs };
    return [{ rule: 'idle-behind-function', severity: 'warning', message, site: row.site, spans: row.spans, saves, evidence: weakestEvidence([row.evidence, track.evidence]) ?? 'inferred' }];
  });
}

const REMEDY = l10n.t('Do it while a model call is in flight, or keep its result.');
const REMEDIES: Partial<Record<Activity, string>> = {
  sleep: l10n.t('Wait for the condition itself rather than for time.'),
  backoff: l10n.t('Ask less at once, or raise the limit that the server set.'),
  input: l10n.t('A person was waited for.'),
};

/** The model asked for several tools in one answer, and measured they ran one after another. */
function sequentialTools({ tools, wallMs }: FindingInput): Finding[] {
  const joined = tools.filter((tool) => tool.issuer !== null && tool.hook !== null && !tool.partOfWireTool && tool.span.tool?.callId !== null);
  const serial: Draft[] = [];
  let saved = 0;
  let times = 0;
  for (const asked of groupBy(joined, (tool) => tool.issuer).values()) {
    const inOrder = [...asked].sort((a, b) => a.start - b.start);
    const apart = inOrder.every((tool, index) => index === 0 || tool.start >= (inOrder[index - 1]?.end ?? 0));
    const durations = inOrder.map((tool) => tool.end - tool.start);
    if (inOrder.length < 2 || !apart || inOrder.some((tool) => tool.span.status === 'incomplete')) continue;
    times++;
    saved += durations.reduce((sum, each) => sum + each, 0) - Math.max(...durations);
    serial.push(...inOrder);
  }
  if (serial.length === 0 || saved < wallMs * SAVED_SHARE) return [];
  const faster = formatDuration(saved);
  const message =
    times === 1
      ? l10n.t`Once the model asked for several tools together and they ran one after another. Together they would have been up to ${faster} faster.`
      : l10n.t`${localNumber(times)} times the model asked for several tools together and they ran one after another. Together they would have been up to ${faster} faster.`;
  return [finding('sequential-tools', 'info', message, serial, { ...NO_SAVING, ms: tidy(saved) }, evidenceOf(serial))];
}

/** A prompt begins with an earlier one, which had been answered, and yet nothing of it came from the cache. */
function prefixMisses({ calls, conversations }: FindingInput): Finding[] {
  const extending = calls.filter((draft) => {
    const before = conversations.continuationOf.get(draft);
    return before?.call?.end?.status === 'ok' && before.end <= draft.start && (before.span.llm?.promptTokens ?? 0) >= SHORTEST_PREFIX_TOKENS && draft.span.llm?.cachedTokens !== null;
  });
  const missed = extending.filter((draft) => draft.span.llm?.cachedTokens === 0);
  if (missed.length === 0) return [];
  let saved: number | null = null;
  for (const draft of missed) {
    const { prefillMs = null, promptTokens = null } = draft.span.llm ?? {};
    const repeated = conversations.continuationOf.get(draft)?.span.llm?.promptTokens ?? null;
    if (prefillMs !== null && promptTokens !== null && repeated !== null && promptTokens > 0) saved = (saved ?? 0) + prefillMs * Math.min(1, repeated / promptTokens);
  }
  const message = l10n.t`${localNumber(missed.length)} of ${formatCount(extending.length, 'prompt')} that begin with an earlier one got nothing from the prefix cache. Is it on (vLLM: \`--enable-prefix-caching\`), and large enough to keep the earlier prompt?`;
  return [finding('prefix-cache-miss', 'warning', message, missed, { ...NO_SAVING, ms: saved === null ? null : tidy(saved) }, 'estimated')];
}

/** Calls whose model, messages and tools are those of an earlier, successful one that had ended. */
function repeatedCalls({ calls, conversations }: FindingInput): Finding[] {
  const again = calls.filter((draft) => {
    const earlier = conversations.repeats.get(draft);
    return (
      earlier?.call?.end?.status === 'ok' &&
      earlier.end <= draft.start &&
      draft.span.status === 'ok' &&
      earlier.span.llm?.endpoint === draft.span.llm?.endpoint &&
      earlier.call.start.model === draft.call?.start.model &&
      earlier.call.start.request.tools.join('\n') === draft.call?.start.request.tools.join('\n')
    );
  });
  if (again.length === 0) return [];
  const message = l10n.t`${formatCount(again.length, 'model call')} sent a prompt that had been answered before, word for word. If another sample is not what you want, keep the first answer.`;
  return [finding('repeated-call', 'info', message, again, { ms: total(again), energyWh: energyOf(again), usd: usdOf(again) }, evidenceOf(again))];
}

function cutAnswers({ calls }: FindingInput): Finding[] {
  const cut = calls.filter((draft) => draft.span.llm?.finishReason === 'length');
  if (cut.length === 0) return [];
  const message = l10n.t`${formatCount(cut.length, 'answer')} ended at the limit of tokens (max_tokens, or the model's context). Raise it, or ask for shorter answers: a cut answer often costs a second call.`;
  return [finding('cut-answer', 'warning', message, cut, NO_SAVING, 'measured')];
}

function unattributedCalls({ calls }: FindingInput): Finding[] {
  const lost = calls.filter((draft) => draft.span.site === null);
  const first = lost[0];
  if (first === undefined) return [];
  const message = l10n.t`${localNumber(lost.length)} of ${formatCount(calls.length, 'model call')} could not be attributed to a line: ${first.span.unattributed ?? l10n.t('the reason is not known')}`;
  return [finding('unattributed-calls', 'info', message, lost, NO_SAVING, 'measured')];
}

function finding(rule: string, severity: Finding['severity'], message: string, drafts: readonly Draft[], saves: Finding['saves'], evidence: Evidence): Finding {
  return { rule, severity, message, site: commonSite(drafts), spans: drafts.map((draft) => draft.span.id), saves, evidence };
}

/** The line that all of them are on; else none, rather than one at random. */
function commonSite(drafts: readonly Draft[]): Site | null {
  const site = drafts[0]?.span.site ?? null;
  return drafts.every((draft) => draft.span.site?.file === site?.file && draft.span.site?.line === site?.line) ? site : null;
}

function evidenceOf(drafts: readonly Draft[]): Evidence {
  return weakestEvidence(drafts.map((draft) => draft.span.evidence)) ?? 'measured';
}

function total(drafts: readonly Draft[]): number {
  return tidy(drafts.reduce((sum, draft) => sum + (draft.end - draft.start), 0));
}

function energyOf(drafts: readonly Draft[]): number | null {
  return sumKnown(drafts.map((draft) => draft.span.llm?.energyWh.active ?? null));
}

function usdOf(drafts: readonly Draft[]): number | null {
  return sumKnown(drafts.map((draft) => draft.span.llm?.costUsd ?? null));
}

function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}

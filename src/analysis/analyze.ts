/**
 * From a profile to the document that every view shows. Pure: the same profile gives the same document.
 *
 * The order of work: spans as recorded → tools joined with what the wire shows → requests and steps → the agent's
 * time and the GPU's track → energy and blame → tables, findings, totals.
 */
import { DEFAULT_ACCOUNTING, type Accounting } from '../profile/accounting.ts';
import type { Profile } from '../profile/model.ts';
import { REPORT_SCHEMA, type Report, type Totals } from '../profile/report.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { TimelineDocument } from '../protocol/webview.ts';
import { agentTime, findWaits, otherTime } from './agentTime.ts';
import { withCellsJoined } from './cells.ts';
import { findConversations } from './conversations.ts';
import { callDrafts, hookDrafts, wallTime, type Clock, type Draft } from './drafts.ts';
import { settleAgentProcesses } from './agentProcesses.ts';
import { Drafts, linkHookParents, recordedAround, toolAncestors, type Above } from './draftTree.ts';
import { useOfEnergy, type EnergyUse } from './energy.ts';
import { boundaryText, footprint } from './footprint.ts';
import { findFindings } from './findings.ts';
import { gpuUsed } from './gpuUsed.ts';
import { gpuParts } from './gpuParts.ts';
import { buildGpuTrack, gpuTime, type GpuTrack } from './gpuTrack.ts';
import { MS_PER_HOUR } from './money.ts';
import { allArrivalGaps } from './phases.ts';
import { functionTable } from './functions.ts';
import { findBackoffs, findRetries } from './retries.ts';
import { findRequests, type Requests } from './requests.ts';
import { setRoles } from './roles.ts';
import { onRunClock, runClock } from './runClock.ts';
import { lineTable } from './lines.ts';
import { compareSpans } from './spanOrder.ts';
import { ascending, percentiles, percentilesOfMany, sumKnown, tidy } from './statistics.ts';
import { tokenSums, toolTable } from './tables.ts';
import { findOwnFunctions, settleFunctions } from './ownFunctions.ts';
import { serverReadings } from './serverLoad.ts';
import { withServerTimes } from './serverTimes.ts';
import { withTraces } from './traces.ts';
import { findWarnings } from './warnings.ts';
import { linkServedTools } from './servedTools.ts';
import { settleServedRequests } from './servedRequests.ts';
import { askedTools, wireTools } from './wireTools.ts';

export interface AnalyzeOptions {
  /** Still being recorded: what has no end is running, not cut off. */
  live?: boolean;
  /** Live: the run's length so far; the latest time in the recording where it is absent. */
  nowMs?: Milliseconds;
  /** What is not said is as by default. */
  accounting?: Partial<Accounting>;
}

/** Analyses a profile. The report in the result is valid against `reportSchema`. */
export function analyze(recorded: Profile, options: AnalyzeOptions = {}): TimelineDocument {
  const live = options.live ?? false;
  const accounting: Accounting = { ...DEFAULT_ACCOUNTING, ...options.accounting };
  const ownClock = runClock(recorded);
  const profile = withTraces(withCellsJoined(withServerTimes(onRunClock(recorded, ownClock))));
  const clock: Clock = { live, wallMs: wallTime(profile, live && options.nowMs !== undefined ? Math.max(0, ownClock.at(options.nowMs)) : null) };
  const made = new Drafts();
  const wireDrafts = callDrafts(profile, clock, made);
  const calls = wireDrafts.filter((draft) => draft.span.kind === 'llm');
  const hooks = hookDrafts(profile, clock, made);
  linkHookParents(wireDrafts, hooks, made);
  linkServedTools(hooks, made);
  const lasting = settleServedRequests(hooks, wireDrafts, made);
  fillUnreportedCache(profile, calls);
  const own = findOwnFunctions(lasting, wireDrafts, askedTools(calls), made);
  const seen = [...own.rest, ...own.functions];
  const inferredTools = wireTools(calls, seen, recordedAround, made);
  settleAgentProcesses(seen, calls, profile.processes, toolAncestors([...seen, ...inferredTools], made));
  const { functions, carriers } = settleFunctions(own, [...wireDrafts, ...seen, ...inferredTools], made);
  const tools = [...[...own.rest, ...own.functions].filter((draft) => draft.span.kind === 'tool'), ...inferredTools];
  const conversations = findConversations(calls, made);
  setRoles(calls, conversations);
  for (const call of calls) {
    const before = conversations.continuationOf.get(call);
    if (before !== undefined && call.span.llm !== null) call.span.llm.continues = before.span.id;
  }
  const retries = findRetries(calls);
  const backoffs = findBackoffs(retries, [...own.stretches, ...hooks.filter(({ span }) => span.source === 'sampled' || span.source === 'wait')], made);
  const functionsAndStretches = [...functions, ...own.stretches, ...backoffs].sort((a, b) => a.start - b.start);
  for (const { failed, again } of retries) if (again.span.llm !== null) again.span.llm.retryOf = failed.span.id;
  const requests = findRequests({ calls, tools, functions: functionsAndStretches, hooks: own.rest, conversations, carriers }, made);
  const drafts = [...wireDrafts, ...tools, ...functionsAndStretches, ...own.rest.filter((draft) => draft.span.kind !== 'tool'), ...requests.agents, ...requests.steps];
  drafts.sort((a, b) => compareSpans(a.span, b.span));
  tools.sort((a, b) => compareSpans(a.span, b.span));

  const above = toolAncestors(drafts, made);
  const ownAbove = toolAncestors(drafts, made, 'agent');
  const waits = findWaits(drafts, functionsAndStretches, clock.wallMs, made);
  const server = serverReadings(profile, calls);
  const track = buildGpuTrack(profile, calls, clock, server?.others ?? null);
  const energy = useOfEnergy({ profile, calls, track, waits, wallMs: clock.wallMs, drafts: made }, accounting);
  for (const call of calls) energy.charge(call);
  for (const tool of tools) {
    if (tool.span.tool === null) continue;
    const blame = energy.blame.get(tool) ?? { idleMs: 0, idleWh: 0 };
    tool.span.tool.idleBlameMs = blame.idleMs;
    tool.span.tool.idleEnergyWh = blame.idleWh;
  }
  const { header } = profile;
  const serverUse = server === null ? null : { ...server.use, foreign: { ...server.use.foreign, beside: server.use.foreign.mostRunning === null ? null : energy.beside } };
  const functionRows = functionTable(functionsAndStretches, drafts, ownAbove, energy, made);
  const report: Report = {
    schema: REPORT_SCHEMA,
    run: {
      id: header.id,
      name: header.name,
      command: header.command,
      cwd: header.cwd,
      startedAt: header.startedAt,
      exitCode: profile.end?.exitCode ?? null,
      signal: profile.end?.signal ?? null,
      complete: profile.end !== null,
      live,
      capture: header.capture,
      pauses: ownClock.pauses.map(({ at, length }) => ({ atMs: at, ms: length })),
      sources: profile.sources.map(({ file, sha256 }) => ({ file, sha256 })),
      commit: profile.commit === null ? null : { root: profile.commit.root, id: profile.commit.commit, dirty: profile.commit.dirty },
    },
    backend: profile.backend,
    accounting: { policy: accounting.policy, boundary: boundaryText(accounting.overheads), overheads: [...accounting.overheads], grid: accounting.grid, prices: energy.prices, gpuUsdPerHour: energy.usdPerMs === null ? null : tidy(energy.usdPerMs * MS_PER_HOUR) },
    server: serverUse,
    totals: totalsOf(calls, tools, ownAbove, requests, clock, { agentMs: agentTime(waits), otherMs: otherTime(waits, [...hooks, ...backoffs]), footprint: footprint(energy.ownWh, accounting), gpuUtilization: gpuUsed(profile, clock.wallMs), track, energy }),
    spans: drafts.map((draft) => draft.span),
    lines: lineTable(calls, tools, above, energy),
    tools: toolTable(tools, ownAbove, energy),
    functions: functionRows,
    findings: findFindings({ calls, retries, tools, functions: functionRows, above: ownAbove, conversations, energy, track, wallMs: clock.wallMs }),
    warnings: [...findWarnings(profile, calls, energy, serverUse), ...accounting.problems.map((message) => ({ code: 'accounting', message }))],
  };
  const parts = gpuParts({ profile, calls, clock, waits, whole: energy.segments });
  return { report, gpu: energy.segments, ...(parts.length === 0 ? {} : { parts }) };
}

/**
 * vLLM leaves `cached_tokens` out of an answer where it is 0, and everywhere when it was started without
 * `--enable-prompt-tokens-details`. One answer that has it shows that the flag is on, so that absent means 0.
 */
function fillUnreportedCache(profile: Profile, calls: readonly Draft[]): void {
  if (profile.backend.kind !== 'vllm' || !calls.some((draft) => (draft.span.llm?.cachedTokens ?? 0) > 0)) return;
  for (const { span } of calls) {
    if (span.llm !== null && span.llm.promptTokens !== null) span.llm.cachedTokens ??= 0;
  }
}

function totalsOf(
  calls: readonly Draft[],
  tools: readonly Draft[],
  above: Above,
  requests: Requests,
  { wallMs }: Clock,
  { agentMs, otherMs, footprint, gpuUtilization, track, energy }: Pick<Totals, 'agentMs' | 'otherMs' | 'footprint' | 'gpuUtilization'> & { track: GpuTrack; energy: EnergyUse },
): Totals {
  return {
    wallMs,
    requests: requests.count,
    requestsEvidence: requests.evidence,
    llmCalls: calls.length,
    toolCalls: tools.filter((tool) => !tool.partOfWireTool && above(tool) === undefined).length,
    failedCalls: calls.filter((draft) => draft.span.status === 'error').length,
    retriedCalls: calls.filter((draft) => draft.span.llm?.retryOf !== null).length,
    ...tokenSums(calls),
    reasoningTokens: sumKnown(calls.map((draft) => draft.span.llm?.reasoningTokens ?? null)),
    ttftMs: percentiles(ascending(calls.map((draft) => draft.span.llm?.ttftMs ?? null).filter((ms) => ms !== null))),
    itlMs: percentilesOfMany(allArrivalGaps(calls.flatMap((draft) => draft.call ?? []))),
    agentMs,
    otherMs,
    gpuMs: gpuTime(track),
    gpuEvidence: track.evidence,
    gpuUtilization,
    energyWh: energy.totals,
    footprint,
    costUsd: energy.costUsd,
  };
}

/** The tables by source line and by tool. */
import type { Evidence } from '../profile/recordingFormat.ts';
import type { ReportLine, ReportTool } from '../profile/report.ts';
import { outermostTool, type Draft } from './drafts.ts';
import type { Blame, EnergyUse } from './energy.ts';
import { ascending, percentile, sumKnown, tidy, weakestEvidence } from './statistics.ts';

/** Tokens of several calls; cached ones only when every prompt's share is known, or a ratio would mislead. */
export function tokenSums(calls: readonly Draft[]): Pick<ReportLine, 'promptTokens' | 'cachedTokens' | 'completionTokens'> {
  const details = calls.flatMap((draft) => (draft.span.llm === null ? [] : [draft.span.llm]));
  const withPrompt = details.filter((llm) => llm.promptTokens !== null);
  return {
    promptTokens: sumKnown(details.map((llm) => llm.promptTokens)),
    cachedTokens: withPrompt.every((llm) => llm.cachedTokens !== null) ? sumKnown(withPrompt.map((llm) => llm.cachedTokens)) : null,
    completionTokens: sumKnown(details.map((llm) => llm.completionTokens)),
  };
}

interface LineGroup {
  calls: Draft[];
  tools: Draft[];
  /** Parts of a tool on the same line: their time is the tool's, their blame is added. */
  parts: Draft[];
}

/** Calls and tools by the innermost line of the user's code, the longest first. Unattributed ones are on no line. */
export function lineTable(calls: readonly Draft[], tools: readonly Draft[], above: ReadonlyMap<string, Draft>, energy: EnergyUse): ReportLine[] {
  const groups = new Map<string, LineGroup>();
  const groupAt = (draft: Draft): LineGroup | null => {
    const { site } = draft.span;
    if (site === null) return null;
    const key = `${site.line}:${site.file}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { calls: [], tools: [], parts: [] };
      groups.set(key, group);
    }
    return group;
  };
  for (const call of calls) groupAt(call)?.calls.push(call);
  for (const tool of tools) groupAt(tool)?.[enclosedOnSameLine(tool, above) ? 'parts' : 'tools'].push(tool);
  return [...groups.values()]
    .flatMap((group) => lineOf(group, energy) ?? [])
    .sort((a, b) => b.llmMs + b.toolMs - (a.llmMs + a.toolMs) || (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));
}

function enclosedOnSameLine(tool: Draft, above: ReadonlyMap<string, Draft>): boolean {
  for (let outer = above.get(tool.span.id); outer !== undefined; outer = above.get(outer.span.id)) {
    if (outer.span.site?.file === tool.span.site?.file && outer.span.site?.line === tool.span.site?.line) return true;
  }
  return false;
}

function lineOf({ calls, tools, parts }: LineGroup, energy: EnergyUse): ReportLine | null {
  const drafts = [...calls, ...tools].sort((a, b) => a.start - b.start);
  const site = drafts[0]?.span.site ?? null;
  const evidence = weakestEvidence(drafts.map((draft) => draft.span.evidence));
  if (site === null || evidence === null) return null;
  const blame = sumBlame([...drafts, ...parts], energy.blame);
  const durations = ascending(drafts.map((draft) => draft.end - draft.start));
  const ttft = ascending(calls.flatMap((draft) => draft.span.llm?.ttftMs ?? []));
  const toolBlame = sumBlame([...tools, ...parts], energy.blame);
  const toolUsd = energy.usdPerMs === null || tools.length === 0 ? null : toolBlame.idleMs * energy.usdPerMs;
  return {
    file: site.file,
    line: site.line,
    function: site.function,
    kinds: [...(calls.length > 0 ? (['llm'] as const) : []), ...(tools.length > 0 ? (['tool'] as const) : [])],
    calls: drafts.length,
    llmCalls: calls.length,
    toolCalls: tools.length,
    failed: drafts.filter((draft) => draft.span.status === 'error').length,
    llmMs: totalTime(calls),
    toolMs: totalTime(tools),
    p50Ms: percentile(durations, 0.5),
    p95Ms: percentile(durations, 0.95),
    ...tokenSums(calls),
    energyWh: sumKnown(calls.map((draft) => draft.span.llm?.energyWh.active ?? null)),
    grade: energy.totals.grade,
    idleBlameMs: tidy(blame.idleMs),
    idleEnergyWh: blame.idleWh,
    costUsd: sumKnown([...calls.map((draft) => draft.span.llm?.costUsd ?? null), toolUsd]),
    ttftMs: { p50: percentile(ttft, 0.5), p95: percentile(ttft, 0.95) },
    evidence,
    tokenEvidence: weakestEvidence(calls.flatMap((draft) => draft.span.llm?.tokenEvidence ?? [])),
    spans: drafts.map((draft) => draft.span.id),
  };
}

/**
 * Tools by name, the longest first. Parts inside a tool are not listed beside it, but the idle time blamed on them is
 * in the tool's row.
 */
export function toolTable(tools: readonly Draft[], above: ReadonlyMap<string, Draft>, energy: EnergyUse): ReportTool[] {
  const groups = new Map<string, { outer: Draft[]; all: Draft[]; evidence: Evidence[] }>();
  for (const tool of tools) {
    const outermost = outermostTool(tool, above);
    let group = groups.get(outermost.span.name);
    if (group === undefined) {
      group = { outer: [], all: [], evidence: [] };
      groups.set(outermost.span.name, group);
    }
    group.all.push(tool);
    if (outermost === tool) {
      group.outer.push(tool);
      group.evidence.push(tool.span.evidence);
    }
  }
  return [...groups]
    .map(([name, { outer, all, evidence }]): ReportTool => {
      const durations = ascending(outer.map((tool) => tool.end - tool.start));
      const blame = sumBlame(all, energy.blame);
      return {
        name,
        calls: outer.length,
        errors: outer.filter((tool) => tool.span.status === 'error').length,
        totalMs: totalTime(outer),
        p50Ms: percentile(durations, 0.5),
        p95Ms: percentile(durations, 0.95),
        idleBlameMs: tidy(blame.idleMs),
        idleEnergyWh: blame.idleWh,
        evidence: weakestEvidence(evidence) ?? 'measured',
      };
    })
    .sort((a, b) => b.totalMs - a.totalMs || (a.name < b.name ? -1 : 1));
}

/** Idle time and energy blamed on any of several spans; energy null once a part of it is not known. */
export function sumBlame(drafts: readonly Draft[], blame: ReadonlyMap<Draft, Blame>): Blame {
  const sum: Blame = { idleMs: 0, idleWh: 0 };
  for (const draft of drafts) {
    const each = blame.get(draft);
    if (each === undefined) continue;
    sum.idleMs += each.idleMs;
    sum.idleWh = sum.idleWh === null || each.idleWh === null ? null : sum.idleWh + each.idleWh;
  }
  return sum;
}

function totalTime(drafts: readonly Draft[]): number {
  return tidy(drafts.reduce((sum, draft) => sum + (draft.end - draft.start), 0));
}

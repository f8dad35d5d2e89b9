/** The table by tool, and the sums that both tables share. */
import type { Evidence } from '../profile/recordingFormat.ts';
import type { ReportLine, ReportTool } from '../profile/report.ts';
import type { Draft } from './drafts.ts';
import { outermostTool, type Above } from './draftTree.ts';
import type { Blame, BlameByDraft, EnergyUse } from './energy.ts';
import { ascending, percentile, tidy, weakestEvidence } from './statistics.ts';

/** Tokens of several calls; cached ones only when every prompt's share is known, or a ratio would mislead. */
export function tokenSums(calls: readonly Draft[]): Pick<ReportLine, 'promptTokens' | 'cachedTokens' | 'completionTokens'> {
  const sums: { promptTokens: number | null; cachedTokens: number | null; completionTokens: number | null } = { promptTokens: null, cachedTokens: null, completionTokens: null };
  let isCacheKnown = true;
  for (const { span } of calls) {
    if (span.llm === null) continue;
    const { promptTokens, cachedTokens, completionTokens } = span.llm;
    if (promptTokens !== null) {
      sums.promptTokens = (sums.promptTokens ?? 0) + promptTokens;
      if (cachedTokens === null) isCacheKnown = false;
      else sums.cachedTokens = (sums.cachedTokens ?? 0) + cachedTokens;
    }
    if (completionTokens !== null) sums.completionTokens = (sums.completionTokens ?? 0) + completionTokens;
  }
  return isCacheKnown ? sums : { ...sums, cachedTokens: null };
}

/**
 * Tools by name, the longest first. Parts inside a tool are not listed beside it, but the idle time blamed on them is
 * in the tool's row. `above`: the tool that each is a part of; those of an agent that a tool runs are not parts, but that agent's.
 */
export function toolTable(tools: readonly Draft[], above: Above, energy: EnergyUse): ReportTool[] {
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
export function sumBlame(drafts: readonly Draft[], blame: BlameByDraft): Blame {
  const sum: Blame = { idleMs: 0, idleWh: 0 };
  for (const draft of drafts) {
    const each = blame.get(draft);
    if (each === undefined) continue;
    sum.idleMs += each.idleMs;
    sum.idleWh = sum.idleWh === null || each.idleWh === null ? null : sum.idleWh + each.idleWh;
  }
  return sum;
}

export function totalTime(drafts: readonly Draft[]): number {
  return tidy(drafts.reduce((sum, draft) => sum + (draft.end - draft.start), 0));
}

/** Time in which at least one of them went on. */
export function unionTime(drafts: readonly Draft[]): number {
  let total = 0;
  let until = -Infinity;
  for (const { start, end } of inOrderOfStart(drafts)) {
    if (end <= until) continue;
    total += end - Math.max(start, until);
    until = end;
  }
  return tidy(total);
}

function inOrderOfStart(drafts: readonly Draft[]): readonly Draft[] {
  for (let k = 1; k < drafts.length; k++) if ((drafts[k - 1] as Draft).start > (drafts[k] as Draft).start) return [...drafts].sort((a, b) => a.start - b.start);
  return drafts;
}

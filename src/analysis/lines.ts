/**
 * The table by source line: what happens on each line itself, and what it leads to.
 *
 * A helper that makes all of an agent's calls must not swallow the answer to who caused them: every line in the chain of the
 * user's frames has its share.
 */
import type { InclusiveCost, ReportLine } from '../profile/report.ts';
import type { Site } from '../profile/recordingFormat.ts';
import type { Draft } from './drafts.ts';
import type { Above } from './draftTree.ts';
import type { EnergyUse } from './energy.ts';
import { ascending, percentile, sumKnown, tidy, weakestEvidence } from './statistics.ts';
import { sumBlame, tokenSums, totalTime, unionTime } from './tables.ts';

interface LineGroup {
  site: Site;
  /** With the line innermost. */
  calls: Draft[];
  tools: Draft[];
  /** Tools inside those, on whatever line: their time is the outer tool's, their blame is added. */
  parts: Set<Draft>;
  /** With the line anywhere in the chain. */
  allCalls: Draft[];
  allTools: Draft[];
  /** Tools inside those of `allTools`: their blame is added. */
  allParts: Set<Draft>;
}

/** Lines with calls of their own first, the longest first; then those that lead to calls. Unattributed calls are on no line. */
export function lineTable(calls: readonly Draft[], tools: readonly Draft[], above: Above, energy: EnergyUse): ReportLine[] {
  const groups = new Map<string, LineGroup>();
  const groupAt = (site: Site): LineGroup => {
    const key = `${site.line}:${site.file}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { site, calls: [], tools: [], parts: new Set(), allCalls: [], allTools: [], allParts: new Set() };
      groups.set(key, group);
    }
    return group;
  };
  /** Spans that came the same way have one list of frames: innermost first, none for those without frames. */
  const ways = new Map<readonly Site[], LineGroup[]>();
  const groupsOf = (draft: Draft): LineGroup[] => {
    let way = ways.get(draft.span.frames);
    if (way === undefined) ways.set(draft.span.frames, (way = linesOf(draft).map(groupAt)));
    return way;
  };
  for (const call of calls) {
    const way = groupsOf(call);
    way[0]?.calls.push(call);
    for (const group of way) group.allCalls.push(call);
  }
  for (const tool of tools) {
    const way = groupsOf(tool);
    const [own] = way;
    if (own === undefined) continue;
    if (isPart(tool, own.site, above, isOn)) own.parts.add(tool);
    else own.tools.push(tool);
    for (const group of way) {
      if (isPart(tool, group.site, above, leadsThrough)) group.allParts.add(tool);
      else group.allTools.push(tool);
    }
  }
  // What the GPU idled for behind a tool is behind what runs inside it as well, wherever that is written.
  for (const tool of tools) {
    for (let outer = above(tool); outer !== undefined; outer = above(outer)) {
      const way = groupsOf(outer);
      const [own] = way;
      if (own === undefined) continue;
      if (!isOn(tool, own.site)) own.parts.add(tool);
      for (const group of way) if (!leadsThrough(tool, group.site)) group.allParts.add(tool);
    }
  }
  return [...groups.values()]
    .filter(({ allCalls, allTools }) => allCalls.length + allTools.length > 0)
    .map((group) => lineOf(group, energy))
    .sort(compareLines);
}

function compareLines(a: ReportLine, b: ReportLine): number {
  return (
    Number(b.calls > 0) - Number(a.calls > 0) ||
    b.llmMs + b.toolMs - (a.llmMs + a.toolMs) ||
    b.inclusive.wallMs - a.inclusive.wallMs ||
    (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line)
  );
}

/** The lines of a span's chain, innermost first; one that a recursion comes through again counts once. */
function linesOf({ span }: Draft): Site[] {
  return span.frames.filter((frame, index) => span.frames.findIndex((each) => sameLine(each, frame)) === index);
}

function sameLine(a: Site | null, b: Site): boolean {
  return a !== null && a.line === b.line && a.file === b.file;
}

const isOn = (tool: Draft, site: Site): boolean => sameLine(tool.span.site, site);
const leadsThrough = (tool: Draft, site: Site): boolean => tool.span.frames.some((frame) => sameLine(frame, site));

/** Whether the tool runs inside another one that the line is already counted with. */
function isPart(tool: Draft, site: Site, above: Above, counted: (outer: Draft, site: Site) => boolean): boolean {
  for (let outer = above(tool); outer !== undefined; outer = above(outer)) if (counted(outer, site)) return true;
  return false;
}

function lineOf(group: LineGroup, energy: EnergyUse): ReportLine {
  const { site, calls, tools, parts, allCalls, allTools } = group;
  const drafts = [...calls, ...tools].sort((a, b) => a.start - b.start);
  const all = [...allCalls, ...allTools];
  const blame = sumBlame([...drafts, ...parts], energy.blame);
  const durations = ascending(drafts.map((draft) => draft.end - draft.start));
  const ttft = ascending(calls.map((draft) => draft.span.llm?.ttftMs ?? null).filter((ms) => ms !== null));
  const known = drafts.length > 0 ? drafts : all;
  const counted = calls.length > 0 ? calls : allCalls;
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
    energyWh: energyOf(calls),
    grade: energy.totals.grade,
    idleBlameMs: tidy(blame.idleMs),
    idleEnergyWh: blame.idleWh,
    costUsd: costOf(calls, [...tools, ...parts], energy),
    ttftMs: { p50: percentile(ttft, 0.5), p95: percentile(ttft, 0.95) },
    inclusive: inclusiveOf(group, energy),
    evidence: weakestEvidence(known.map((draft) => draft.span.evidence)) ?? 'measured',
    tokenEvidence: weakestEvidence(counted.map((draft) => draft.span.llm?.tokenEvidence ?? null).filter((each) => each !== null)),
    spans: drafts.map((draft) => draft.span.id),
  };
}

function inclusiveOf({ allCalls: calls, allTools: tools, allParts: parts }: LineGroup, energy: EnergyUse): InclusiveCost {
  const blame = sumBlame([...calls, ...tools, ...parts], energy.blame);
  return {
    calls: calls.length + tools.length,
    llmCalls: calls.length,
    toolCalls: tools.length,
    wallMs: unionTime([...calls, ...tools]),
    llmMs: totalTime(calls),
    toolMs: totalTime(tools),
    ...tokenSums(calls),
    energyWh: energyOf(calls),
    idleBlameMs: tidy(blame.idleMs),
    idleEnergyWh: blame.idleWh,
    costUsd: costOf(calls, [...tools, ...parts], energy),
  };
}

function energyOf(calls: readonly Draft[]): number | null {
  return sumKnown(calls.map((draft) => draft.span.llm?.energyWh.active ?? null));
}

/** What the calls cost, and the idle GPU behind the tools. */
function costOf(calls: readonly Draft[], tools: readonly Draft[], energy: EnergyUse): number | null {
  const idleUsd = energy.usdPerMs === null || tools.length === 0 ? null : sumBlame(tools, energy.blame).idleMs * energy.usdPerMs;
  return sumKnown([...calls.map((draft) => draft.span.llm?.costUsd ?? null), idleUsd]);
}

/** Who caused the calls of a line: its callers, and theirs, as far out as they differ. */
import type { Site } from '../profile/recordingFormat.ts';
import type { Report, ReportLine, ReportSpan } from '../profile/report.ts';
import { spanTableOf } from './spanTable.ts';
import { sumKnown, tidy } from './statistics.ts';

/** A line further out, with what came through it. */
export interface CallerCost {
  site: Site;
  calls: number;
  timeMs: number;
  promptTokens: number | null;
  completionTokens: number | null;
  energyWh: number | null;
  idleEnergyWh: number | null;
  callers: CallerCost[];
}

/**
 * The callers of a line's calls, the costliest first. Lines that all of the calls come through say nothing and are left out:
 * the tree begins, and goes on, where the calls come from several places. Empty when they all come the same way.
 */
export function callersOf(report: Report, line: ReportLine): CallerCost[] {
  const table = spanTableOf(report);
  return branches(Array.from(table.numbersOf(line), (number) => table.at(number)).map((span) => ({ span, outer: span.frames.slice(1) })));
}

interface Chain {
  span: ReportSpan;
  /** Frames not yet looked at, innermost first. */
  outer: Site[];
}

function branches(chains: readonly Chain[]): CallerCost[] {
  let rest = chains;
  for (;;) {
    const byCaller = new Map<string, Chain[]>();
    for (const chain of rest) {
      const [next] = chain.outer;
      if (next === undefined) continue;
      const key = `${next.line}:${next.file}`;
      const group = byCaller.get(key);
      if (group === undefined) byCaller.set(key, [chain]);
      else group.push(chain);
    }
    const groups = [...byCaller.values()];
    if (groups.length === 0) return [];
    const [only] = groups;
    if (groups.length === 1 && only?.length === rest.length) {
      rest = only.map(({ span, outer }) => ({ span, outer: outer.slice(1) }));
      continue;
    }
    return groups.map(costOf).sort((a, b) => b.timeMs - a.timeMs || a.site.line - b.site.line);
  }
}

function costOf(chains: readonly Chain[]): CallerCost {
  const spans = chains.map(({ span }) => span);
  return {
    site: chains[0]!.outer[0]!,
    calls: spans.length,
    timeMs: tidy(spans.reduce((sum, span) => sum + ((span.endMs ?? span.startMs) - span.startMs), 0)),
    promptTokens: sumKnown(spans.map((span) => span.llm?.promptTokens ?? null)),
    completionTokens: sumKnown(spans.map((span) => span.llm?.completionTokens ?? null)),
    energyWh: sumKnown(spans.map((span) => span.llm?.energyWh.active ?? null)),
    idleEnergyWh: sumKnown(spans.map((span) => span.tool?.idleEnergyWh ?? null)),
    callers: branches(chains.map(({ span, outer }) => ({ span, outer: outer.slice(1) }))),
  };
}

/** Ids of the calls and tools that a line leads to: those with it anywhere in their chain. */
export function spansThrough(report: Report, file: string, line: number): string[] {
  const table = spanTableOf(report);
  /** Spans that came the same way have one list of frames. */
  const known = new Map<readonly Site[], boolean>();
  const ids: string[] = [];
  for (let number = 0; number < table.length; number++) {
    const { kind, frames } = table.formOf(number);
    if (kind !== 'llm' && kind !== 'tool') continue;
    let isThrough = known.get(frames);
    if (isThrough === undefined) known.set(frames, (isThrough = frames.some((frame) => frame.line === line && frame.file === file)));
    if (isThrough) ids.push(table.idOf(number));
  }
  return ids;
}

/** The table of the program's own functions: what it did between its calls. */
import type { Activity } from '../profile/recordingFormat.ts';
import type { ReportFunction } from '../profile/report.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { Draft } from './drafts.ts';
import type { Above, Drafts } from './draftTree.ts';
import type { EnergyUse } from './energy.ts';
import { groupBy, keyBySite } from './grouping.ts';
import { ascending, percentile, tidy, weakestEvidence } from './statistics.ts';
import { sumBlame, totalTime, unionTime } from './tables.ts';

/** Functions shorter than this in all are not worth a row. */
const SHORTEST: Milliseconds = 5;

/** Functions that took less of a run, themselves, are left out where there is little room. */
export const LEAST_SHOWN_SHARE = 0.005;

/** `functions`: spans of the program's own that are no tools. `all`: of the run, tools and calls among them. `above`: the nearest tool around each span. */
export function functionTable(functions: readonly Draft[], all: readonly Draft[], above: Above, energy: EnergyUse, drafts: Drafts): ReportFunction[] {
  const shown = functions.filter((draft) => above(draft) === undefined);
  const isShown = drafts.membersOf(shown);
  /** Directly inside each of those, by its place. */
  const inner: Draft[][] = new Array<Draft[]>(drafts.size);
  for (const draft of all) {
    const outer = drafts.outerOf(draft);
    if (outer !== null && isShown[outer.index] === 1) (inner[outer.index] ??= []).push(draft);
  }
  const keyOf = keyBySite((pid, site) => `${pid}\n${site?.file}\n${site?.line}\n${site?.function}`);
  const rows: ReportFunction[] = [];
  for (const runs of groupBy(shown, ({ span }) => keyOf(span)).values()) {
    const [first] = runs;
    if (first === undefined) continue;
    const durations = ascending(runs.map(({ start, end }) => end - start));
    const totalMs = totalTime(outermost(runs, drafts));
    if (totalMs < SHORTEST) continue;
    const own = runs.map((run) => run.end - run.start - unionTime(inner[run.index] ?? []));
    const blame = sumBlame(runs, energy.blame);
    rows.push({
      name: first.span.name,
      site: first.span.site,
      calls: runs.length,
      errors: runs.filter(({ span }) => span.status === 'error').length,
      totalMs,
      selfMs: tidy(Math.max(0, own.reduce((sum, ms) => sum + ms, 0))),
      meanMs: tidy(durations.reduce((sum, ms) => sum + ms, 0) / durations.length),
      p50Ms: percentile(durations, 0.5),
      p95Ms: percentile(durations, 0.95),
      activity: mostOf(runs),
      idleBlameMs: tidy(blame.idleMs),
      idleEnergyWh: blame.idleWh,
      evidence: weakestEvidence(runs.map(({ span }) => span.evidence)) ?? 'measured',
      spans: runs.map(({ span }) => span.id),
    });
  }
  return rows.sort((a, b) => b.selfMs - a.selfMs || b.totalMs - a.totalMs || (a.name < b.name ? -1 : 1));
}

/** Of the runs of a function those in which it was not called by itself. */
function outermost(runs: readonly Draft[], drafts: Drafts): readonly Draft[] {
  if (runs.length === 1) return runs;
  const all = new Set(runs);
  return runs.filter((run) => {
    for (let outer = drafts.outerOf(run); outer !== null; outer = drafts.outerOf(outer)) if (all.has(outer)) return false;
    return true;
  });
}

function mostOf(runs: readonly Draft[]): Activity | null {
  const times = new Map<Activity | null, Milliseconds>();
  for (const { span, start, end } of runs) times.set(span.activity, (times.get(span.activity) ?? 0) + end - start);
  // Where it is not known of the most, nothing is what it mostly did.
  return [...times].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}

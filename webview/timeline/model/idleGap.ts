/** Why the GPU stood idle in one gap: what the agent did meanwhile, what that cost, and how often the same line did it. Pure. */
import { stretchBand } from '../../../src/analysis/energyError.ts';
import { MS_PER_HOUR } from '../../../src/analysis/money.ts';
import { wattHours, type Milliseconds, type UsDollars, type WattHours } from '../../../src/profile/units.ts';
import type { Evidence, Site } from '../../../src/profile/recordingFormat.ts';
import type { Grade, GpuSegment, Report, ReportSpan } from '../../../src/profile/report.ts';
import type { GpuTrack } from './gpuTrack.ts';
import type { GpuPartTrack, TimelineModel } from './timelineModel.ts';

/** What one or more gaps took. Energy and money are null where power and price are not known. */
export interface IdleCost {
  ms: Milliseconds;
  energyWh: WattHours | null;
  usd: UsDollars | null;
}

export interface IdleGap {
  start: Milliseconds;
  end: Milliseconds;
  cost: IdleCost;
  grade: Grade | null;
  evidence: Evidence | null;
  /** Whose gap it is, where there are several servers or GPUs; null: of all. */
  part: string | null;
  /** Of the gap's energy; null where it is not known. */
  band: [number, number] | null;
  /** What the agent was waiting for, the longest first; a null span is time in which nothing of it was seen. */
  doing: { span: ReportSpan | null; ms: Milliseconds }[];
  /** All gaps of the run behind the line of the longest, this one included; null where that has no line. */
  sameLine: { site: Site; gaps: number; cost: IdleCost } | null;
  /** Of the run's idle time, the part that is this gap. */
  shareOfIdle: number | null;
  findings: Report['findings'];
}

class Sum {
  ms = 0;
  private wh: number | null = 0;

  add(segment: GpuSegment): void {
    const length = segment.endMs - segment.startMs;
    this.ms += length;
    this.wh = this.wh === null || segment.watts === null ? null : this.wh + wattHours(segment.watts, length);
  }

  cost(usdPerHour: UsDollars | null): IdleCost {
    return { ms: this.ms, energyWh: this.wh, usd: usdPerHour === null ? null : (usdPerHour * this.ms) / MS_PER_HOUR };
  }
}

/**
 * The gap around `time`, or null where the GPU is not known to be idle then.
 * @param part of one server or GPU; null: of all of them
 */
export function idleGapAt(model: TimelineModel, time: Milliseconds, part: GpuPartTrack | null = null): IdleGap | null {
  const { head } = model;
  const gpu = part?.track ?? model.gpu;
  const middle = gpu.power.stepAt(time);
  if (head === null || gpu.segments[middle]?.state !== 'idle') return null;
  let first = middle;
  while (gpu.segments[first - 1]?.state === 'idle') first--;
  const sum = new Sum();
  const doing = new Map<string | null, Milliseconds>();
  let end = time;
  for (let i = first; gpu.segments[i]?.state === 'idle'; i++) {
    const segment = gpu.segments[i] as GpuSegment;
    sum.add(segment);
    end = segment.endMs;
    const known = segment.blamedOn === null || model.span(segment.blamedOn) === null ? null : segment.blamedOn;
    doing.set(known, (doing.get(known) ?? 0) + segment.endMs - segment.startMs);
  }
  // The price is of all GPUs together.
  const usdPerHour = part === null ? (head.accounting.gpuUsdPerHour ?? null) : null;
  const cost = sum.cost(usdPerHour);
  const { grade, resolutionMs = null } = part === null ? head.totals.energyWh : part.head;
  const ordered = [...doing].map(([id, ms]) => ({ span: id === null ? null : model.span(id), ms })).sort((a, b) => b.ms - a.ms);
  const main = ordered.find(({ span }) => span !== null)?.span ?? null;
  const site = main?.site ?? null;
  const idle = part === null ? head.totals.gpuMs.idle : gpu.segments.reduce((ms, segment) => ms + (segment.state === 'idle' ? segment.endMs - segment.startMs : 0), 0);
  return {
    start: gpu.segments[first]?.startMs ?? time,
    end,
    cost,
    grade: cost.energyWh === null ? null : grade,
    evidence: part === null ? head.totals.gpuEvidence : part.head.evidence,
    part: part?.head.name ?? null,
    band: stretchBand(cost.energyWh, grade, cost.ms, resolutionMs),
    doing: ordered,
    sameLine: site === null ? null : { site, ...gapsBehind(model, gpu, site, usdPerHour) },
    shareOfIdle: idle !== null && idle > 0 ? Math.min(1, cost.ms / idle) : null,
    findings: head.findings.filter((finding) => (main !== null && finding.spans.includes(main.id)) || (site !== null && sameLine(finding.site, site))),
  };
}

function sameLine(a: Site | null, b: Site): boolean {
  return a !== null && a.file === b.file && a.line === b.line;
}

/** Every stretch of idle time that was spent waiting for spans of one line; those that touch are one gap. */
function gapsBehind(model: TimelineModel, gpu: GpuTrack, site: Site, usdPerHour: UsDollars | null): { gaps: number; cost: IdleCost } {
  const sum = new Sum();
  const behind = new Map<string, boolean>();
  let gaps = 0;
  let lastEnd = -1;
  for (const segment of gpu.segments) {
    if (segment.state !== 'idle' || segment.blamedOn === null) continue;
    let here = behind.get(segment.blamedOn);
    if (here === undefined) {
      here = sameLine(model.span(segment.blamedOn)?.site ?? null, site);
      behind.set(segment.blamedOn, here);
    }
    if (!here) continue;
    sum.add(segment);
    if (segment.startMs > lastEnd) gaps++;
    lastEnd = segment.endMs;
  }
  return { gaps, cost: sum.cost(usdPerHour) };
}

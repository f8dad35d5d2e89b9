/**
 * A run for speedscope (https://www.speedscope.app/file-format-schema.json): lanes of nested spans in order of time, the GPU's
 * states, and for each kind of cost the call stacks that it came of.
 */
import { costStacks, costWeights, type CostWeight, type StackFrame } from './costStacks.ts';
import { exportedSpans, type ExportedSpan } from './exportedSpans.ts';
import { phaseBounds } from './phaseBounds.ts';
import type { GpuSegment, Report } from './report.ts';
import { spanLanes } from './spanLanes.ts';
import type { Milliseconds } from './units.ts';
import { visibleText } from './visibleText.ts';

const SCHEMA = 'https://www.speedscope.app/file-format-schema.json';

type Event = { type: 'O' | 'C'; frame: number; at: Milliseconds };
type Profile =
  | { type: 'evented'; name: string; unit: 'milliseconds'; startValue: number; endValue: number; events: Event[] }
  | { type: 'sampled'; name: string; unit: 'microseconds' | 'none'; startValue: number; endValue: number; samples: number[][]; weights: number[] };

const STACK_PROFILES: Readonly<Record<CostWeight, { name: string; unit: 'microseconds' | 'none' }>> = {
  time: { name: 'time by line', unit: 'microseconds' },
  tokens: { name: 'tokens by line', unit: 'none' },
  energy: { name: 'energy by line, in µJ', unit: 'none' },
  money: { name: 'money by line, in n$', unit: 'none' },
};

/** The JSON text of a speedscope file. Takes a `TimelineDocument`. */
export function toSpeedscopeJson(document: { report: Report; gpu: readonly GpuSegment[] }, exporter: string): string {
  const { report, gpu } = document;
  const frames = new Frames();
  const label = report.backend.simulated ? ' (simulated)' : '';
  const lanes = spanLanes(exportedSpans(report));
  const profiles: Profile[] = [
    ...lanes.map((lane, index) => evented(lanes.length === 1 ? 'agent' : `agent, lane ${index + 1}`, report.totals.wallMs, laneEvents(lane, frames))),
    ...(gpu.some(({ state }) => state !== 'idle') ? [evented(`GPU${label}`, report.totals.wallMs, gpuEvents(gpu, frames))] : []),
    ...costWeights.flatMap((weight) => {
      const stacks = costStacks(report, weight);
      if (stacks.length === 0) return [];
      const { name, unit } = STACK_PROFILES[weight];
      const weights = stacks.map((stack) => stack.weight);
      const samples = stacks.map((stack) => stack.frames.map((frame) => frames.indexOf(frame)));
      return [{ type: 'sampled' as const, name: weight === 'energy' || weight === 'money' ? name + label : name, unit, startValue: 0, endValue: weights.reduce((sum, each) => sum + each, 0), samples, weights }];
    }),
  ];
  return JSON.stringify({ $schema: SCHEMA, name: visibleText(report.run.name), exporter, activeProfileIndex: 0, shared: { frames: frames.all }, profiles });
}

/** Frames, each once. */
class Frames {
  readonly all: { name: string; file?: string; line?: number; col?: number }[] = [];
  readonly #indices = new Map<string, number>();

  indexOf({ name, site }: StackFrame): number {
    const key = JSON.stringify([name, site?.file, site?.line, site?.column]);
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    const place = site === null ? {} : { file: visibleText(site.file, 1000), line: site.line, ...(site.column === null ? {} : { col: site.column }) };
    this.#indices.set(key, this.all.length);
    return this.all.push({ name, ...place }) - 1;
  }
}

function evented(name: string, endValue: number, events: Event[]): Profile {
  return { type: 'evented', name, unit: 'milliseconds', startValue: 0, endValue, events };
}

function laneEvents(lane: readonly ExportedSpan[], frames: Frames): Event[] {
  const events: Event[] = [];
  const open: { frame: number; endMs: Milliseconds }[] = [];
  const closeUntil = (time: Milliseconds): void => {
    for (let top = open.at(-1); top !== undefined && top.endMs <= time; top = open.at(-1)) {
      open.pop();
      events.push({ type: 'C', frame: top.frame, at: top.endMs });
    }
  };
  const add = (frame: number, startMs: Milliseconds, endMs: Milliseconds): void => {
    closeUntil(startMs);
    events.push({ type: 'O', frame, at: startMs });
    open.push({ frame, endMs });
  };
  const leading = new Set(lane.map(({ parent }) => parent));
  for (const each of lane) {
    const { span, startMs, endMs } = each;
    add(frames.indexOf({ name: visibleText(span.kind === 'llm' || span.kind === 'tool' ? `${span.kind} ${span.name}` : span.name), site: span.site }), startMs, endMs);
    // What was measured inside of a call tells more than its phases, and may lie across them.
    if (span.llm === null || leading.has(each)) continue;
    for (const bound of phaseBounds(span.llm, startMs, endMs)) add(frames.indexOf({ name: bound.phase, site: null }), bound.startMs, bound.endMs);
  }
  closeUntil(Infinity);
  return events;
}

function gpuEvents(gpu: readonly GpuSegment[], frames: Frames): Event[] {
  return gpu.flatMap(({ state, startMs, endMs }): Event[] => {
    if (state === 'idle') return [];
    const frame = frames.indexOf({ name: `GPU ${state}`, site: null });
    return [
      { type: 'O', frame, at: startMs },
      { type: 'C', frame, at: endMs },
    ];
  });
}

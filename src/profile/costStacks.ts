/**
 * Costs by call stack, for flame graphs: the user's frames from the outermost in, and below them what the cost was of.
 *
 * Time is that of each model call, tool and function without what was seen to run inside of it; what ran at once counts as often
 * as it ran, so that a sum can be more than the run's length. Costs that are not known are left out.
 */
import { exportedSpans, type ExportedSpan } from './exportedSpans.ts';
import { phaseBounds } from './phaseBounds.ts';
import type { Site } from './recordingFormat.ts';
import type { Report } from './report.ts';
import { visibleText } from './visibleText.ts';

export const costWeights = ['time', 'tokens', 'energy', 'money'] as const;
export type CostWeight = (typeof costWeights)[number];

/** Whole numbers are what readers of folded stacks expect: the unit is so small that rounding to it loses nothing that is known. */
export const WEIGHT_UNITS: Readonly<Record<CostWeight, { unit: string; perUnit: number }>> = {
  /** From milliseconds. */
  time: { unit: 'µs', perUnit: 1e3 },
  tokens: { unit: 'tokens', perUnit: 1 },
  /** From watt-hours: 3600 J each. */
  energy: { unit: 'µJ', perUnit: 3600e6 },
  /** From US dollars. */
  money: { unit: 'n$', perUnit: 1e9 },
};

export interface StackFrame {
  name: string;
  /** Null for what is no line of the user's. */
  site: Site | null;
}

export interface CostStack {
  /** The outermost first. */
  frames: StackFrame[];
  /** In the weight's unit, a whole number above 0. */
  weight: number;
}

/** One stack for each cost of each span. */
export function costStacks(report: Report, weight: CostWeight): CostStack[] {
  const spans = exportedSpans(report);
  const inside = new Map<ExportedSpan, ExportedSpan[]>();
  for (const span of spans) {
    if (span.parent === null) continue;
    const children = inside.get(span.parent);
    if (children === undefined) inside.set(span.parent, [span]);
    else children.push(span);
  }
  const { perUnit } = WEIGHT_UNITS[weight];
  return spans.flatMap((each) => {
    const { kind, name, frames } = each.span;
    // Agents and steps are what calls belong to, not what costs.
    if (kind === 'agent' || kind === 'step') return [];
    const outer = frames.toReversed().map(frameOf);
    const last = outer.at(-1);
    const what = kind === 'llm' || kind === 'tool' || last === undefined ? [{ name: `${kind === 'other' ? '' : `${kind} `}${visibleText(name)}`, site: null }] : [];
    return costsOf(each, inside.get(each) ?? [], weight).flatMap(({ part, amount }) => {
      const units = Math.round(amount * perUnit);
      return units > 0 ? [{ frames: [...outer, ...what, ...(part === null ? [] : [{ name: part, site: null }])], weight: units }] : [];
    });
  });
}

/** `think agent.ts:57`. */
function frameOf(site: Site): StackFrame {
  return { name: visibleText(`${site.function ?? '(anonymous)'} ${site.file.split(/[\\/]/).at(-1) ?? ''}:${site.line}`), site };
}

interface Cost {
  /** Of a model call: what of it. */
  part: string | null;
  /** Milliseconds, tokens, watt-hours or US dollars. */
  amount: number;
}

function costsOf(each: ExportedSpan, inside: readonly ExportedSpan[], weight: CostWeight): Cost[] {
  const { llm, tool } = each.span;
  switch (weight) {
    case 'time':
      return llm === null ? [{ part: null, amount: alone(each, inside) }] : callTimes(each);
    case 'tokens': {
      const prompt = llm?.promptTokens ?? null;
      const cached = Math.min(llm?.cachedTokens ?? 0, prompt ?? 0);
      return [
        { part: 'prompt', amount: (prompt ?? 0) - cached },
        { part: 'prompt, cached', amount: cached },
        { part: 'answer', amount: llm?.completionTokens ?? 0 },
      ];
    }
    case 'energy':
      return [
        { part: null, amount: llm?.energyWh.active ?? 0 },
        { part: 'GPU idle', amount: tool?.idleEnergyWh ?? 0 },
      ];
    case 'money':
      return [{ part: null, amount: llm?.costUsd ?? 0 }];
  }
}

/** A call's phases, as far as they are known, and what is left of it. */
function callTimes({ span, startMs, endMs }: ExportedSpan): Cost[] {
  const phases: Cost[] = span.llm === null ? [] : phaseBounds(span.llm, startMs, endMs).map((bound) => ({ part: bound.phase, amount: bound.endMs - bound.startMs }));
  const rest = endMs - startMs - phases.reduce((sum, { amount }) => sum + amount, 0);
  return [...phases, { part: null, amount: rest }];
}

/** A span's time without that in which anything inside of it ran. */
function alone({ startMs, endMs }: ExportedSpan, inside: readonly ExportedSpan[]): number {
  let covered = 0;
  let until = startMs;
  // In order of start, as all spans are.
  for (const child of inside) {
    const from = Math.max(child.startMs, until);
    const to = Math.min(child.endMs, endMs);
    if (to <= from) continue;
    covered += to - from;
    until = to;
  }
  return endMs - startMs - covered;
}

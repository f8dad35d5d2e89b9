/** What is inside of a request, an agent, a step or a tool that calls models: calls, tools, tokens, energy and money. Pure. */
import { sumKnown } from '../../../src/analysis/statistics.ts';
import type { Milliseconds, UsDollars, WattHours } from '../../../src/profile/units.ts';
import type { Grade, ReportSpan } from '../../../src/profile/report.ts';
import { agentTimeIn, tokensIn, type RegionSums } from './region.ts';
import type { TimelineModel } from './timelineModel.ts';

/** More are not summed up for one look at a span. */
export const MOST_SUMMED = 50_000;

export interface InsideSums extends Pick<RegionSums, 'llmCalls' | 'toolCalls' | 'failed' | 'agentMs' | 'promptTokens' | 'cachedTokens' | 'completionTokens' | 'tokenEvidence'> {
  /** The calls' own; null where none is known. */
  activeWh: WattHours | null;
  /** The weakest of the calls'. */
  grade: Grade | null;
  /** How long the GPU stood idle while tools in there were waited for, and what it drew meanwhile. */
  idleMs: Milliseconds | null;
  idleWh: WattHours | null;
  /** What the calls are charged. */
  callsUsd: UsDollars | null;
}

const GRADES: readonly Grade[] = ['counter', 'integrated', 'model', 'simulated'];

/** Null where nothing is inside, or in what is no agent's only parts of a tool; `tooMany` where it is more than is summed up. */
export function sumInside(model: TimelineModel, span: ReportSpan): InsideSums | 'tooMany' | null {
  const inside = callsInside(model, model.numberOf(span.id));
  if (inside === null) return 'tooMany';
  const spansOf = (numbers: readonly number[]): ReportSpan[] => numbers.map((number) => model.spanAt(number)).filter((each) => each !== null);
  const calls = spansOf(inside.calls);
  const tools = spansOf(inside.tools);
  const isAgents = span.kind === 'agent' || span.kind === 'step';
  if (calls.length === 0 && (tools.length === 0 || !isAgents)) return null;
  const grades = calls.map(({ llm }) => GRADES.indexOf(llm?.energyWh.grade ?? 'counter'));
  const activeWh = sumKnown(calls.map(({ llm }) => llm?.energyWh.active ?? null));
  return {
    llmCalls: calls.length,
    toolCalls: inside.outermost,
    failed: [...calls, ...tools].filter(({ status }) => status === 'error').length,
    agentMs: agentTimeIn(model, calls, tools, { start: model.startOf(span), end: model.endOf(span) }),
    // Whole calls, also where clocks have one reach beyond.
    ...tokensIn(model, calls, { start: 0, end: model.wallMs }),
    activeWh,
    grade: activeWh === null ? null : (GRADES[Math.max(...grades)] ?? null),
    idleMs: sumKnown(tools.map(({ tool }) => tool?.idleBlameMs ?? null)),
    idleWh: sumKnown(tools.map(({ tool }) => tool?.idleEnergyWh ?? null)),
    callsUsd: sumKnown(calls.map(({ llm }) => llm?.costUsd ?? null)),
  };
}

/** Numbers of the model calls and tools inside of a span, and how many of the tools are in no other one of these; null for too many. */
function callsInside(model: TimelineModel, outer: number): { calls: number[]; tools: number[]; outermost: number } | null {
  const isInside = insideIndex(model, outer);
  const calls: number[] = [];
  const tools: number[] = [];
  for (let number = 0; number < model.spanCount; number++) {
    if (!model.has(number) || !isInside(number)) continue;
    const lane = model.placeOf(number)?.lane;
    if (lane === 'llm') calls.push(number);
    else if (lane === 'tool') tools.push(number);
    if (calls.length + tools.length > MOST_SUMMED) return null;
  }
  const among = new Set(tools);
  const isInTool = (number: number): boolean => {
    for (let at = model.parentOf(number); at >= 0 && at !== outer; at = model.parentOf(at)) if (among.has(at)) return true;
    return false;
  };
  return { calls, tools, outermost: tools.filter((number) => !isInTool(number)).length };
}

const [UNKNOWN, INSIDE, OUTSIDE] = [0, 1, 2];

/** Tells of any span whether it is inside another, each looked at once. Parents in a circle are inside of nothing. */
function insideIndex(model: TimelineModel, outer: number): (number: number) => boolean {
  const known = new Uint8Array(model.spanCount);
  return (number) => {
    const path: number[] = [];
    let answer = OUTSIDE;
    for (let at = number; ; at = model.parentOf(at)) {
      if (at < 0) break;
      if (at === outer) {
        answer = number === outer ? OUTSIDE : INSIDE;
        break;
      }
      const before = known[at] ?? UNKNOWN;
      if (before !== UNKNOWN) {
        answer = before;
        break;
      }
      // As long as it is looked at, a way that comes back here is a circle.
      known[at] = OUTSIDE;
      path.push(at);
    }
    for (const at of path) known[at] = answer;
    return answer === INSIDE;
  };
}

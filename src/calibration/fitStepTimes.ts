/**
 * The constants of a step's time (`stepMs` in `src/profile/stepTimes.ts`) from the times of loads, by least squares of relative
 * errors with no constant below what the hardware can do, or 0, and how far off the outcome is.
 */
import { ascending, percentile } from '../analysis/statistics.ts';
import { stepMs, type StepTimes } from '../profile/stepTimes.ts';
import type { Milliseconds, Ratio } from '../profile/units.ts';
import type { LadderPoint } from './ladder.ts';

export interface StepFit {
  step: StepTimes;
  /** Relative errors, without sign. `leftOut`: of each point when the fit did not know it. */
  error: { points: number; median: Ratio; p90: Ratio; leftOutMedian: Ratio };
}

/** The loads do not tell the constants apart; the message says what is missing. */
export class TooFewPointsError extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'TooFewPointsError';
  }
}

const LEAST_PREFILLS = 3;
const LEAST_DECODES = 3;
const SWEEPS = 1000;

const NAMES = ['tokenMs', 'tokenPairMs', 'weightsMs', 'prefillLeastMs', 'contextTokenMs', 'sequenceMs', 'requestMs'] as const;
type Name = (typeof NAMES)[number];

/** What the hardware cannot do faster; 0 where it is not known. */
export type Floors = Pick<StepTimes, 'tokenMs' | 'weightsMs'>;
const NO_FLOORS: Floors = { tokenMs: 0, weightsMs: 0 };

/** What `point` takes by these constants. A prompt's first token also takes what the request does. */
export function predictedMs(step: StepTimes, point: LadderPoint): Milliseconds {
  if (point.kind === 'prefill') return step.requestMs + stepMs(step, [{ newTokens: point.promptTokens, contextTokens: point.promptTokens, prefill: true }]);
  return stepMs(step, Array.from({ length: point.sequences }, () => ({ newTokens: 1, contextTokens: point.contextTokens, prefill: false })));
}

/** @throws TooFewPointsError */
export function fitStepTimes(points: readonly LadderPoint[], floors: Floors = NO_FLOORS): StepFit {
  const prefills = new Set(points.flatMap((point) => (point.kind === 'prefill' ? point.promptTokens : [])));
  const decodes = new Set(points.flatMap((point) => (point.kind === 'decode' ? `${point.sequences}/${Math.round(point.contextTokens)}` : [])));
  if (prefills.size < LEAST_PREFILLS) throw new TooFewPointsError(`Prompts of at least ${LEAST_PREFILLS} lengths must be timed, and there are ${prefills.size}: give it more time (--minutes).`);
  if (decodes.size < LEAST_DECODES) throw new TooFewPointsError(`Answers must be timed at ${LEAST_DECODES} or more loads, and there are ${decodes.size}: give it more time (--minutes).`);
  const step = fit(points, floors);
  const errors = ascending(points.map((point) => relativeError(step, point)));
  const leftOut = ascending(points.map((point) => relativeError(fit(points.filter((other) => other !== point), floors), point)));
  return { step, error: { points: points.length, median: percentile(errors, 0.5) ?? 0, p90: percentile(errors, 0.9) ?? 0, leftOutMedian: percentile(leftOut, 0.5) ?? 0 } };
}

function relativeError(step: StepTimes, point: LadderPoint): Ratio {
  return Math.abs(predictedMs(step, point) - point.ms) / point.ms;
}

/** The larger of two times is a bend: of all places where prompts and answers may get to it, the one with the least squares. */
function fit(points: readonly LadderPoint[], floors: Floors): StepTimes {
  let best: StepTimes | null = null;
  let least = Infinity;
  for (const prompt of bends(points, 'prefill')) {
    for (const batch of bends(points, 'decode')) {
      const step = solve(points, points.map((point) => newTokens(point) >= (point.kind === 'prefill' ? prompt : batch)), floors);
      const squares = points.reduce((sum, point) => sum + relativeError(step, point) ** 2, 0);
      if (squares >= least) continue;
      least = squares;
      best = step;
    }
  }
  return best!;
}

/** Numbers of tokens of a step from which on it may be that they are computed longer than the weights are read. */
function bends(points: readonly LadderPoint[], kind: LadderPoint['kind']): number[] {
  return [...new Set(points.flatMap((point) => (point.kind === kind ? [newTokens(point)] : []))), Infinity];
}

function newTokens(point: LadderPoint): number {
  return point.kind === 'prefill' ? point.promptTokens : point.sequences;
}

/** Of each constant's factor in a point's time, relative to that time. */
function row(point: LadderPoint, isComputing: boolean): number[] {
  const tokens = newTokens(point);
  const [pairs, context, sequences, requests] = point.kind === 'prefill' ? [tokens ** 2 / 2, tokens, 1, 1] : [0, point.sequences * point.contextTokens, point.sequences, 0];
  const [reading, launching] = isComputing ? [0, 0] : point.kind === 'prefill' ? [0, 1] : [1, 0];
  return [isComputing ? tokens : 0, pairs, reading, launching, context, sequences, requests].map((factor) => factor / point.ms);
}

/** Non-negative least squares by coordinate descent: seven unknowns, some tens of points. */
function solve(points: readonly LadderPoint[], computes: readonly boolean[], floors: Floors): StepTimes {
  const rows = points.map((point, index) => row(point, computes[index] === true));
  const count = NAMES.length;
  const normal = Array.from({ length: count }, (_, a) => Array.from({ length: count }, (_, b) => rows.reduce((sum, each) => sum + each[a]! * each[b]!, 0)));
  const target = Array.from({ length: count }, (_, a) => rows.reduce((sum, each) => sum + each[a]!, 0));
  const least = NAMES.map((name) => (name === 'tokenMs' || name === 'weightsMs' ? floors[name] : 0));
  const values = [...least];
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    let moved = 0;
    for (let a = 0; a < count; a += 1) {
      const diagonal = normal[a]![a]!;
      if (diagonal === 0) continue;
      let rest = target[a]!;
      for (let b = 0; b < count; b += 1) if (b !== a) rest -= normal[a]![b]! * values[b]!;
      const value = Math.max(least[a]!, rest / diagonal);
      moved = Math.max(moved, Math.abs(value - values[a]!) * Math.sqrt(diagonal));
      values[a] = value;
    }
    if (moved < 1e-9) break;
  }
  return { ...(Object.fromEntries(NAMES.map((name, index) => [name, values[index]!])) as Record<Name, number>), overheadMs: 0, tokenLinkMs: 0, samplingMs: 0 };
}

/** Tries the loads of a ladder on a server, in rounds until the time is over, and reads its power meanwhile. */
import { ascending, percentile } from '../analysis/statistics.ts';
import { monotonicMs } from '../profiler/clock.ts';
import type { PowerReading } from '../telemetry/powerSource.ts';
import type { Milliseconds, Tokens, Watts } from '../profile/units.ts';
import { LEAST_ANSWER, type LadderPoint, type Load } from './ladder.ts';
import { timedCompletion, type CompletionTarget, type TimedCompletion } from './timedCompletion.ts';

export interface ClimbOptions {
  target: CompletionTarget;
  loads: readonly Load[];
  maxModelTokens: Tokens;
  /** Token numbers to write prompts with are below this. */
  vocabulary: number;
  /** For all of it. */
  budget: Milliseconds;
  /** Power readings so far, on the clock of `monotonicMs()`; null where none are taken. */
  power: readonly PowerReading[] | null;
  signal: AbortSignal;
  /** Told before each load, in words: what goes on for a while, and what of it now. */
  onProgress(phase: string, detail?: string): void;
}

export interface Climbed {
  /** One for each load that was timed: the median of its rounds. */
  points: LadderPoint[];
  rounds: number;
  /** Watts of all GPUs; each null where it was not read. */
  idle: Watts | null;
  prefill: Watts | null;
  /** By number of sequences, rising. */
  decode: [sequences: number, watts: Watts][];
  /** Whether prompts that no one has sent before were found in the server's cache. */
  foundCached: boolean;
  /** Loads for which there was no time, or in which requests never wrote at once. */
  left: Load[];
}

const FIRST_TOKEN = 1000;
const ROUNDS = 7;
/** Beyond the time given, until a server that answers no more is given up. */
const PATIENCE_MS: Milliseconds = 60_000;
/** A window of power begins this long after its load, and its readings are the mean of at least `LEAST_READINGS`. */
const SETTLES_MS: Milliseconds = 400;
const LEAST_READINGS = 10;
const POWER_WINDOW_MS: Milliseconds = 2500;
const IDLE_MS: Milliseconds = 4000;
/** Steps in which all requests write, at least. */
const LEAST_STEPS = 8;

/** @throws CalibrationError */
export async function climb(options: ClimbOptions): Promise<Climbed> {
  const { target, loads, signal, power } = options;
  const began = monotonicMs();
  const left = (): Milliseconds => options.budget - (monotonicMs() - began);
  const times = new Map<Load, LadderPoint[]>();
  const took = new Map<Load, Milliseconds>();
  const watts = new Map<number, Watts[]>();
  let foundCached = false;
  const late = AbortSignal.timeout(options.budget + PATIENCE_MS);
  const ask = async (promptTokens: Tokens, answerTokens: Tokens): Promise<TimedCompletion> => {
    const found = await timedCompletion(target, unusedPrompt(promptTokens, options.vocabulary), answerTokens, AbortSignal.any([signal, late]));
    if ((found.cachedTokens ?? 0) > 0) foundCached = true;
    return found;
  };
  options.onProgress('warming up');
  await Promise.all([ask(64, 8), ask(64, 8)]);
  await ask(256, 8);

  let idle: Watts | null = null;
  if (power !== null) {
    options.onProgress('idle');
    await pause(IDLE_MS, signal);
    idle = meanWatts(power, monotonicMs() - IDLE_MS + SETTLES_MS * 2, monotonicMs());
  }

  let rounds = 0;
  for (; rounds < ROUNDS; rounds += 1) {
    // The first round goes from cheap to dear, so that little time gives the lower part of the ladder.
    const order = rounds === 0 ? loads : shuffled(loads);
    let isWhole = true;
    for (const load of order) {
      const expected = took.get(load) ?? expectedOf(load, took);
      if (left() < expected) {
        isWhole = false;
        continue;
      }
      options.onProgress(`round ${rounds + 1}`, inWords(load));
      const from = monotonicMs();
      const point = await (load.kind === 'prefill' ? readPrompt(load, ask) : writeAtOnce(load, ask, answerOf(load, times.get(load), options)));
      took.set(load, monotonicMs() - from);
      if (point === null) continue;
      times.set(load, [...(times.get(load) ?? []), point.point]);
      if (load.kind === 'decode' && power !== null) {
        const found = meanWatts(power, point.from + SETTLES_MS, point.to);
        if (found !== null) watts.set(load.sequences, [...(watts.get(load.sequences) ?? []), found]);
      }
    }
    if (!isWhole && rounds > 0) break;
  }

  let prefill: Watts | null = null;
  if (power !== null) {
    const longest = loads.reduce((most, load) => (load.kind === 'prefill' && load.promptTokens <= 2048 && times.has(load) ? Math.max(most, load.promptTokens) : most), 0);
    options.onProgress(`reading prompts of ${longest} tokens without a pause`);
    const from = monotonicMs();
    const one = async (): Promise<void> => {
      while (longest > 0 && monotonicMs() - from < POWER_WINDOW_MS + SETTLES_MS) await ask(longest, 1);
    };
    await Promise.all([one(), one(), one()]);
    prefill = meanWatts(power, from + SETTLES_MS, monotonicMs() - SETTLES_MS);
  }
  const points = loads.flatMap((load) => {
    const found = times.get(load);
    return found === undefined ? [] : [{ ...found[0]!, ms: median(found.map(({ ms }) => ms)) }];
  });
  return {
    points,
    rounds,
    idle,
    prefill,
    decode: [...watts].sort(([a], [b]) => a - b).map(([sequences, found]) => [sequences, median(found)]),
    foundCached,
    left: loads.filter((load) => !times.has(load)),
  };
}

type Ask = (promptTokens: Tokens, answerTokens: Tokens) => Promise<TimedCompletion>;
interface Timed {
  point: LadderPoint;
  /** When all of it was under way. */
  from: Milliseconds;
  to: Milliseconds;
}

async function readPrompt({ promptTokens }: Extract<Load, { kind: 'prefill' }>, ask: Ask): Promise<Timed> {
  const found = await ask(promptTokens, 1);
  const first = found.pieces[0]!;
  return { point: { kind: 'prefill', promptTokens: found.promptTokens, ms: first - found.sentAt }, from: found.sentAt, to: first };
}

/** Between the first token of the last to begin and the last token of the first to end all of them write. */
async function writeAtOnce({ sequences, promptTokens }: Extract<Load, { kind: 'decode' }>, ask: Ask, answerTokens: Tokens): Promise<Timed | null> {
  const all = await Promise.all(Array.from({ length: sequences }, () => ask(promptTokens, answerTokens)));
  const from = Math.max(...all.map(({ pieces }) => pieces[0]!));
  const to = Math.min(...all.map(({ pieces }) => pieces.at(-1)!));
  const steps: number[] = [];
  const contexts: number[] = [];
  for (const { pieces, completionTokens, promptTokens: read } of all) {
    const inside = pieces.flatMap((at, index) => (at >= from && at <= to ? [index] : []));
    const [first, last] = [inside[0], inside.at(-1)];
    if (first === undefined || last === undefined || last - first < LEAST_STEPS) return null;
    // A piece may hold more than one token.
    const tokensOfPiece = completionTokens / pieces.length;
    steps.push((pieces[last]! - pieces[first]!) / ((last - first) * tokensOfPiece));
    contexts.push(read + ((first + last) / 2) * tokensOfPiece);
  }
  return { point: { kind: 'decode', sequences, contextTokens: contexts.reduce((sum, each) => sum + each, 0) / contexts.length, ms: median(steps) }, from, to };
}

/** Long enough for requests that begin one after the other to write at once, and for the power to be read. */
function answerOf({ promptTokens, sequences }: Extract<Load, { kind: 'decode' }>, before: readonly LadderPoint[] | undefined, { maxModelTokens, power }: ClimbOptions): Tokens {
  const room = maxModelTokens - promptTokens - 1;
  const known = before?.[0]?.ms;
  const forPower = power === null || known === undefined ? 0 : Math.ceil((POWER_WINDOW_MS + SETTLES_MS) / known);
  return Math.min(room, Math.max(LEAST_ANSWER + sequences * 2, forPower));
}

/** Of a load that was not tried yet: twice what the dearest so far took. */
function expectedOf(load: Load, took: ReadonlyMap<Load, Milliseconds>): Milliseconds {
  const alike = [...took].flatMap(([other, ms]) => (other.kind === load.kind ? [ms] : []));
  return alike.length === 0 ? 0 : 2 * Math.max(...alike.slice(-2));
}

/** A prompt that nobody has sent before: its first block is its own. */
function unusedPrompt(length: Tokens, vocabulary: number): number[] {
  return Array.from({ length }, () => FIRST_TOKEN + Math.floor(Math.random() * (vocabulary - FIRST_TOKEN)));
}

function meanWatts(readings: readonly PowerReading[], from: Milliseconds, to: Milliseconds): Watts | null {
  const inside = readings.flatMap(({ at, watts }) => (watts !== null && at >= from && at <= to ? [watts] : []));
  return inside.length < LEAST_READINGS ? null : inside.reduce((sum, watts) => sum + watts, 0) / inside.length;
}

function pause(ms: Milliseconds, signal: AbortSignal): Promise<void> {
  return new Promise((done, failed) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      failed(new DOMException('stopped', 'AbortError'));
    }, { once: true });
  });
}

export function inWords(load: Load): string {
  if (load.kind === 'prefill') return `a prompt of ${load.promptTokens} tokens`;
  return `${load.sequences} answer${load.sequences === 1 ? '' : 's'} at once behind ${load.promptTokens} tokens`;
}

function median(values: readonly number[]): number {
  return percentile(ascending(values), 0.5) ?? 0;
}

function shuffled<T>(values: readonly T[]): T[] {
  const result = [...values];
  for (let index = result.length - 1; index > 0; index -= 1) {
    const other = Math.floor(Math.random() * (index + 1));
    [result[index], result[other]] = [result[other]!, result[index]!];
  }
  return result;
}

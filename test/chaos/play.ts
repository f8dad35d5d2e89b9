/** Plays the rounds of one case. */
import { Random } from '../differential/random.ts';
import type { ChaosCase, Outcome, RoundOptions } from './case.ts';
import { World } from './world.ts';

export interface Played {
  name: string;
  /** Why it was not run. */
  missing: string | null;
  passed: number;
  problems: string[];
  calls: number;
  recorded: number;
  lostMs: number;
  /** What the last round told. */
  note: string;
}

interface PlayOptions {
  seed: number;
  rounds: number;
  python: string;
  options: RoundOptions;
  onRound?: (text: string) => void;
}

/** A name as a number, so that each case has a course of its own whichever others are played (FNV-1a, 32 bits). */
function numberOf(name: string): number {
  return [...name].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193) >>> 0, 0x811c9dc5);
}

export async function play(one: ChaosCase, { seed, rounds, python, options, onRound = () => undefined }: PlayOptions): Promise<Played> {
  const played: Played = { name: one.name, missing: one.missing?.() ?? null, passed: 0, problems: [], calls: 0, recorded: 0, lostMs: 0, note: '' };
  if (played.missing !== null) {
    onRound(`${one.name}: not run, ${played.missing}`);
    return played;
  }
  for (let round = 0; round < rounds; round++) {
    const outcome = await playRound(one, new Random(seed ^ numberOf(`${one.name} ${round}`)), round, python, options);
    const { problems, told, calls, failed, recorded, incomplete, lostMs } = outcome;
    if (problems.length === 0) played.passed++;
    played.problems.push(...problems);
    played.calls += calls;
    played.recorded += recorded;
    played.lostMs = Math.max(played.lostMs, lostMs);
    played.note = told;
    onRound(`${one.name} ${round + 1}: ${problems.length === 0 ? 'ok' : 'FAILED'}; ${told}; ${calls} calls, ${failed} failed, ${recorded} recorded, ${incomplete} incomplete`);
    for (const problem of problems.slice(0, 20)) onRound(`    ${problem}`);
  }
  return played;
}

async function playRound(one: ChaosCase, random: Random, round: number, python: string, options: RoundOptions): Promise<Outcome> {
  const world = new World(python);
  try {
    return await one.round(world, random, round, options);
  } catch (error) {
    return { problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)], told: 'could not be played', calls: 0, failed: 0, recorded: 0, incomplete: 0, lostMs: 0 };
  } finally {
    world.close();
  }
}

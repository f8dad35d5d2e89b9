/** What a case of the suite is. */
import type { Random } from '../differential/random.ts';
import type { Findings } from './checks.ts';
import type { World } from './world.ts';

export interface RoundOptions {
  /** How long before a kill a call may have ended and still not be on disk. */
  lossMs: number;
  /** The whole length of cases that load the profiler: ten minutes of streams, 100,000 calls. */
  full: boolean;
  /** Agents that take part; Python's take a second longer to start. */
  languages: readonly ('Node' | 'Python')[];
}

export interface Outcome extends Findings {
  /** What was done to whom at which moment, and what else there is to tell. */
  told: string;
}

export interface ChaosCase {
  name: string;
  /** What happens in it. */
  title: string;
  /** Why this machine cannot do it; null where it can. */
  missing?: () => string | null;
  round: (world: World, random: Random, round: number, options: RoundOptions) => Promise<Outcome>;
}

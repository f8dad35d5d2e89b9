/** What agents ask in a round, by chance. */
import type { Random } from '../differential/random.ts';
import type { Asked } from './asked.ts';

export interface PlanOptions {
  lanes?: number;
  calls?: number;
  maxPauseMs?: number;
  maxChunks?: number;
  maxGapMs?: number;
  padding?: number;
  streams?: 'some' | 'all';
}

/** Lanes of calls, streamed and plain, quick and slow. `name` begins the calls' ids. */
export function drawPlan(random: Random, name: string, options: PlanOptions = {}): Asked[][] {
  const { lanes = 3, calls = 8, maxPauseMs = 20, maxChunks = 12, maxGapMs = 6, padding = 0, streams = 'some' } = options;
  return Array.from({ length: lanes }, (_, lane) =>
    Array.from({ length: calls }, (_, n) => ({
      id: `${name}-${lane}-${n}`,
      stream: streams === 'all' || random.chance(0.5),
      chunks: random.int(1, maxChunks),
      gapMs: random.int(0, maxGapMs),
      pauseMs: random.int(0, maxPauseMs),
      padding,
    })),
  );
}

/** Much at once, and much in all. */
import { readFileSync } from 'node:fs';
import type { ChaosCase } from '../case.ts';
import type { Asked } from '../asked.ts';
import { agentsEnd, finish, type Stage } from '../story.ts';
import type { Random } from '../../differential/random.ts';
import type { World } from '../world.ts';

const AGENTS = 4;
const STREAMS = 1000;
/** A stream of ten seconds. */
const STREAM_CHUNKS = 40;
const CHUNK_GAP_MS = 250;
const SAMPLE_EVERY_MS = 200;

async function underLoad(world: World, random: Random, options: Stage['options'], lanes: (agent: string) => Asked[][]) {
  const upstream = await world.startUpstream();
  const profiler = await world.startProfiler(upstream.url);
  const agents = await Promise.all(Array.from({ length: AGENTS }, (_, n) => world.startAgent('Node', lanes(`a${n}`), profiler)));
  let mostBytes = 0;
  const sampling = setInterval(() => (mostBytes = Math.max(mostBytes, residentBytes(profiler.pid))), SAMPLE_EVERY_MS);
  world.go();
  try {
    await agentsEnd(agents, (options.full ? 40 : 5) * 60_000);
  } finally {
    clearInterval(sampling);
  }
  const stage: Stage = { world, random, options, upstream, profiler, agents, moment: { at: 'received', count: 1 }, atMoment: async () => undefined };
  const found = await finish(stage);
  return { told: `at most ${Math.round(mostBytes / 1e6)} MB`, ...found };
}

/** Memory that a process has in use; 0 where that cannot be told. */
function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

const streams: ChaosCase = {
  name: 'streams-1000',
  title: '1,000 streams at once, for 20 seconds (ten minutes with --full)',
  round: (world, random, _round, options) =>
    underLoad(world, random, options, (agent) =>
      Array.from({ length: STREAMS / AGENTS }, (_, lane) =>
        Array.from({ length: options.full ? 60 : 2 }, (_unused, n) => ({ id: `${agent}-${lane}-${n}`, stream: true, chunks: STREAM_CHUNKS, gapMs: CHUNK_GAP_MS, pauseMs: n === 0 ? random.int(0, 2000) : 0, padding: 20 })),
      ),
    ),
};

const short: ChaosCase = {
  name: 'calls-many',
  title: '4,000 short calls (100,000 with --full), 32 at once',
  round: (world, random, _round, options) =>
    underLoad(world, random, options, (agent) =>
      Array.from({ length: 8 }, (_, lane) =>
        Array.from({ length: (options.full ? 100_000 : 4000) / AGENTS / 8 }, (_unused, n) => ({ id: `${agent}-${lane}-${n}`, stream: random.chance(0.5), chunks: 1, gapMs: 0, pauseMs: 0, padding: 10 })),
      ),
    ),
};

export const loads = [streams, short];

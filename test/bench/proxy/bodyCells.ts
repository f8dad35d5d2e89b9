/** What long bodies cost in memory. */
import { setTimeout as sleep } from 'node:timers/promises';
import { requestBytes, type RequestKind } from './load.ts';
import { memory } from './processCost.ts';
import type { Bench } from './targets.ts';
import { Wire } from './wire.ts';

const MB = 1_000_000;

export interface BodyFigures {
  body: string;
  seconds: number;
  /** The profiler's highest memory less what it held before, in MB; null where it cannot be read. */
  grewMegabytes: number | null;
}

const bodies: readonly { body: string; kind: RequestKind }[] = [
  { body: 'prompt of 50 MB', kind: { model: 'm', stream: true, promptBytes: 50 * MB } },
  { body: 'plain answer of 100 MB', kind: { model: `long:${100 * MB}`, stream: false, promptBytes: 1000 } },
  { body: 'stream of 100 MB', kind: { model: `long:${100 * MB}`, stream: true, promptBytes: 1000 } },
];

/** Each in a profiler of its own, which has answered a few short calls before. */
export async function measureBodies(bench: Bench, profilerPath: string): Promise<BodyFigures[]> {
  const figures: BodyFigures[] = [];
  for (const { body, kind } of bodies) {
    const { target, profiler } = await bench.ours('full', profilerPath);
    const wire = new Wire(target.port);
    const short = requestBytes(target, { model: 'm', stream: true, promptBytes: 1000 });
    for (let n = 0; n < 50; n++) await wire.call(short);
    await sleep(200);
    const before = memory(profiler.pid);
    const { ms } = await wire.call(requestBytes(target, kind));
    await sleep(2000);
    const after = memory(profiler.pid);
    wire.close();
    await profiler.stop({ exitCode: 0, signal: null });
    figures.push({ body, seconds: ms / 1000, grewMegabytes: before === null || after === null ? null : after.peak - before.now });
  }
  return figures;
}

/** How a stream's chunks come: their boundaries, their gaps, what each costs, and how well the recording knows their times. */
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../../src/profiler/clock.ts';
import { requestBytes } from './load.ts';
import { cpuTime } from './processCost.ts';
import { quantile, shuffled } from './statistics.ts';
import type { Target } from './targets.ts';
import { Wire } from './wire.ts';

export interface StreamCell {
  name: string;
  atOnce: number;
  chunks: number;
  /** ms between two chunks of a stream. */
  gap: number;
  /** All streams get their chunks in one go. */
  inSteps: boolean;
}

export interface StreamFigures {
  target: string;
  chunks: number;
  /** Pieces that came with more than one chunk of the upstream's, and with less than one. */
  merged: number;
  split: number;
  failed: number;
  /** From the upstream's writing of a chunk to its arrival. */
  delayMs: { median: number; p99: number };
  /** By how much the gap between two chunks was longer or shorter than the upstream's. */
  jitterMs: { median: number; p99: number };
  cpuUsPerChunk: { all: number; first: number } | null;
}

/** When a chunk was written, and when it came, in `monotonicMs`. */
export interface Arrival {
  sent: number;
  at: number;
}

const CONTENT = '"content":" ';
const EVENT_END = '\n\n';

/** What one stream brought. */
class StreamWatch {
  readonly arrivals: Arrival[] = [];
  merged = 0;
  split = 0;

  take(payload: Buffer, at: number): void {
    const text = payload.toString('latin1');
    const end = text.indexOf(EVENT_END);
    if (!text.startsWith('data: ') || end < 0) this.split++;
    else if (end + EVENT_END.length < text.length) this.merged++;
    for (let from = text.indexOf(CONTENT); from >= 0; from = text.indexOf(CONTENT, from + 1)) this.arrivals.push({ sent: Number.parseFloat(text.slice(from + CONTENT.length)), at });
  }
}

/** Runs the streams once. @param onStart is called when all are under way, and again when the first is about to end */
export async function runStreams(target: Target, cell: StreamCell, onSteady: (begins: boolean) => void): Promise<{ watches: StreamWatch[]; failed: number }> {
  const { atOnce, chunks, gap, inSteps } = cell;
  const request = requestBytes(target, { model: `${inSteps ? 'step' : 'paced'}:${chunks}:${gap}`, stream: true, promptBytes: 1000 });
  const wires = Array.from({ length: atOnce }, () => new Wire(target.port));
  const watches = wires.map(() => new StreamWatch());
  let failed = 0;
  const spreadMs = inSteps ? 0 : gap;
  const all = Promise.all(
    wires.map(async (wire, n) => {
      await sleep((n / atOnce) * spreadMs);
      await wire.call(request, (payload, at) => watches[n]!.take(payload, at)).catch(() => failed++);
    }),
  );
  const lengthMs = chunks * gap;
  await Promise.race([all, sleep(spreadMs + lengthMs * 0.2)]);
  onSteady(true);
  await Promise.race([all, sleep(lengthMs * 0.6)]);
  onSteady(false);
  await all;
  for (const wire of wires) wire.close();
  return { watches, failed };
}

/** The size of each gap's error. */
function jitters(arrivals: readonly Arrival[]): number[] {
  return arrivals.slice(1).map(({ sent, at }, n) => Math.abs(at - arrivals[n]!.at - (sent - arrivals[n]!.sent)));
}

export async function measureStreams(targets: readonly Target[], cell: StreamCell, rounds: number): Promise<StreamFigures[]> {
  const figures = targets.map((target) => ({ target, delays: [] as number[], jitters: [] as number[], merged: 0, split: 0, failed: 0, cpu: { all: 0, first: 0 }, steadyChunks: 0 }));
  for (let round = 0; round < rounds; round++)
    for (const index of shuffled(targets.length)) {
      const of = figures[index]!;
      const { pid } = of.target;
      let before: ReturnType<typeof cpuTime> = null;
      let after: ReturnType<typeof cpuTime> = null;
      let from = 0;
      let to = 0;
      const { watches, failed } = await runStreams(of.target, cell, (begins) => {
        const cpu = pid === null ? null : cpuTime(pid);
        if (begins) [before, from] = [cpu, monotonicMs()];
        else [after, to] = [cpu, monotonicMs()];
      });
      const [began, ended] = [before, after] as (ReturnType<typeof cpuTime>)[];
      if (began && ended) {
        of.cpu.all += ended.all - began.all;
        of.cpu.first += ended.first - began.first;
      }
      of.failed += failed;
      for (const { arrivals, merged, split } of watches) {
        of.steadyChunks += arrivals.filter(({ at }) => at >= from && at < to).length;
        of.delays.push(...arrivals.map(({ sent, at }) => at - sent));
        of.jitters.push(...jitters(arrivals));
        of.merged += merged;
        of.split += split;
      }
      await sleep(100);
    }
  const spread = (values: number[]) => ({ median: quantile(values, 0.5), p99: quantile(values, 0.99) });
  return figures.map((of) => ({
    target: of.target.name,
    chunks: of.delays.length,
    merged: of.merged,
    split: of.split,
    failed: of.failed,
    delayMs: spread(of.delays),
    jitterMs: spread(of.jitters),
    cpuUsPerChunk: of.cpu.all === 0 ? null : { all: (of.cpu.all / of.steadyChunks) * 1000, first: (of.cpu.first / of.steadyChunks) * 1000 },
  }));
}

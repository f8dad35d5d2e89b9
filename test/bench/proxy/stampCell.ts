/**
 * How far the times in a recording are from those at which the kernel had the chunks.
 *
 * Each chunk's text is the moment at which the upstream wrote it, so the recording itself holds both times. Its zero is
 * not known on this side, but puts no chunk's stamp before its writing and none after its arrival at the client: of some
 * hundred chunks of a stream with nothing beside it, the fastest leave a few µs in between, of which the middle is taken. On loopback a write puts the bytes into the
 * receiver's queue before it returns; `kernelTap.py` asks the kernel how long after the moment in the text that was.
 */
import { join } from 'node:path';
import { run } from '../../../scripts/lib/process.mjs';
import { readRecordingFile } from '../../../src/recorder/recordingFile.ts';
import { quantile } from './statistics.ts';
import { runStreams, type StreamCell } from './streamCells.ts';
import type { Bench } from './targets.ts';

export interface StampFigures {
  chunks: number;
  /** From the text's moment to the recorded time. */
  recordedMs: { median: number; p99: number };
  /** From the text's moment to the kernel's own stamp, on a connection without anything in between; null where Python cannot ask. */
  kernelMs: { median: number; p99: number } | null;
  /** Share of chunks within 0.2 ms of the kernel's median. */
  within: number;
  /** Half of what is left open of the recording's zero. */
  uncertaintyMs: number;
}

const LIMIT_MS = 0.2;
/** The stream that tells the recording's zero. */
const ALONE: StreamCell = { name: 'alone', atOnce: 1, chunks: 400, gap: 3, inSteps: false };

async function kernelStamps(port: number, cell: StreamCell): Promise<{ median: number; p99: number } | null> {
  const model = `${cell.inSteps ? 'step' : 'paced'}:${cell.chunks}:${cell.gap}`;
  const { code, output } = await run('python3', [join(import.meta.dirname, 'kernelTap.py'), String(port), model, String(cell.atOnce)], { timeoutMs: 60_000 });
  if (code === 0) return JSON.parse(output) as { median: number; p99: number };
  console.error(`no stamps of the kernel's own: ${output.trim().split('\n').at(-1) ?? ''}`);
  return null;
}

export async function measureStamps(bench: Bench, profilerPath: string, cell: StreamCell): Promise<StampFigures> {
  const kernelMs = await kernelStamps(bench.upstreamPort, cell);
  const { target, recording, profiler } = await bench.ours('full', profilerPath);
  const alone = await runStreams(target, ALONE, () => undefined);
  await runStreams(target, cell, () => undefined);
  await profiler.stop({ exitCode: 0, signal: null });
  const received = new Map(alone.watches.flatMap(({ arrivals }) => arrivals.map(({ sent, at }) => [sent.toFixed(3), at] as const)));
  const stamps: { sent: number; stamped: number }[] = [];
  let earliest = -Infinity;
  let latest = Infinity;
  for (const { end } of (await readRecordingFile(recording)).calls) {
    if (end?.firstTokenAt === null || end?.firstTokenAt === undefined || end.text === null) continue;
    let stamped = end.firstTokenAt;
    end.text.trim().split(' ').forEach((text, n) => {
      stamped += end.chunkGaps[n] ?? NaN;
      const sent = Number(text);
      const at = received.get(text);
      if (at === undefined) stamps.push({ sent, stamped });
      else {
        earliest = Math.max(earliest, sent - stamped);
        latest = Math.min(latest, at - stamped);
      }
    });
  }
  const zero = (earliest + latest) / 2;
  const late = stamps.map(({ sent, stamped }) => stamped + zero - sent);
  const kernel = kernelMs?.median ?? 0;
  return {
    chunks: late.length,
    recordedMs: { median: quantile(late, 0.5), p99: quantile(late, 0.99) },
    kernelMs,
    within: late.filter((ms) => Math.abs(ms - kernel) <= LIMIT_MS).length / late.length,
    uncertaintyMs: (latest - earliest) / 2,
  };
}

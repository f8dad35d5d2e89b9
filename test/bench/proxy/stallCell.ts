/** What a disk that stalls delays, and what the recording then says it lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { root } from '../../../scripts/lib/paths.mjs';
import { monotonicMs } from '../../../src/profiler/clock.ts';
import { readRecordingFile } from '../../../src/recorder/recordingFile.ts';
import { requestBytes } from './load.ts';
import { quantile } from './statistics.ts';
import { STALL_AFTER_MS, STALL_MS } from './stalledDisk.ts';
import { bundleProfiler, type Bench } from './targets.ts';
import { Wire } from './wire.ts';

export interface StallFigures {
  /** From writing to arrival, while the disk wrote and while it did not. */
  before: { median: number; p99: number; max: number };
  during: { median: number; p99: number; max: number };
  callsDuring: number;
  /** Calls in the recording, of how many there were; and those whose texts were given up for want of room. */
  recorded: number;
  calls: number;
  withoutText: number;
  warnings: string[];
}

const PACE_MS = 5;
/** More than the recorder's buffer holds, in ten seconds. */
const PROMPT_BYTES = 1_000_000;
const BETWEEN_PROMPTS_MS = 60;

const CONTENT = '"content":" ';

export async function measureStall(bench: Bench): Promise<StallFigures> {
  const entry = join(bench.folder, 'stalled.ts');
  writeFileSync(entry, `import ${JSON.stringify(join(import.meta.dirname, 'stalledDisk.ts'))};\nimport ${JSON.stringify(join(root, 'src/profiler/main.ts'))};\n`);
  const { target, recording, profiler } = await bench.ours('full', await bundleProfiler(bench.folder, 'stalled', entry));
  const began = monotonicMs();
  const arrivals: { at: number; delay: number }[] = [];
  const lastMs = STALL_AFTER_MS + STALL_MS;
  let calls = 0;
  let callsDuring = 0;
  const stream = async () => {
    const wire = new Wire(target.port);
    const request = requestBytes(target, { model: `paced:100:${PACE_MS}`, stream: true, promptBytes: 1000 });
    while (monotonicMs() - began < lastMs) {
      calls++;
      await wire.call(request, (payload, at) => {
        const text = payload.toString('latin1');
        const from = text.indexOf(CONTENT);
        if (from >= 0) arrivals.push({ at: at - began, delay: at - Number.parseFloat(text.slice(from + CONTENT.length)) });
      });
    }
    wire.close();
  };
  const prompts = async () => {
    const wire = new Wire(target.port);
    const request = requestBytes(target, { model: 'm', stream: false, promptBytes: PROMPT_BYTES });
    while (monotonicMs() - began < lastMs) {
      calls++;
      if (monotonicMs() - began > STALL_AFTER_MS) callsDuring++;
      await wire.call(request);
      await sleep(BETWEEN_PROMPTS_MS);
    }
    wire.close();
  };
  await Promise.all([stream(), stream(), stream(), stream(), prompts()]);
  await profiler.stop({ exitCode: 0, signal: null });
  const profile = await readRecordingFile(recording);
  const spread = (from: number, to: number) => {
    const delays = arrivals.filter(({ at }) => at >= from && at < to).map(({ delay }) => delay);
    return { median: quantile(delays, 0.5), p99: quantile(delays, 0.99), max: quantile(delays, 1) };
  };
  return {
    before: spread(500, STALL_AFTER_MS),
    during: spread(STALL_AFTER_MS, lastMs),
    callsDuring,
    recorded: profile.calls.filter(({ end }) => end !== null).length,
    calls,
    withoutText: profile.calls.filter(({ start }) => start.request.messages.some(({ text }) => text === null)).length,
    warnings: profile.warnings.map(({ message }) => message),
  };
}

/** A server that works for a run and for others at once, as the run sees it: our calls' streams, and readings of the server's metrics. */
import type { SampleLine } from '../../src/profile/recordingFormat.ts';
import { createCostModel } from '../../src/simulator/engine/costModel.ts';
import { Engine } from '../../src/simulator/engine/engine.ts';
import type { GpuProfile, ModelProfile } from '../../src/profile/hardwareProfiles.ts';
import { call, callEnd, sample } from './recordingLines.ts';

export interface Asked {
  arrival: number;
  prompt: number;
  output: number;
  ours: boolean;
  /** Its answer comes in one piece. */
  whole?: boolean;
}

export interface ServedBoth {
  /** Our calls and the readings. */
  lines: object[];
  until: number;
  /** GPU time that was others', by the engine's own shares: while ours were at work, too, and alone. */
  othersBesideMs: number;
  othersAloneMs: number;
  /** Tokens of others'. */
  othersWritten: number;
}

/** What a client sees later than the server has it. */
const NETWORK_MS = 4;
/** The server is read on for a while after the last answer, as the poller does. */
const READ_ON_MS = 1500;

export function serveBoth(gpu: GpuProfile, model: ModelProfile, asked: readonly Asked[], everyMs: number): ServedBoth {
  const engine = new Engine({ cost: createCostModel(gpu, model, 1) });
  const requests = asked.map((each, index) => ({ ...each, id: `${each.ours ? 'c' : 'o'}${index}` })).sort((a, b) => a.arrival - b.arrival);
  const byId = new Map(requests.map((request) => [request.id, { request, arrivals: [] as number[] }]));
  const readings: SampleLine[] = [];
  const counted = { promptTokens: 0, completionTokens: 0, finished: 0 };
  let nextReading = 0;
  const readUntil = (t: number): void => {
    for (; nextReading <= t; nextReading += everyMs)
      readings.push(sample(nextReading, { source: 'vllm', running: engine.running, waiting: engine.waiting, kvUse: null, counters: { ...counted, cachedTokens: 0, queueMs: null, prefillMs: null, decodeMs: null } }));
  };
  const lines: object[] = [];
  const truth = { othersBesideMs: 0, othersAloneMs: 0 };
  let now = 0;
  let next = 0;
  for (;;) {
    while (next < requests.length && requests[next]!.arrival <= now) {
      const { id, arrival, prompt, output } = requests[next++]!;
      engine.submit({ id, arrival, promptTokens: Array.from({ length: prompt }, (_, index) => next * 1e6 + index), outputTokens: Array.from({ length: output }, (_, index) => index) });
    }
    const start = engine.nextStart(now) ?? requests[next]?.arrival ?? null;
    if (start === null) break;
    const step = engine.step(start);
    if (step === null) {
      readUntil(start);
      now = start;
      continue;
    }
    readUntil(step.end - 1e-6);
    const theirs = step.shares.reduce((sum, { id, share }) => sum + (id.startsWith('o') ? share : 0), 0);
    truth[step.shares.some(({ id }) => id.startsWith('c')) ? 'othersBesideMs' : 'othersAloneMs'] += theirs * (step.end - step.start);
    for (const { id, index } of step.emitted) {
      const { request, arrivals } = byId.get(id)!;
      arrivals.push(step.end + NETWORK_MS);
      counted.completionTokens++;
      if (index === 0) counted.promptTokens += request.prompt;
    }
    for (const { id, times, promptTokens, outputTokens } of step.finished) {
      counted.finished++;
      const { request, arrivals } = byId.get(id)!;
      if (!request.ours) continue;
      const stream = request.whole !== true;
      const usage = { promptTokens, cachedTokens: 0, completionTokens: outputTokens, reasoningTokens: null };
      lines.push(
        call(id, times.arrival, { stream }),
        callEnd(id, times.lastToken + NETWORK_MS, { usage, ...(stream ? { firstTokenAt: arrivals[0]!, chunkGaps: arrivals.map((at, place) => at - (arrivals[place - 1] ?? at)) } : {}) }),
      );
    }
    now = step.end;
  }
  readUntil(now + READ_ON_MS);
  const othersWritten = requests.reduce((sum, { ours, output }) => sum + (ours ? 0 : output), 0);
  return { lines: [...lines, ...readings], until: nextReading, ...truth, othersWritten };
}

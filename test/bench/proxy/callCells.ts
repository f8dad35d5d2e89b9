/** Time, throughput, CPU and memory of calls, every way in an order drawn anew for each round. */
import { setTimeout as sleep } from 'node:timers/promises';
import { requestBytes, slice, type RequestKind } from './load.ts';
import { cpuTime, memory } from './processCost.ts';
import { quantile, shuffled } from './statistics.ts';
import type { Target } from './targets.ts';
import { Wire } from './wire.ts';

/** Between two calls: what a proxy still does after a call is in its CPU time, and delays neither its own next call nor another's. */
const BETWEEN_CALLS_MS = 2;
const SLICE_MS = 400;
const PATIENCE_MS = 15_000;
const WARM_UP = 60;

export interface CallCell {
  name: string;
  kind: RequestKind;
  atOnce: number;
}

export interface CallFigures {
  target: string;
  calls: number;
  failed: number;
  medianMs: number;
  p99Ms: number;
  /** Calls a second. */
  throughput: number;
  /** CPU in µs a call: in all threads, and in the first alone. */
  cpuUs: { all: number; first: number } | null;
  megabytes: number | null;
}

interface Series {
  target: Target;
  request: Buffer[];
  wires: Wire[];
  times: number[];
  failed: number;
  ms: number;
  cpu: { all: number; first: number };
}

function takeCpu(series: Series, before: ReturnType<typeof cpuTime>): void {
  const after = series.target.pid === null ? null : cpuTime(series.target.pid);
  if (before === null || after === null) return;
  series.cpu.all += after.all - before.all;
  series.cpu.first += after.first - before.first;
}

const readCpu = ({ target }: Series): ReturnType<typeof cpuTime> => (target.pid === null ? null : cpuTime(target.pid));

/** One call of each a round, until each has had its time; a slow one is warm after fewer calls. */
async function oneByOne(all: Series[], budgetMs: number): Promise<void> {
  const warmUps = new Map(all.map((series) => [series, { calls: 0, ms: 0 }]));
  const before = new Map<Series, ReturnType<typeof cpuTime>>();
  for (;;) {
    const left = all.filter(({ ms }) => ms < budgetMs);
    if (left.length === 0) return;
    for (const index of shuffled(left.length)) {
      const series = left[index]!;
      const warmUp = warmUps.get(series)!;
      const isWarm = warmUp.calls >= WARM_UP || warmUp.ms > budgetMs / 2;
      if (isWarm && !before.has(series)) before.set(series, readCpu(series));
      const took = await timeOf(series, budgetMs / 10);
      await sleep(BETWEEN_CALLS_MS);
      if (isWarm) {
        if (took.answered) series.times.push(took.ms);
        series.ms += took.ms + BETWEEN_CALLS_MS;
        if (series.ms >= budgetMs) takeCpu(series, before.get(series) ?? null);
      } else {
        warmUp.calls++;
        warmUp.ms += took.ms;
      }
    }
  }
}

/** @param failedMs what a failed call counts for, so that one that always fails comes to an end */
async function timeOf(series: Series, failedMs: number): Promise<{ ms: number; answered: boolean }> {
  try {
    return { ms: (await series.wires[0]!.call(series.request)).ms, answered: true };
  } catch (error) {
    if (series.failed++ === 0) console.error(`${series.target.name}: ${String(error)}`);
    return { ms: failedMs, answered: false };
  }
}

/** Slices of load, one way after the other, until each has had its time. */
async function atOnce(all: Series[], count: number, budgetMs: number): Promise<void> {
  for (const { wires, request } of all) await slice(wires, request, count, 1, PATIENCE_MS);
  for (;;) {
    const left = all.filter(({ ms }) => ms < budgetMs);
    if (left.length === 0) return;
    for (const index of shuffled(left.length)) {
      const series = left[index]!;
      const before = readCpu(series);
      const result = await slice(series.wires, series.request, count, SLICE_MS, PATIENCE_MS);
      await sleep(50);
      takeCpu(series, before);
      series.times.push(...result.times);
      series.failed += result.failed;
      series.ms += Math.max(result.ms, 1);
    }
  }
}

/** @param seconds how long each way is measured; a slow one has at least one slice */
export async function measureCalls(targets: readonly Target[], cell: CallCell, seconds: number): Promise<CallFigures[]> {
  const all = targets.map((target): Series => ({ target, request: requestBytes(target, cell.kind), wires: Array.from({ length: cell.atOnce }, () => new Wire(target.port)), times: [], failed: 0, ms: 0, cpu: { all: 0, first: 0 } }));
  if (cell.atOnce === 1) await oneByOne(all, seconds * 1000);
  else await atOnce(all, cell.atOnce, seconds * 1000);
  return all.map(({ target, times, failed, ms, cpu, wires }) => {
    for (const wire of wires) wire.close();
    const calls = times.length;
    return {
      target: target.name,
      calls,
      failed,
      medianMs: quantile(times, 0.5),
      p99Ms: quantile(times, 0.99),
      throughput: (calls / ms) * 1000,
      cpuUs: target.pid === null || cpu.all === 0 ? null : { all: (cpu.all / calls) * 1000, first: (cpu.first / calls) * 1000 },
      megabytes: target.pid === null ? null : (memory(target.pid)?.now ?? null),
    };
  });
}

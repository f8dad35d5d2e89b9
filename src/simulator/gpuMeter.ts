/** What a monitor of the simulated GPUs would read: their energy counter, and means over the last second. */
import type { Joules, Milliseconds, Ratio, Watts } from '../profile/units.ts';
import type { EngineStep } from './engine/engineStep.ts';

/** The longest sample period of NVML's utilization, 1/6 to 1 s by product (`nvmlUtilization_t`: https://docs.nvidia.com/deploy/nvml-api/structnvmlUtilization__t.html). */
const WINDOW_MS: Milliseconds = 1000;

/** Of all GPUs together where that makes sense, and their mean elsewhere. */
export interface GpuReading {
  watts: Watts | null;
  /** Since the server began; null where the profile does not know idle power, or a step's. */
  joules: Joules | null;
  /** Share of the time in which something ran. */
  busy: Ratio;
  engine: Ratio | null;
  dram: Ratio;
  tensor: Ratio;
}

type Interval = Pick<EngineStep, 'start' | 'end' | 'watts' | 'activity'>;

export class GpuMeter {
  readonly #idleWatts: Watts | null;
  /** Steps of the last second, and maybe one before. */
  #recent: Interval[] = [];
  /** Up to the end of the last step. */
  #millijoules: number | null = 0;
  #until: Milliseconds = 0;

  /** @param idleWatts of all GPUs together */
  constructor(idleWatts: Watts | null) {
    this.#idleWatts = idleWatts;
  }

  /** Takes a step that is over; each begins where the last one ended, or later. */
  add({ start, end, watts, activity }: EngineStep): void {
    this.#millijoules = this.#energyUntil(start, { start, end, watts, activity }, end);
    this.#until = end;
    this.#recent.push({ start, end, watts, activity });
    if (this.#recent[0]!.end < end - 2 * WINDOW_MS) this.#recent = this.#recent.filter((step) => step.end >= end - WINDOW_MS);
  }

  /** @param current the step that is under way, which is counted as far as it has come */
  read(now: Milliseconds, current: EngineStep | null): GpuReading {
    const running = current === null ? [] : [{ ...current, end: Math.min(now, current.end) }];
    const from = Math.max(0, now - WINDOW_MS);
    const steps = [...this.#recent, ...running].map((step) => ({ ...step, ms: Math.max(0, Math.min(now, step.end) - Math.max(from, step.start)) }));
    const wall = now - from;
    const busyMs = steps.reduce((sum, { ms }) => sum + ms, 0);
    const mean = (of: (step: Interval) => Ratio) => (wall === 0 ? 0 : steps.reduce((sum, step) => sum + of(step) * step.ms, 0) / wall);
    const last = running[0];
    const millijoules = last === undefined ? this.#idleUntil(now) : this.#energyUntil(last.start, last, last.end);
    return {
      watts: this.#meanWatts(steps, wall, busyMs),
      joules: millijoules === null ? null : millijoules / 1000,
      busy: wall === 0 ? 0 : Math.min(1, busyMs / wall),
      engine: steps.some(({ activity }) => activity.engine === null) ? null : mean(({ activity }) => activity.engine ?? 0),
      dram: mean(({ activity }) => activity.dram),
      tensor: mean(({ activity }) => activity.tensor),
    };
  }

  #meanWatts(steps: readonly (Interval & { ms: Milliseconds })[], wall: Milliseconds, busyMs: Milliseconds): Watts | null {
    if (wall === 0) return this.#idleWatts;
    let sum = 0;
    for (const { watts, ms } of steps) {
      if (watts === null && ms > 0) return null;
      sum += (watts ?? 0) * ms;
    }
    const idleMs = Math.max(0, wall - busyMs);
    return this.#idleWatts === null ? (idleMs > 0 ? null : sum / wall) : (sum + this.#idleWatts * idleMs) / wall;
  }

  /** With the idle time before a step, and the step up to a moment. */
  #energyUntil(start: Milliseconds, { watts }: Interval, end: Milliseconds): number | null {
    const before = this.#idleUntil(start);
    return before === null || watts === null ? null : before + watts * (end - start);
  }

  #idleUntil(moment: Milliseconds): number | null {
    const idleMs = Math.max(0, moment - this.#until);
    if (this.#millijoules === null) return null;
    return idleMs === 0 ? this.#millijoules : this.#idleWatts === null ? null : this.#millijoules + this.#idleWatts * idleMs;
  }
}

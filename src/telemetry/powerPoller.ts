/** Asks again and again for the GPUs' energy counter and power. */
import type { GpuUtilization } from '../profile/recordingFormat.ts';
import type { Joules, Milliseconds } from '../profile/units.ts';
import { monotonicMs } from '../profiler/clock.ts';
import type { PolledGpu } from './gpuExporters.ts';
import { averagedOver, readingAge, type PowerKind } from './nvidiaSmi.ts';
import { INSTEAD, meanUtilization, sumOfAll, type GpuPower, type PowerListener, type PowerReader } from './powerSource.ts';

const TIMEOUT_MS: Milliseconds = 3000;
/** Beyond this, what lies between two readings cannot be told apart, and analysis does not use them. */
const SLOW_MS: Milliseconds = 5000;
const MAX_FAILURES = 10;

/** Something that answers with the readings of its GPUs. */
export interface PolledSource {
  /** As messages name it. */
  url: string;
  everyMs: Milliseconds;
  /** Indexes of the GPUs whose readings are added up. */
  gpus: readonly number[];
  /** What its power is, on a GPU of this name. */
  kind: (gpuName: string) => PowerKind;
  /** How it is had to renew its readings more often. */
  remedy: string;
  /** All its GPUs, null for an answer that is none. May reject. */
  read: (signal: AbortSignal) => Promise<PolledGpu[] | null>;
}

/**
 * Sources hand out the same reading until they take the next (the DCGM exporter's default is 30 s): a counter that
 * stands still is an old reading, and is not passed on.
 */
export class PowerPoller implements PowerReader {
  readonly #source: PolledSource;
  readonly #listener: PowerListener;
  readonly #timer: NodeJS.Timeout;
  #asking = false;
  #closed = false;
  #failures = 0;
  #lastJoules: Joules | null = null;
  #lastNewAt: Milliseconds | null = null;
  #told = false;

  constructor(source: PolledSource, listener: PowerListener) {
    this.#source = source;
    this.#listener = listener;
    this.#timer = setInterval(() => this.#tick(), source.everyMs);
    this.#timer.unref();
    this.#tick();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  #tick(): void {
    if (this.#asking) return;
    this.#asking = true;
    void this.#ask().then((answered) => {
      this.#asking = false;
      this.#failures = answered ? 0 : this.#failures + 1;
      if (this.#failures === MAX_FAILURES) this.#tell('powerUnread', `The GPU's power can no longer be read from ${this.#source.url}. ${INSTEAD}`);
    });
  }

  async #ask(): Promise<boolean> {
    const asked = monotonicMs();
    let gpus: PolledGpu[] | null;
    try {
      gpus = await this.#source.read(AbortSignal.timeout(TIMEOUT_MS));
    } catch {
      // Not reachable now: counted as a failure, and asked again.
      return false;
    }
    if (gpus === null || this.#closed) return gpus !== null;
    const mine = this.#source.gpus.map((index) => gpus.find((gpu) => gpu.index === index));
    const each = this.#source.gpus.map((gpu, place) => ({ gpu, watts: mine[place]?.watts ?? null, joules: mine[place]?.joules ?? null }));
    this.#take((asked + monotonicMs()) / 2, this.#source.kind(mine[0]?.name ?? ''), each, meanUtilization(mine.map((gpu) => gpu?.utilization ?? null)));
    return true;
  }

  #take(at: Milliseconds, kind: PowerKind, each: readonly GpuPower[], used: GpuUtilization | null): void {
    const watts = sumOfAll(each.map((gpu) => gpu.watts));
    const joules = sumOfAll(each.map((gpu) => gpu.joules));
    if (joules !== null && joules === this.#lastJoules) {
      if (this.#lastNewAt !== null && at - this.#lastNewAt > SLOW_MS)
        this.#tell('powerSlow', `${this.#source.url} renews its readings more than ${SLOW_MS / 1000} s apart: too seldom to tell what single calls used. ${this.#source.remedy}`);
      return;
    }
    this.#lastJoules = joules;
    this.#lastNewAt = at;
    // The counter says all that the power says, and when.
    const several = each.length > 1;
    const utilization = used === null ? {} : { utilization: used };
    if (joules === null) this.#listener.onReading({ at: at - readingAge(kind), watts, joules, overMs: averagedOver(kind), ...(several ? { gpus: each.map((gpu) => ({ ...gpu, joules: null })) } : {}), ...utilization });
    else this.#listener.onReading({ at, watts: null, joules, overMs: 0, ...(several ? { gpus: each.map((gpu) => ({ ...gpu, watts: null })) } : {}), ...utilization });
  }

  #tell(code: string, message: string): void {
    if (this.#told) return;
    this.#told = true;
    this.#listener.onTrouble(code, message);
  }
}

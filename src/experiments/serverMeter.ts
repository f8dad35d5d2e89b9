/** Adds up what a server does, from the moment that it is told to begin. */
import type { Milliseconds, Watts } from '../profile/units.ts';
import type { EngineStep } from '../simulator/engine/engineStep.ts';
import type { ServerOutcome } from './outcome.ts';

export class ServerMeter {
  readonly #idleWatts: Watts | null;
  readonly #gpuMs: ServerOutcome['gpuMs'] = { prefill: 0, decode: 0, mixed: 0, idle: 0 };
  #activeMs: Milliseconds | null = 0;
  #millijoules: number | null = 0;
  #kvTokenMs = 0;
  #mostKvTokens = 0;
  #begin: Milliseconds | null = null;

  /** @param idleWatts of all GPUs together */
  constructor(idleWatts: Watts | null) {
    this.#idleWatts = idleWatts;
  }

  /** From here on it counts. */
  begin(at: Milliseconds): void {
    this.#begin ??= at;
  }

  idle(from: Milliseconds, to: Milliseconds): void {
    const ms = this.#counted(from, to);
    this.#gpuMs.idle += ms;
    if (ms > 0) this.#millijoules = this.#millijoules === null || this.#idleWatts === null ? null : this.#millijoules + this.#idleWatts * ms;
  }

  step({ start, end, state, watts, kvTokens, activity }: EngineStep): void {
    const ms = this.#counted(start, end);
    if (ms === 0) return;
    this.#gpuMs[state] += ms;
    this.#activeMs = this.#activeMs === null || activity.engine === null ? null : this.#activeMs + activity.engine * ms;
    this.#millijoules = this.#millijoules === null || watts === null ? null : this.#millijoules + watts * ms;
    this.#kvTokenMs += kvTokens * ms;
    this.#mostKvTokens = Math.max(this.#mostKvTokens, kvTokens);
  }

  outcome(preemptions: number): ServerOutcome {
    const { prefill, decode, mixed, idle } = this.#gpuMs;
    const busyMs = prefill + decode + mixed;
    const wallMs = busyMs + idle;
    const perMs = (ms: Milliseconds) => (ms === 0 ? 0 : this.#kvTokenMs / ms);
    return {
      wallMs,
      gpuMs: { ...this.#gpuMs },
      engineActive: this.#activeMs === null || wallMs === 0 ? null : this.#activeMs / wallMs,
      joules: this.#millijoules === null ? null : this.#millijoules / 1000,
      kvTokens: { mean: perMs(wallMs), whileBusy: perMs(busyMs), most: this.#mostKvTokens },
      preemptions,
    };
  }

  #counted(from: Milliseconds, to: Milliseconds): Milliseconds {
    return this.#begin === null ? 0 : Math.max(0, to - Math.max(from, this.#begin));
  }
}

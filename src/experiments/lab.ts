/** Runs workloads on the paper's servers, some repeats of each, and keeps what it ran: many figures look at the same runs. */
import type { ModelSize } from './behaviour/schema.ts';
import type { RequestOutcome } from './outcome.ts';
import { peakRate } from './peak.ts';
import { runLoad, type Load, type LoadOutcome } from './runLoad.ts';
import { ENOUGH, type Scale } from './scale.ts';
import { startServer } from './servers.ts';
import { estimate, meanOf, percentileOf, type Estimate } from './statistics.ts';
import { requestsOf, type Workload } from './workload.ts';

export interface Setting {
  model?: ModelSize;
  prefixCaching?: boolean;
  load?: { clients: number } | { perSecond: number };
  /** Instead of the scale's. */
  requests?: number;
}

/** A run that a lab asks for. */
export interface RunAsked {
  workload: Workload;
  setting: Required<Setting>;
  seed: number;
}

/** The same run asked for again has the same key. */
export function runKey({ workload, setting: { model, prefixCaching, load, requests }, seed }: RunAsked): string {
  const name = workload === 'chat' ? 'chat' : { ...workload, behaviour: workload.behaviour.id };
  return JSON.stringify([name, model, prefixCaching, load, requests, seed]);
}

/** Requests that fill the prefix cache before anything is measured. */
const WARM_UP = 3;

export class Lab {
  readonly scale: Scale;
  readonly #runs = new Map<string, LoadOutcome>();
  readonly #runner: (asked: RunAsked) => LoadOutcome;

  /** @param runner what runs; the simulator unless said */
  constructor(scale: Scale = ENOUGH, runner: (asked: RunAsked) => LoadOutcome = simulated) {
    this.scale = scale;
    this.#runner = runner;
  }

  /** A workload's runs, one for each repeat; one request at a time unless a load is given. */
  runs(workload: Workload, setting: Setting = {}): LoadOutcome[] {
    return Array.from({ length: this.scale.repeats }, (_, repeat) => this.#run(workload, setting, repeat + 1));
  }

  /** The mean over repeats of something that is measured in each; null where it is not known in one. */
  measure(workload: Workload, setting: Setting, of: (outcome: LoadOutcome) => number | null): Estimate | null {
    return estimate(this.runs(workload, setting).map(of));
  }

  /** Measured in each of two runs of the same requests. */
  compare(workload: Workload, [one, other]: readonly [Setting, Setting], of: (one: LoadOutcome, other: LoadOutcome) => number | null): Estimate | null {
    const others = this.runs(workload, other);
    return estimate(this.runs(workload, one).map((outcome, repeat) => of(outcome, others[repeat]!)));
  }

  /** The highest rate, in requests a second, at which a workload's mean latency is at most `most` seconds; for each repeat. These many runs are not kept. */
  peaks(workload: Workload, setting: Setting, most: number, highest: number): number[] {
    return Array.from({ length: this.scale.repeats }, (_, repeat) => peakRate((perSecond) => meanSeconds(this.#runNew(workload, { ...setting, load: { perSecond } }, repeat + 1)), most, highest));
  }

  #run(workload: Workload, setting: Setting, seed: number): LoadOutcome {
    const key = runKey({ workload, setting: this.#complete(setting), seed });
    const outcome = this.#runs.get(key) ?? this.#runNew(workload, setting, seed);
    this.#runs.set(key, outcome);
    return outcome;
  }

  #runNew(workload: Workload, setting: Setting, seed: number): LoadOutcome {
    return this.#runner({ workload, setting: this.#complete(setting), seed });
  }

  #complete({ model = '8B', prefixCaching = true, load = { clients: 1 }, requests = this.scale.requests }: Setting): Required<Setting> {
    return { model, prefixCaching, load, requests };
  }
}

/** In virtual time, on one of the paper's servers. */
export function simulated({ workload, setting: { model, prefixCaching, load, requests }, seed }: RunAsked): LoadOutcome {
  const { engine, requestMs, idleWatts } = startServer(model, prefixCaching);
  const seeded: Load = 'perSecond' in load ? { ...load, seed } : load;
  return runLoad(engine, { load: seeded, requests, warmUp: WARM_UP, requestMs, idleWatts, next: requestsOf(workload, model, seed) });
}

export const secondsOf = ({ arrival, end }: RequestOutcome): number => (end - arrival) / 1000;
export const meanSeconds = ({ requests }: LoadOutcome): number => meanOf(requests.map(secondsOf));
export const p95Seconds = ({ requests }: LoadOutcome): number => percentileOf(requests.map(secondsOf), 0.95);
/** The agent's own calls: not those that a tool makes. */
export const callsPerRequest = ({ requests }: LoadOutcome): number => meanOf(requests.map(({ calls }) => calls.filter(({ role }) => role !== 'write tests').length));
/** The behaviour's word. Null where nothing is asked that could be right. */
export function solvedShare({ requests }: LoadOutcome): number | null {
  const known = requests.map(({ solved }) => solved).filter((solved) => solved !== null);
  return known.length === 0 ? null : known.filter(Boolean).length / known.length;
}
/** Null where a power is not known. */
export const wattHoursPerRequest = ({ requests, server: { joules } }: LoadOutcome): number | null => (joules === null ? null : joules / 3600 / requests.length);
export const tokensPerRequest = ({ requests }: LoadOutcome): number => meanOf(requests.map(({ calls }) => calls.reduce((sum, { promptTokens, outputTokens }) => sum + promptTokens + outputTokens, 0)));

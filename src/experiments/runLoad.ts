/**
 * Runs agents' requests on an engine in virtual time: one at a time, a number of clients each of which asks again when it is answered
 * (closed loop), or arrivals at a rate whatever the server does (open loop). Pure, and the same each time.
 */
import type { Milliseconds, Watts } from '../profile/units.ts';
import { createRandom } from '../simulator/answers/random.ts';
import type { Engine } from '../simulator/engine/engine.ts';
import type { EngineStep } from '../simulator/engine/engineStep.ts';
import type { RequestOutcome, ServerOutcome } from './outcome.ts';
import type { AgentRequest, CallPart } from './requests/request.ts';
import { ServerMeter } from './serverMeter.ts';
import { TimeLine } from './timeLine.ts';

/** How requests come: `clients` of 1 is one at a time; at a rate their gaps are exponential (Poisson arrivals). */
export type Load = { clients: number } | { perSecond: number; seed: number };

export interface LoadOptions {
  load: Load;
  /** Requests to measure. */
  requests: number;
  /** Requests before those, which are run and not measured. */
  warmUp?: number;
  /** What a call takes to the engine and back, beside the engine's steps; 0 unless said. */
  requestMs?: Milliseconds;
  /** All GPUs' together. */
  idleWatts: Watts | null;
  /** Makes the next request; called in the order of their arrival. */
  next: () => AgentRequest;
}

export interface LoadOutcome {
  /** Those measured, in the order of their arrival. */
  requests: RequestOutcome[];
  /** From the first measured request's arrival to the end of the last. */
  server: ServerOutcome;
}

/** A request that is under way. */
interface Open {
  request: AgentRequest;
  outcome: RequestOutcome;
  /** For each part: what it still waits for, and when the last of that was there. */
  waiting: { left: number; since: Milliseconds }[];
  /** For each part: the parts that wait for its end. */
  followers: number[][];
  /** For each call: parts that wait for a token of its answer, by the token's number. */
  readers: Map<number, Map<number, number[]>>;
  left: number;
}

/** `start` is a call's arrival at the engine. */
type Event = { open: Open; part: number; does: 'start' | 'end' } | 'arrival';

/**
 * @throws RangeError when no request is asked for, a load is not positive, a request has no parts or waits for a later part, or a call could never fit
 */
export function runLoad(engine: Engine, options: LoadOptions): LoadOutcome {
  const { load, requests } = options;
  if (!(requests >= 1)) throw new RangeError(`at least one request must be measured, not ${requests}`);
  if (!('clients' in load ? load.clients >= 1 : load.perSecond > 0)) throw new RangeError(`a load needs a client or a rate: ${JSON.stringify(load)}`);
  return new LoadRun(engine, options).run();
}

class LoadRun {
  readonly #engine: Engine;
  readonly #load: Load;
  readonly #total: number;
  readonly #warmUp: number;
  readonly #requestMs: Milliseconds;
  readonly #next: () => AgentRequest;
  readonly #meter: ServerMeter;
  readonly #due = new TimeLine<Event>();
  readonly #calls = new Map<string, { open: Open; part: number; call: CallPart }>();
  readonly #outcomes: RequestOutcome[] = [];
  #arrived = 0;
  /** Arrivals that are over or due. */
  #announced = 0;
  #sent = 0;
  #now: Milliseconds = 0;

  constructor(engine: Engine, { load, requests, warmUp = 0, requestMs = 0, idleWatts, next }: LoadOptions) {
    this.#engine = engine;
    this.#load = load;
    this.#total = warmUp + requests;
    this.#warmUp = warmUp;
    this.#requestMs = requestMs;
    this.#next = next;
    this.#meter = new ServerMeter(idleWatts);
    this.#scheduleArrivals();
  }

  run(): LoadOutcome {
    for (;;) {
      this.#doWhatIsDue();
      const start = this.#engine.nextStart(this.#now);
      const { next } = this.#due;
      if (start === null) {
        if (next === null) break;
        this.#meter.idle(this.#now, next);
        this.#now = next;
        continue;
      }
      const step = this.#engine.step(start);
      if (step === null) throw new Error(`The engine has work and starts none of it at ${start} ms.`);
      this.#onStep(step);
    }
    return { requests: this.#outcomes, server: this.#meter.outcome(this.#engine.counters.preemptions) };
  }

  #scheduleArrivals(): void {
    if ('clients' in this.#load) {
      for (; this.#announced < Math.min(this.#load.clients, this.#total); this.#announced++) this.#due.add(0, 'arrival');
      return;
    }
    const { perSecond, seed } = this.#load;
    const random = createRandom(seed);
    let at = 0;
    for (let request = 0; request < this.#total; request++) this.#due.add((at += (-Math.log(1 - random.next()) / perSecond) * 1000), 'arrival');
  }

  #doWhatIsDue(): void {
    while (this.#due.next !== null && this.#due.next <= this.#now) {
      const { at, item } = this.#due.take()!;
      if (item === 'arrival') this.#arrive(at);
      else if (item.does === 'start') this.#send(item.open, item.part, at);
      else this.#end(item.open, item.part, at);
    }
  }

  #arrive(at: Milliseconds): void {
    const request = this.#next();
    const { parts } = request;
    if (parts.length === 0) throw new RangeError('a request needs at least one part');
    const outcome: RequestOutcome = { arrival: at, end: at, calls: [], tools: [], solved: request.solved };
    if (this.#arrived++ >= this.#warmUp) {
      this.#meter.begin(at);
      this.#outcomes.push(outcome);
    }
    const open: Open = { request, outcome, waiting: parts.map(({ after }) => ({ left: after.length, since: at })), followers: parts.map(() => []), readers: new Map(), left: parts.length };
    parts.forEach(({ after }, number) => {
      for (const { part, tokens } of after) {
        if (!(part >= 0 && part < number)) throw new RangeError(`part ${number} waits for part ${part}, which is not before it`);
        const of = parts[part]!;
        if (tokens === undefined || of.kind === 'tool') open.followers[part]!.push(number);
        else {
          const readers = open.readers.get(part) ?? new Map<number, number[]>();
          open.readers.set(part, readers);
          const token = Math.min(tokens, of.output.length) - 1;
          readers.set(token, [...(readers.get(token) ?? []), number]);
        }
      }
    });
    parts.forEach(({ after }, number) => {
      if (after.length === 0) this.#start(open, number, at);
    });
  }

  #start(open: Open, part: number, at: Milliseconds): void {
    const what = open.request.parts[part]!;
    if (what.kind === 'call') this.#due.add(at + what.delayMs + this.#requestMs, { open, part, does: 'start' });
    else {
      open.outcome.tools.push({ from: at, to: at + what.ms });
      this.#due.add(at + what.ms, { open, part, does: 'end' });
    }
  }

  #send(open: Open, part: number, at: Milliseconds): void {
    const call = open.request.parts[part] as CallPart;
    const id = String(this.#sent++);
    this.#calls.set(id, { open, part, call });
    this.#engine.submit({ id, arrival: at, promptTokens: call.prompt(), outputTokens: call.output });
  }

  #onStep(step: EngineStep): void {
    this.#meter.idle(this.#now, step.start);
    this.#meter.step(step);
    this.#now = step.end;
    for (const { id, index } of step.emitted) {
      const { open, part } = this.#calls.get(id)!;
      for (const reader of open.readers.get(part)?.get(index) ?? []) this.#fulfil(open, reader, step.end);
    }
    for (const finished of step.finished) {
      const { open, part, call } = this.#calls.get(finished.id)!;
      this.#calls.delete(finished.id);
      open.outcome.calls.push({ ...finished, role: call.role, sent: finished.times.arrival - this.#requestMs });
      this.#end(open, part, step.end);
    }
  }

  #end(open: Open, part: number, at: Milliseconds): void {
    for (const follower of open.followers[part]!) this.#fulfil(open, follower, at);
    open.left -= 1;
    if (open.left > 0) return;
    open.outcome.end = at;
    if (!('clients' in this.#load) || this.#announced >= this.#total) return;
    this.#announced += 1;
    this.#due.add(at, 'arrival');
  }

  #fulfil(open: Open, part: number, at: Milliseconds): void {
    const waiting = open.waiting[part]!;
    waiting.left -= 1;
    waiting.since = Math.max(waiting.since, at);
    if (waiting.left === 0) this.#start(open, part, waiting.since);
  }
}

/** Runs the engine against the clock: each step's results are handed out when the step would have ended. */
import type { Milliseconds, Tokens } from '../profile/units.ts';
import { Engine, type EngineOptions } from './engine/engine.ts';
import type { EngineRequest, EngineStep, FinishedRequest } from './engine/engineStep.ts';
import { SegmentMerger, type Segment } from './gpuSegments.ts';

export interface RequestListener {
  /** That token will be there when the step that has just begun ends: time to make ready what is said of it. */
  onPlanned(index: number, cachedTokens: Tokens): void;
  /** The answer's next token is there, since `at`; `cachedTokens` of the prompt came from the prefix cache. */
  onToken(index: number, at: Milliseconds, cachedTokens: Tokens): void;
  /** All tokens are there. Called after the last `onToken`. */
  onFinish(finished: FinishedRequest): void;
}

export interface RealTimeOptions extends EngineOptions {
  onSegment?: (segment: Segment) => void;
  /** Sees every step when it ends, before its tokens are handed out. */
  onStep?: (step: EngineStep) => void;
}

/** Tokens are handed out no earlier than this before they are due. */
const MOST_LEAD_MS: Milliseconds = 1.5;
/** What is handed out within this is all on time. */
const LEAST_BURST_MS: Milliseconds = 0.5;

/**
 * Due times come from the engine, not from the timers: a timer that fires late delays what it hands out, but the next
 * step starts when this one should have ended, so lateness does not add up.
 */
export class RealTimeEngine {
  readonly engine: Engine;
  /** Before the engine sees it, a request is the API server's for so long. */
  readonly #requestMs: Milliseconds;
  readonly #epoch = process.hrtime.bigint();
  readonly #listeners = new Map<string, RequestListener>();
  readonly #labels = new Map<string, string>();
  /** Requests that went away while a step was in flight, which may still be theirs. */
  #aborted: string[] = [];
  readonly #segments: SegmentMerger | null;
  readonly #onStep: ((step: EngineStep) => void) | undefined;
  #inFlight: EngineStep | null = null;
  #starting = false;
  #lastEnd: Milliseconds = 0;
  #timer: NodeJS.Timeout | null = null;
  /** How long before they are due a step's tokens begin to be handed out. */
  #lead: Milliseconds = 0;
  /** Of the step in flight, whether those tokens are handed out that end no answer. */
  #handedOut = false;
  #closed = false;

  constructor(options: RealTimeOptions) {
    this.engine = new Engine(options);
    this.#requestMs = options.cost.requestMs;
    this.#segments = options.onSegment === undefined ? null : new SegmentMerger(options.onSegment);
    this.#onStep = options.onStep;
  }

  /** The step that is under way; null while it idles. */
  get current(): EngineStep | null {
    return this.#inFlight;
  }

  /** Milliseconds since this engine was made. */
  now(): Milliseconds {
    return Number(process.hrtime.bigint() - this.#epoch) / 1e6;
  }

  /** That time on the clock of `process.hrtime.bigint()`. */
  toHrtime(time: Milliseconds): bigint {
    return this.#epoch + BigInt(Math.round(time * 1e6));
  }

  /**
   * Queues a request now. Requests submitted in one turn of the event loop reach the engine together.
   * @param label what its share of the GPU is booked under
   * @throws RangeError when it could never fit
   */
  submit(request: Omit<EngineRequest, 'arrival'>, label: string, listener: RequestListener): void {
    this.engine.submit({ ...request, arrival: this.now() + this.#requestMs });
    this.#listeners.set(request.id, listener);
    this.#labels.set(request.id, label);
    this.#startSoon();
  }

  /** Drops a request whose client went away. The step in flight still does its work. */
  abort(id: string): void {
    this.engine.abort(id);
    this.#listeners.delete(id);
    if (this.#inFlight === null) this.#labels.delete(id);
    else this.#aborted.push(id);
  }

  /** Stops for good; requests in flight get no more tokens. */
  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#listeners.clear();
    this.#segments?.flush();
  }

  #startSoon(): void {
    if (this.#starting || this.#inFlight !== null) return;
    this.#starting = true;
    queueMicrotask(() => {
      this.#starting = false;
      this.#startStep();
    });
  }

  #startStep(): void {
    if (this.#closed || this.#inFlight !== null) return;
    const start = this.engine.nextStart(this.#lastEnd);
    const step = start === null ? null : this.engine.step(start);
    if (step === null) {
      this.#segments?.flush();
      return;
    }
    this.#inFlight = step;
    this.#handedOut = false;
    for (const { id, index, cachedTokens } of step.emitted) this.#listeners.get(id)?.onPlanned(index, cachedTokens);
    this.#wait(step);
  }

  #wait(step: EngineStep): void {
    const left = (this.#handedOut ? step.end : step.end - this.#lead) - this.now();
    const goOn = () => {
      if (this.#closed) return;
      const now = this.now();
      if (!this.#handedOut && now >= step.end - this.#lead) this.#handOut(step, now);
      if (this.now() < step.end || !this.#handedOut) this.#wait(step);
      else this.#end(step);
    };
    // A timer counts whole milliseconds and may be early by a part of one, which is waited for turn by turn.
    if (left > 0 && left < 1) setImmediate(goOn);
    else this.#timer = setTimeout(goOn, Math.max(0, Math.trunc(left)));
  }

  /** Writing to many streams takes a while: half of them are served before the tokens are due, half after. */
  #handOut(step: EngineStep, begin: Milliseconds): void {
    this.#handedOut = true;
    const last = new Set(step.finished.map(({ id }) => id));
    for (const { id, index, cachedTokens } of step.emitted) if (!last.has(id)) this.#listeners.get(id)?.onToken(index, step.end, cachedTokens);
    const took = this.now() - begin;
    const lead = took < LEAST_BURST_MS ? 0 : Math.min(MOST_LEAD_MS, took / 2);
    this.#lead = (this.#lead + lead) / 2;
  }

  #end(step: EngineStep): void {
    this.#inFlight = null;
    this.#lastEnd = step.end;
    this.#segments?.add(step, (id) => this.#labels.get(id) ?? id);
    this.#onStep?.(step);
    for (const finished of step.finished) {
      this.#listeners.get(finished.id)?.onToken(finished.outputTokens - 1, step.end, finished.cachedTokens);
    }
    for (const finished of step.finished) {
      this.#listeners.get(finished.id)?.onFinish(finished);
      this.#listeners.delete(finished.id);
      this.#labels.delete(finished.id);
    }
    for (const id of this.#aborted) this.#labels.delete(id);
    this.#aborted = [];
    this.#startStep();
  }
}

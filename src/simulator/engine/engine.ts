/**
 * vLLM's two schedulers as a discrete-event engine: first come, first served, continuous batching, preemption by recomputation of
 * the latest request when KV blocks run out.
 *
 * - V1 (`v1/core/sched/scheduler.py`): a token budget with chunked prefill, running requests before waiting ones; by priority, too:
 *   then it is the lowest that is preempted, but nobody that runs is for the sake of one that waits.
 * - V0 as of 0.6 (`core/scheduler.py`): a step reads whole prompts, as many as its budget takes, or else writes a token of each
 *   running request: whoever writes waits while others' prompts are read.
 *
 * Pure and deterministic: time goes in and out as numbers, and what a request will answer is known when it comes.
 */
import type { Milliseconds, Ratio, Tokens } from '../../profile/units.ts';
import type { CostModel } from './costModel.ts';
import type { EngineCounters, EngineRequest, EngineStep, FinishedRequest } from './engineStep.ts';
import { BLOCK_TOKENS, KvBlocks, type BlockHash } from './kvBlocks.ts';
import { compute, extendHashes, length, newSequence, type Scheduled, type Sequence } from './sequence.ts';
import { victimOf, WaitingQueue, type SchedulingPolicy } from './waitingQueue.ts';

/** vLLM's scheduler: V1, the only one from 0.11 on, or V0, the default up to 0.7. */
export type SchedulerVersion = 'v1' | 'v0';

export interface EngineOptions {
  cost: CostModel;
  /** V1 unless said. */
  scheduler?: SchedulerVersion;
  /** `fcfs` unless said; V0 knows no other here. */
  schedulingPolicy?: SchedulingPolicy;
  /** Token budget of a step. vLLM's default for an API server is 2048, or 8192 on GPUs with 70 GB and more (not A100). */
  maxBatchedTokens?: Tokens;
  /** Most requests that run at once. vLLM's default is 256. */
  maxSequences?: number;
  /** KV blocks, when fewer than fit. */
  kvBlocks?: number;
  /** Reuse the KV cache of equal prompt beginnings; vLLM's default. */
  prefixCaching?: boolean;
}

/** V0 leaves a hundredth of the blocks free when it lets a request in (`watermark`), so that those that run have some to grow into. */
const V0_WATERMARK: Ratio = 0.01;

export class Engine {
  readonly blocks: KvBlocks;
  readonly counters: EngineCounters = { prefixCacheQueries: 0, prefixCacheHits: 0, preemptions: 0 };
  readonly #cost: CostModel;
  readonly #maxBatchedTokens: Tokens;
  readonly #maxSequences: number;
  readonly #prefixCaching: boolean;
  readonly #scheduler: SchedulerVersion;
  /** V0: blocks that got full in the step being run, which are findable once it is over. */
  #fullSoon: { block: number; hash: BlockHash }[] = [];
  readonly #policy: SchedulingPolicy;
  readonly #waiting: WaitingQueue;
  #running: Sequence[] = [];

  constructor(options: EngineOptions) {
    this.#cost = options.cost;
    this.#maxBatchedTokens = options.maxBatchedTokens ?? 2048;
    this.#maxSequences = options.maxSequences ?? 256;
    this.#prefixCaching = options.prefixCaching ?? true;
    this.#scheduler = options.scheduler ?? 'v1';
    this.#policy = options.schedulingPolicy ?? 'fcfs';
    if (this.#policy === 'priority' && this.#scheduler === 'v0') throw new RangeError('the scheduler V0 is simulated without priorities');
    this.#waiting = new WaitingQueue(this.#policy);
    this.blocks = new KvBlocks(options.kvBlocks ?? options.cost.kvBlocks);
  }

  get running(): number {
    return this.#running.length;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Longest prompt and answer together that can ever run. */
  get capacityTokens(): Tokens {
    return this.blocks.count * BLOCK_TOKENS;
  }

  /**
   * Queues a request.
   * @throws RangeError when it is empty or could never fit
   */
  submit(request: EngineRequest): void {
    if (request.promptTokens.length === 0 || request.outputTokens.length === 0) throw new RangeError('a request needs at least one prompt token and one output token');
    const length = request.promptTokens.length + request.outputTokens.length;
    if (length > this.capacityTokens) throw new RangeError(`a request of ${length} tokens does not fit into a KV cache of ${this.capacityTokens}`);
    this.#waiting.add(newSequence(request));
  }

  /** Takes a request out, wherever it is; false when it is not (or no longer) there. */
  abort(id: string): boolean {
    const waiting = this.#waiting.find(id);
    if (waiting !== null) {
      this.#waiting.remove(waiting);
      return true;
    }
    const running = this.#running.find(({ request }) => request.id === id);
    if (running === undefined) return false;
    this.#leave(running);
    return true;
  }

  /** When the next step can start, not before `now`; null when there is nothing to do. */
  nextStart(now: Milliseconds): Milliseconds | null {
    if (this.#running.length > 0) return now;
    const { earliest } = this.#waiting;
    return earliest === null ? null : Math.max(now, earliest);
  }

  /** Runs one step that starts at `now`, which must not be before the last one's end. Null when nothing can run then. */
  step(now: Milliseconds): EngineStep | null {
    const scheduled = this.#scheduler === 'v1' ? this.#scheduleV1(now) : this.#scheduleV0(now);
    if (scheduled.length === 0) return null;
    for (const { block, hash } of this.#fullSoon) this.blocks.cache(block, hash);
    this.#fullSoon = [];
    const cost = this.#cost.cost(scheduled.map(({ work }) => work));
    let tokens = 0;
    for (const { work } of scheduled) tokens += work.newTokens;
    const end = now + cost.duration;
    // Before finished requests give theirs back: this is what the step held.
    const kvTokens = this.blocks.used * BLOCK_TOKENS;
    const emitted: EngineStep['emitted'] = [];
    const finished: FinishedRequest[] = [];
    for (const { sequence } of scheduled) {
      if (sequence.computed < length(sequence)) continue;
      emitted.push({ id: sequence.request.id, index: sequence.emitted, cachedTokens: sequence.cachedTokens ?? 0 });
      sequence.emitted += 1;
      sequence.firstToken ??= end;
      if (sequence.emitted === sequence.request.outputTokens.length) finished.push(this.#finish(sequence, end));
    }
    return {
      start: now,
      end,
      state: cost.state,
      batch: scheduled.length,
      tokens,
      kvTokens,
      kvCapacityTokens: this.capacityTokens,
      watts: cost.watts,
      activity: cost.activity,
      shares: scheduled.map(({ sequence }, index) => ({ id: sequence.request.id, share: cost.shares[index]! })),
      emitted,
      finished,
    };
  }

  #scheduleV1(now: Milliseconds): Scheduled[] {
    const scheduled: Scheduled[] = [];
    let budget = this.#maxBatchedTokens;
    let preempted = false;
    const add = (sequence: Sequence, newTokens: Tokens) => {
      scheduled.push(compute(sequence, newTokens, sequence.emitted === 0 || newTokens > 1));
      budget -= newTokens;
    };

    for (let index = 0; index < this.#running.length && budget > 0; index++) {
      const sequence = this.#running[index]!;
      const newTokens = Math.min(budget, length(sequence) - sequence.computed);
      const { fits, victims, givenUp } = this.#reserveOrPreempt(sequence, newTokens, scheduled);
      preempted ||= victims > 0;
      for (const { work } of givenUp) {
        budget += work.newTokens;
        index -= 1;
      }
      if (!fits) break;
      add(sequence, newTokens);
    }
    // Whoever had to make room was the first to be planned for: the others come to their turn without it.
    if (scheduled.length === 0 && preempted && this.#running.length > 0) return this.#scheduleV1(now);

    while (!preempted && budget > 0 && this.#running.length < this.#maxSequences) {
      const sequence = this.#waiting.next(now);
      if (sequence === null) break;
      const hits = this.#findPrefix(sequence);
      const newTokens = Math.min(budget, length(sequence) - hits.length * BLOCK_TOKENS);
      if (this.#missing(hits, newTokens) > this.blocks.free - this.blocks.countFree(hits)) break;
      this.#start(sequence, hits, newTokens, now);
      add(sequence, newTokens);
    }
    return scheduled;
  }

  /** Prompts first, whole; else a token for each that runs. */
  #scheduleV0(now: Milliseconds): Scheduled[] {
    const scheduled: Scheduled[] = [];
    let budget = this.#maxBatchedTokens;
    while (this.#running.length < this.#maxSequences) {
      const sequence = this.#waiting.next(now);
      if (sequence === null) break;
      const hits = this.#findPrefix(sequence);
      const newTokens = length(sequence) - hits.length * BLOCK_TOKENS;
      // One that is longer than any budget runs alone, where vLLM turns it away: the server's limit on a prompt's length is the front's.
      if (newTokens > budget && scheduled.length > 0) break;
      // `BlockManager.can_allocate` asks for all of a sequence's blocks, also for those that it will find in the cache, held by others or not.
      const wanted = this.#running.length === 0 ? this.#missing(hits, newTokens) + this.blocks.countFree(hits) : this.#missing([], length(sequence)) + V0_WATERMARK * this.blocks.count;
      if (this.blocks.free < wanted) break;
      this.#start(sequence, hits, newTokens, now);
      scheduled.push(compute(sequence, newTokens, true));
      budget -= newTokens;
    }
    if (scheduled.length > 0) return scheduled;
    for (let index = 0; index < this.#running.length; index++) {
      const sequence = this.#running[index]!;
      if (this.#reserveOrPreempt(sequence, 1, scheduled).fits) scheduled.push(compute(sequence, 1, false));
    }
    return scheduled;
  }

  /** Blocks that a sequence needs beside the hits that it begins with. */
  #missing(hits: readonly number[], newTokens: Tokens): number {
    return Math.ceil((hits.length * BLOCK_TOKENS + newTokens) / BLOCK_TOKENS) - hits.length;
  }

  /** Lets one that waits run. The caller has seen to it that its blocks are there. */
  #start(sequence: Sequence, hits: number[], newTokens: Tokens, now: Milliseconds): void {
    const computed = hits.length * BLOCK_TOKENS;
    this.#waiting.remove(sequence);
    this.#running.push(sequence);
    this.blocks.hold(hits);
    sequence.blocks = [...hits];
    sequence.cachedBlocks = hits.length;
    sequence.computed = computed;
    sequence.cachedTokens ??= computed;
    sequence.firstScheduled ??= now;
    if (this.#prefixCaching && sequence.request.ignoresPrefixCache !== true) {
      this.counters.prefixCacheQueries += length(sequence);
      this.counters.prefixCacheHits += computed;
    }
    this.#reserve(sequence, newTokens);
  }

  /**
   * Gives one that runs its next blocks, at the cost of others if it must; if it is the last that may keep its own, it makes room itself.
   * What was planned for the others in this step is taken out of `scheduled`, and returned.
   */
  #reserveOrPreempt(sequence: Sequence, newTokens: Tokens, scheduled: Scheduled[]): { fits: boolean; victims: number; givenUp: Scheduled[] } {
    const givenUp: Scheduled[] = [];
    for (let victims = 0; ; victims++) {
      if (this.#reserve(sequence, newTokens)) return { fits: true, victims, givenUp };
      const victim = victimOf(this.#running, this.#policy);
      const planned = scheduled.findIndex((one) => one.sequence === victim);
      if (planned >= 0) givenUp.push(...scheduled.splice(planned, 1));
      // A block that this was to fill is its last, which is the first to be handed out again, and then not found any more.
      this.#preempt(victim);
      if (victim === sequence) return { fits: false, victims: victims + 1, givenUp };
    }
  }

  /** Cached blocks that begin this sequence; at least its last token is left to compute, as it yields the next one. */
  #findPrefix(sequence: Sequence): number[] {
    if (!this.#prefixCaching || sequence.request.ignoresPrefixCache === true) return [];
    const most = Math.floor((length(sequence) - 1) / BLOCK_TOKENS);
    extendHashes(sequence, most);
    return this.blocks.lookUp(sequence.hashes, most);
  }

  /** Gives a sequence the blocks for its next tokens, and makes those that get full findable; false when there are too few. */
  #reserve(sequence: Sequence, newTokens: Tokens): boolean {
    const after = sequence.computed + newTokens;
    const missing = Math.ceil(after / BLOCK_TOKENS) - sequence.blocks.length;
    if (missing > this.blocks.free) return false;
    if (missing > 0) sequence.blocks.push(...this.blocks.allocate(missing));
    const full = Math.floor(after / BLOCK_TOKENS);
    if (!this.#prefixCaching || full <= sequence.cachedBlocks) return true;
    extendHashes(sequence, full);
    for (; sequence.cachedBlocks < full; sequence.cachedBlocks++) {
      const [block, hash] = [sequence.blocks[sequence.cachedBlocks]!, sequence.hashes[sequence.cachedBlocks]!];
      if (this.#scheduler === 'v1') this.blocks.cache(block, hash);
      else this.#fullSoon.push({ block, hash });
    }
    return true;
  }

  #preempt(sequence: Sequence): void {
    this.#leave(sequence);
    sequence.blocks = [];
    sequence.cachedBlocks = 0;
    sequence.computed = 0;
    sequence.preemptions += 1;
    this.counters.preemptions += 1;
    this.#waiting.addBack(sequence);
  }

  #finish(sequence: Sequence, end: Milliseconds): FinishedRequest {
    this.#leave(sequence);
    const { request } = sequence;
    return {
      id: request.id,
      times: { arrival: request.arrival, firstScheduled: sequence.firstScheduled ?? end, firstToken: sequence.firstToken ?? end, lastToken: end },
      promptTokens: request.promptTokens.length,
      cachedTokens: sequence.cachedTokens ?? 0,
      outputTokens: request.outputTokens.length,
      preemptions: sequence.preemptions,
    };
  }

  #leave(sequence: Sequence): void {
    this.#running = this.#running.filter((other) => other !== sequence);
    this.blocks.release(sequence.blocks);
  }
}

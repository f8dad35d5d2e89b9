/** What goes into an engine and what comes out of its steps. */
import type { Milliseconds, Ratio, Tokens, Watts } from '../../profile/units.ts';
import type { StepState } from './costModel.ts';
import type { StepActivity } from './stepActivity.ts';

export interface EngineRequest {
  id: string;
  promptTokens: readonly number[];
  /** The answer, decided beforehand: at least one token. */
  outputTokens: readonly number[];
  arrival: Milliseconds;
  /** Lower goes first, under the policy `priority`; 0 unless said. */
  priority?: number;
  /** Computes its whole prompt, as vLLM does where probabilities of the prompt's tokens are asked for; what it computes is findable still. */
  ignoresPrefixCache?: boolean;
}

/** When a request's phases ended, exactly. Queue, prefill and decode are the differences. */
export interface RequestTimes {
  arrival: Milliseconds;
  firstScheduled: Milliseconds;
  firstToken: Milliseconds;
  lastToken: Milliseconds;
}

export interface FinishedRequest {
  id: string;
  times: RequestTimes;
  promptTokens: Tokens;
  /** Prompt tokens found in the prefix cache when it was first scheduled. */
  cachedTokens: Tokens;
  outputTokens: Tokens;
  preemptions: number;
}

/** One pass through the model. What it yields is there at `end`. */
export interface EngineStep {
  start: Milliseconds;
  end: Milliseconds;
  state: StepState;
  /** Sequences in it. */
  batch: number;
  /** Tokens that it computed. */
  tokens: Tokens;
  /** Tokens' worth of KV blocks that requests hold. */
  kvTokens: Tokens;
  kvCapacityTokens: Tokens;
  watts: Watts | null;
  activity: StepActivity;
  /** Each request's share of the work; sums to 1. */
  shares: { id: string; share: Ratio }[];
  /** Requests that got their next token, and which it is (0 is the first). `cachedTokens` as in FinishedRequest. */
  emitted: { id: string; index: number; cachedTokens: Tokens }[];
  finished: FinishedRequest[];
}

/** Totals since the engine began, as vLLM counts them. */
export interface EngineCounters {
  prefixCacheQueries: Tokens;
  prefixCacheHits: Tokens;
  preemptions: number;
}

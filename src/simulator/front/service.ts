/** What the routes of the embedded server share. */
import type { Tokens } from '../../profile/units.ts';
import type { SchedulingPolicy } from '../engine/waitingQueue.ts';
import type { RealTimeEngine } from '../realTimeEngine.ts';
import { createRandom, hashText, type Random } from '../answers/random.ts';
import type { AnswerLengths } from '../answers/filler.ts';
import type { Replay } from '../answers/replay.ts';
import type { Tokenizer } from '../tokens/tokenizer.ts';
import type { GpuMeter } from '../gpuMeter.ts';
import type { PagedGpus } from './gpuPage.ts';
import type { ServerMetrics } from './metrics.ts';

/** Says in every answer that no model wrote it. */
export const SYSTEM_FINGERPRINT = 'agent-cost-simulator';

export interface Service {
  engine: RealTimeEngine;
  metrics: ServerMetrics;
  /** What monitors of the GPUs read. */
  gpus: PagedGpus & { meter: GpuMeter };
  schedulingPolicy: SchedulingPolicy;
  prefixCaching: boolean;
  /** The simulated model, under the name that clients know it by. Requests may name any other. */
  servedModel: string;
  maxModelTokens: Tokens;
  /** Cuts prompts and answers into tokens. */
  tokenizer: Tokenizer;
  seed: number;
  /** Answers that go before those that are made up; null for none. */
  replay: Replay | null;
  /** How long answers are that are made up. */
  lengths: AnswerLengths;
  /** Unix time of the start. */
  created: number;
}

/** Random numbers for one choice of one request: they depend on the server's seed, the request's, and the prompt. */
export function randomFor(service: Service, requestSeed: number | null | undefined, promptTokens: readonly number[], choice: number): Random {
  return createRandom(hashText([service.seed, requestSeed ?? '', choice, promptTokens.join(' ')].join('|')));
}

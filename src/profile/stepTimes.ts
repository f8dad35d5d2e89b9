/** How long one step of an engine takes, by constants that were measured on one server and host for one model. */
import { z } from 'zod';
import type { Milliseconds, Tokens } from './units.ts';

const constant = z.number().nonnegative();

export const stepTimesSchema = z.object({
  /** For each token that is computed. */
  tokenMs: constant,
  /** For each pair of a prompt's token and one before it that it attends to. */
  tokenPairMs: constant,
  /** Reading the weights, while which its tokens are computed. */
  weightsMs: constant,
  /** The least that a step takes in which a prompt is read: it is launched piece by piece where one that only writes is a single graph. */
  prefillLeastMs: constant,
  /** For each step, beside its work: the host's scheduling and launches. A calibration cannot tell it from the weights and has 0. */
  overheadMs: constant,
  /** For each token of context that a sequence has in its KV cache. */
  contextTokenMs: constant,
  /** For each token, beside its computation: sending it between the GPUs that share the model. A calibration has it in its other constants. */
  tokenLinkMs: constant.default(0),
  /** For each sequence: the host's part, and sampling where that is not told by itself. */
  sequenceMs: constant,
  /** For each sequence: sampling, on the GPU. A calibration has it in `sequenceMs`. */
  samplingMs: constant.default(0),
  /** For each request, beside its steps: the API server, and putting the prompt into tokens. */
  requestMs: constant,
});
export type StepTimes = z.infer<typeof stepTimesSchema>;

/** One sequence's part in a step. */
export interface SequenceWork {
  /** Tokens computed in this step. */
  newTokens: Tokens;
  /** Tokens in its KV cache when the step is done. */
  contextTokens: Tokens;
  /** Whether it reads its prompt, rather than writing its next token. */
  prefill: boolean;
}

/** What a sequence adds to a step by itself, without its tokens' computation. */
export function ownMs(step: StepTimes, { newTokens, contextTokens, prefill }: SequenceWork): Milliseconds {
  const pairs = prefill ? newTokens * (contextTokens - newTokens / 2) : 0;
  return pairs * step.tokenPairMs + contextTokens * step.contextTokenMs + newTokens * step.tokenLinkMs + step.sequenceMs + step.samplingMs;
}

/** A roofline: its tokens are computed while its weights are read, whichever takes longer, and each sequence adds its own. */
export function stepMs(step: StepTimes, work: readonly SequenceWork[]): Milliseconds {
  let tokens = 0;
  let own = 0;
  let least = step.weightsMs;
  for (const each of work) {
    tokens += each.newTokens;
    own += ownMs(step, each);
    if (each.prefill) least = Math.max(least, step.prefillLeastMs);
  }
  return Math.max(tokens * step.tokenMs, least) + step.overheadMs + own;
}

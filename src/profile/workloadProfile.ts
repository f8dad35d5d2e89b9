/** Schema of `profiles/workload/`: how long the prompts and answers of some kind of use are. */
import { z } from 'zod';
import { sourced } from './sourced.ts';

/** Lengths in tokens, taken to be lognormal. */
const lengths = z.object({
  mean: sourced.refine(({ value }) => value >= 1, 'a mean length is at least 1 token'),
  /** Standard deviation of the lengths' natural logarithm. */
  sigma: sourced.refine(({ value }) => value >= 0, 'a deviation is not negative'),
});

export const workloadProfileSchema = z.object({
  kind: z.literal('workload'),
  id: z.string().regex(/^[a-z0-9.-]+$/),
  name: z.string(),
  aliases: z.array(z.string()),
  /** The spread is not known of all. A server gets its prompts from its clients: this is for those who load it. */
  promptTokens: lengths.partial({ sigma: true }).optional(),
  /** The token that ends an answer included. */
  answerTokens: lengths,
});
export type WorkloadProfile = z.infer<typeof workloadProfileSchema>;

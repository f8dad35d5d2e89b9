/** Schema of `profiles/engine/`: which scheduler a serving engine has, and what its host takes for a step. */
import { z } from 'zod';
import { sourced } from './sourced.ts';

export const engineProfileSchema = z.object({
  kind: z.literal('engine'),
  id: z.string().regex(/^[a-z0-9.-]+$/),
  name: z.string(),
  aliases: z.array(z.string()),
  /** V0 reads whole prompts before anyone goes on writing; V1 mixes both within a budget of tokens. */
  scheduler: z.enum(['v0', 'v1']),
  /** The host's time for each step, in which the GPU waits. */
  stepMs: sourced,
  /** For each of the model's layers, in each step. */
  layerMs: sourced.optional(),
  /** The least that a step takes in which a prompt is read, for each of the model's layers: where it is launched piece by piece, however little there is to compute. */
  prefillLayerMs: sourced.optional(),
  /** For each sequence, in each step. */
  sequenceMs: sourced.optional(),
  /** For each sequence, in each step, on the GPU: choosing its token among all that the model knows. */
  samplingMs: sourced.optional(),
  /** For each request, beside its steps: the API server, and putting the prompt into tokens. */
  requestMs: sourced.optional(),
});
export type EngineProfile = z.infer<typeof engineProfileSchema>;

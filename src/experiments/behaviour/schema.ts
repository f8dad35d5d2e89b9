/** Schema of `profiles/behaviour/`: how agents behave on a benchmark, as far as a server without a model must know it. */
import { z } from 'zod';
import { sourced } from '../../profile/sourced.ts';

const count = sourced.refine(({ value }) => Number.isInteger(value) && value >= 0, 'a count is a whole number');
const tokens = sourced.refine(({ value }) => value >= 1, 'a length is at least 1 token');
const share = sourced.refine(({ value }) => value >= 0 && value <= 1, 'a share is between 0 and 1');

/** Lengths in tokens, taken to be lognormal. */
const lengths = z.object({
  mean: tokens,
  /** Standard deviation of the lengths' natural logarithm. */
  sigma: sourced.refine(({ value }) => value >= 0, 'a deviation is not negative'),
});
export type Lengths = z.infer<typeof lengths>;

const successSchema = z.object({
  /** Tasks that Reflexion solves if it may try for ever. */
  reflexion: share,
  /** Tasks that LATS solves if it may search for ever. */
  lats: share,
  /** Attempts that end with the right answer, of those at a task that can be solved. */
  perAttempt: share,
  /** Answers of a tree's leaves that are right, of those to a task that can be solved. */
  perLeaf: share,
});

export const behaviourSchema = z.object({
  kind: z.literal('behaviour'),
  /** The benchmark's. */
  id: z.string().regex(/^[a-z0-9.-]+$/),
  name: z.string(),
  /** The task's own words in a prompt; nobody else's begin with them. */
  taskTokens: tokens,
  tool: z.object({
    seconds: sourced,
    /** Of the logarithm of its seconds. */
    sigma: sourced,
    resultTokens: lengths,
  }),
  /** A call of the model that each call of the tool begins with. */
  testWriting: z.object({ instructionTokens: tokens, answerTokens: lengths }).optional(),
  cot: z.object({ promptTokens: tokens, answerTokens: lengths }).optional(),
  /** A thought and an action, as ReAct, Reflexion and LATS make them. */
  step: z.object({
    instructionTokens: tokens,
    exampleTokens: tokens,
    /** Worked examples in the prompt. */
    examples: count,
    answerTokens: lengths,
    /** Calls of the model in an attempt that nothing cuts short, the one that answers included. */
    meanCalls: sourced.refine(({ value }) => value >= 1, 'an attempt has at least one call'),
  }),
  react: z.object({ mostCalls: count }),
  reflexion: z.object({ mostCalls: count, reflections: count, instructionTokens: tokens, answerTokens: lengths }),
  lats: z.object({
    children: count,
    iterations: count,
    depth: count,
    rolloutDepth: count,
    reflections: count,
    value: z.object({ instructionTokens: tokens, answerTokens: lengths }),
  }),
  llmcompiler: z
    .object({
      planner: z.object({ instructionTokens: tokens, answerTokens: lengths }),
      joiner: z.object({ instructionTokens: tokens, answerTokens: lengths }),
      /** Tool calls in a plan. */
      meanTasks: sourced,
      /** Tasks that wait for the one before them. */
      dependent: share,
      /** Plans that another one follows. */
      replan: share,
      mostPlans: count,
    })
    .optional(),
  success: z.object({ '8B': successSchema, '70B': successSchema }),
});
export type Behaviour = z.infer<typeof behaviourSchema>;

/** How single chat turns behave. */
export const chatBehaviourSchema = z.object({
  kind: z.literal('chat-behaviour'),
  id: z.string(),
  name: z.string(),
  /** Tokens that every chat begins with. */
  commonTokens: tokens,
  promptTokens: lengths,
  answerTokens: lengths,
});
export type ChatBehaviour = z.infer<typeof chatBehaviourSchema>;

/** The models that behaviour is known of. */
export type ModelSize = keyof Behaviour['success'];

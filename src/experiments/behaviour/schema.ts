/** Schema of `profiles/behaviour/`: how agents behave on a benchmark, as far as a server without a model must know it. */
import { z } from 'zod';
import { sourced } from '../../profile/sourced.ts';

const count = sourced.refine(({ value }) => Number.isInteger(value) && value >= 0, 'a count is a whole number');
const tokens = sourced.refine(({ value }) => value >= 1, 'a length is at least 1 token');
const share = sourced.refine(({ value }) => value >= 0 && value <= 1, 'a share is between 0 and 1');

/** Lengths in tokens, or calls, taken to be lognormal. */
const lengths = z.object({
  mean: tokens,
  /** Standard deviation of the lengths' natural logarithm. */
  sigma: sourced.refine(({ value }) => value >= 0, 'a deviation is not negative'),
});
export type Lengths = z.infer<typeof lengths>;

/** How many tasks are solved by so many answers, when one right one is enough. */
const solvedBy = z.object({ solved: share, tries: count });

const successSchema = z.object({
  /** Tasks whose first answer is right. */
  firstTry: share,
  /** By attempts with what was learnt from those before. */
  reflexion: solvedBy,
  /** By answers of a tree's leaves. */
  lats: solvedBy,
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
  /** A call of the model that writes the tests which the tool runs. */
  testWriting: z.object({ instructionTokens: tokens, answerTokens: lengths }).optional(),
  cot: z.object({ promptTokens: tokens, answerTokens: lengths }).optional(),
  /** A thought and an action, as ReAct, Reflexion and LATS make them. */
  step: z.object({
    instructionTokens: tokens,
    exampleTokens: tokens,
    /** Worked examples in ReAct's prompt. */
    examples: count,
    answerTokens: lengths,
    /** Calls of the model in an attempt that comes to an answer, the one that answers included. */
    calls: lengths,
    /** Of attempts that come to no right answer, those that come to none at all and use up whatever calls they may make. */
    stuck: share.refine(({ value }) => value > 0, 'some attempts come to no answer'),
  }),
  react: z.object({ mostCalls: count }),
  reflexion: z.object({ mostCalls: count, reflections: count, examples: count, instructionTokens: tokens, answerTokens: lengths }),
  lats: z.object({
    children: count,
    iterations: count,
    depth: count,
    examples: count,
    /** How steps are followed downwards and valued; not where tests tell how good a whole solution is. */
    steps: z
      .object({
        /** Candidates of a step of the way down. */
        rolloutChildren: count,
        rolloutDepth: count,
        reflections: count,
        value: z.object({ instructionTokens: tokens, answerTokens: lengths }),
      })
      .optional(),
  }),
  llmcompiler: z
    .object({
      planner: z.object({ instructionTokens: tokens, answerTokens: lengths }),
      joiner: z.object({ instructionTokens: tokens, answerTokens: lengths }),
      /** What its tools return, where that differs from the others'. */
      resultTokens: lengths.optional(),
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
export type LatsSteps = NonNullable<Behaviour['lats']['steps']>;

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

/** What the agents' program writes of each task with `--results`, a line of JSON each. */
import { z } from 'zod';

export const taskResultSchema = z.object({
  id: z.string(),
  question: z.string(),
  /** Milliseconds since 1970, by this machine's clock; scoring is not in it. */
  startedAt: z.number(),
  endedAt: z.number(),
  /** Null where there is none. */
  answer: z.string().nullable(),
  /** By the benchmark's main metric, from 0 to 1. */
  score: z.number().nullable(),
  /** Its other metrics, by their names. */
  parts: z.record(z.string(), z.number()),
  /** Why the agent ended; `failed`: the model's server or a tool's world could not be used. */
  end: z.enum(['answered', 'budget', 'context', 'failed']),
  /** Of the trajectory that led to the answer. */
  steps: z.int(),
  modelCalls: z.int().nullable(),
  toolCalls: z.int().nullable(),
  error: z.string().nullable(),
});
export type TaskResult = z.infer<typeof taskResultSchema>;

/** The run as a whole: the first line. */
export const runPlanSchema = z.object({
  agent: z.string(),
  benchmark: z.string(),
  model: z.string(),
  toolCalling: z.enum(['text', 'native']),
  budget: z.object({ iterations: z.int(), reflections: z.int(), children: z.int(), rollouts: z.int(), fewShot: z.int() }),
  /** How many tasks will be worked on. */
  tasks: z.int(),
  /** Where they come from, and what holds for results with them. */
  items: z.string(),
  notes: z.array(z.string()),
});
export type RunPlan = z.infer<typeof runPlanSchema>;

/** Reads as much of a results file as is written; the last line may still be incomplete. @throws ZodError when it is something else */
export function parseResults(text: string): { plan: RunPlan | null; results: TaskResult[] } {
  const lines = text.split('\n').slice(0, -1);
  const [first, ...others] = lines.map((line): unknown => JSON.parse(line));
  return { plan: first === undefined ? null : runPlanSchema.parse(first), results: z.array(taskResultSchema).parse(others) };
}

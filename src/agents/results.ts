/** What the agents' program writes of each task with `--results`, a line of JSON each. */
import { z } from 'zod';

const toolUseSchema = z.object({ name: z.string(), startedAt: z.number(), endedAt: z.number() });
export type ToolUse = z.infer<typeof toolUseSchema>;

export const taskResultSchema = z.object({
  id: z.string(),
  /** Which of the run's tasks it is, from 1: its item's place, or the request's where items come again and again. */
  number: z.int(),
  /** Run to warm the server up, and not to be measured. */
  warmUp: z.boolean(),
  question: z.string(),
  /** When it was to begin, where it came at a time of its own; null where it began when a client was free. */
  scheduledAt: z.number().nullable(),
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
  /** It failed because the run was stopped: it was not worked on. */
  interrupted: z.boolean(),
  /** Where it was traced, as tasks at once are: ids of its trace and of the trace's outermost span, and when its tools were at work. */
  trace: z.object({ traceId: z.string(), spanId: z.string(), toolUses: z.array(toolUseSchema) }).nullable(),
});
export type TaskResult = z.infer<typeof taskResultSchema>;

/** The run as a whole: the first line. */
export const runPlanSchema = z.object({
  /** When the first task was about to begin, in milliseconds since 1970. */
  startedAt: z.number(),
  agent: z.string(),
  benchmark: z.string(),
  model: z.string(),
  toolCalling: z.enum(['text', 'native']),
  budget: z.object({ iterations: z.int(), reflections: z.int(), children: z.int(), rollouts: z.int(), fewShot: z.int() }),
  /** How requests come: from so many clients, each of which asks again when it is answered, or at a rate. */
  load: z.union([z.object({ clients: z.int() }), z.object({ perSecond: z.number() })]),
  seed: z.int(),
  shard: z.object({ index: z.int(), count: z.int() }),
  /** How many tasks will be worked on, without those that warm up. */
  tasks: z.int(),
  warmUp: z.int(),
  /** When the last of them comes, in milliseconds from the start, where they come at a rate. */
  lastArrivalMs: z.number().nullable(),
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

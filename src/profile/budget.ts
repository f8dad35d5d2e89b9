/** A budget for runs, as `agent-cost check` reads it: limits, each at most, by the names of figures. */
import { z } from 'zod';

/** A number of tokens or things, or a quantity with its unit: `20 s`, `0.5 Wh`, `$0.05`, `12k`. */
const limitSchema = z.union([z.number().min(0), z.string()]);
const limitsSchema = z.record(z.string(), limitSchema);

export const budgetSchema = z.strictObject({
  $schema: z.string().optional(),
  /** Of the run. */
  totals: limitsSchema.optional(),
  /** By `agent.py:88`, `agent.py:think` (a function) or `agent.py` (all of its lines that call). */
  lines: z.record(z.string(), limitsSchema).optional(),
  /** By the tool's name; `*` is each tool. */
  tools: z.record(z.string(), limitsSchema).optional(),
});
export type Budget = z.infer<typeof budgetSchema>;
export type BudgetLimits = z.infer<typeof limitsSchema>;

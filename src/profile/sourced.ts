/** A number in a profile, which never goes without where it was read. */
import { z } from 'zod';

export const sourced = z.object({
  value: z.number(),
  /** Where the value was read: a datasheet, a paper and its table, or `fitted: …` / `assumed: …` / `derived: …` and why. */
  source: z.string().min(1),
});

/** How a run's energy is charged to its calls, and what turns it and tokens into carbon and money. */
import { z } from 'zod';
import type { ApiPriceProfile } from './priceProfiles.ts';

/**
 * Whose the energy is that a busy GPU draws, and an idle one.
 *
 * - `proportional`: what it draws while it works goes to the calls at work, by the work of each; what it draws idle stays apart.
 * - `marginal`: the calls get what it draws above idle; what it would have drawn anyway stays apart.
 * - `amortized`: the calls get all, the idle energy in proportion to their own.
 *
 * Whatever the policy, calls, idle and foreign sum to what was drawn.
 */
export const energyPolicySchema = z.enum(['proportional', 'marginal', 'amortized']);
export type EnergyPolicy = z.infer<typeof energyPolicySchema>;

/** What is drawn beside the GPUs, as a factor of their energy (hosts), or of that and the hosts' (data centre). */
export const overheadSchema = z.object({ of: z.enum(['host', 'pue']), name: z.string(), factor: z.number(), source: z.string() });
export type Overhead = z.infer<typeof overheadSchema>;

/** The electricity that was used: g CO2e for each kWh. */
export const gridSchema = z.object({ name: z.string(), gramsPerKwh: z.number(), source: z.string() });
export type Grid = z.infer<typeof gridSchema>;

/** What is chosen when a recording is analysed, rather than recorded with it. */
export interface Accounting {
  policy: EnergyPolicy;
  /** At most one of each kind. */
  overheads: readonly Overhead[];
  /** Null: not known where the electricity came from, and so no carbon. */
  grid: Grid | null;
  apiPrices: readonly ApiPriceProfile[];
  /** What was chosen and cannot be used, in words for the user. */
  problems: readonly string[];
}

export const DEFAULT_ACCOUNTING: Accounting = { policy: 'proportional', overheads: [], grid: null, apiPrices: [], problems: [] };

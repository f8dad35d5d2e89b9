/** How a run's energy is charged to its calls. */
import { z } from 'zod';

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

/** What is chosen when a recording is analysed, rather than recorded with it. */
export interface Accounting {
  policy: EnergyPolicy;
}

export const DEFAULT_ACCOUNTING: Accounting = { policy: 'proportional' };

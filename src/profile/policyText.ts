/** Energy policies for people. */
import type { EnergyPolicy } from './accounting.ts';

/** The policy in a few words, for beside a figure. */
export const POLICY_TEXTS: Readonly<Record<EnergyPolicy, string>> = {
  proportional: 'calls by their work, idle apart',
  marginal: 'calls only above idle',
  amortized: 'idle charged to the calls',
};

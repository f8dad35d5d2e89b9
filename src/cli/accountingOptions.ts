/** The options that say how a run's energy is charged, which every verb has that shows figures of it. */
import { type Command, Option } from 'commander';
import { DEFAULT_ACCOUNTING, energyPolicySchema, type Accounting, type EnergyPolicy } from '../profile/accounting.ts';

export interface AccountingFlags {
  energyPolicy: EnergyPolicy;
}

export function addAccountingOptions(command: Command): Command {
  const policy = "whose the GPU's energy is: proportional (calls by their work, idle apart), marginal (calls get what is above idle), amortized (calls get all)";
  return command.addOption(new Option('--energy-policy <policy>', policy).choices(energyPolicySchema.options).default(DEFAULT_ACCOUNTING.policy));
}

export function accounting({ energyPolicy }: AccountingFlags): Accounting {
  return { policy: energyPolicy };
}

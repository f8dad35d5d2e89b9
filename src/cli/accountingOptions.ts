/** The options that say how a run's energy is charged and what it is multiplied by, which every verb has that shows figures of it. */
import { type Command, Option } from 'commander';
import { DEFAULT_ACCOUNTING, energyPolicySchema, type Accounting, type EnergyPolicy } from '../profile/accounting.ts';
import { accountingOf } from '../profiler/accountingChoice.ts';
import { UsageError } from './usageError.ts';

export interface AccountingFlags {
  energyPolicy: EnergyPolicy;
  hostEnergy?: string;
  pue?: string;
  grid?: string;
}

export function addAccountingOptions(command: Command): Command {
  const policy = "whose the GPU's energy is: proportional (calls by their work, idle apart), marginal (calls get what is above idle), amortized (calls get all)";
  return command
    .addOption(new Option('--energy-policy <policy>', policy).choices(energyPolicySchema.options).default(DEFAULT_ACCOUNTING.policy))
    .option('--host-energy <name|factor>', "also tell the energy with the hosts' processors and memory: gemini, or a factor of the GPUs' energy such as 1.4")
    .option('--pue <name|factor>', "also tell the energy with the data centre's cooling and losses: google, aws, azure, average, or a factor such as 1.2")
    .option('--grid <zone|number>', 'where the electricity comes from, for its carbon: a country (DE, Germany), a state of the USA (US-CA), or g CO2e per kWh');
}

/** @throws UsageError for a name that is not known or a number that cannot be */
export function accounting({ energyPolicy, hostEnergy = '', pue = '', grid = '' }: AccountingFlags): Accounting {
  const chosen = accountingOf({ policy: energyPolicy, hostEnergy, pue, grid });
  const [problem] = chosen.problems;
  if (problem !== undefined) throw new UsageError(problem.replaceAll('`', ''));
  return chosen;
}

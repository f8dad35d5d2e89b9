/** How energy is charged and what it is multiplied by, as the settings say now. */
import type { Accounting } from '../profile/accounting.ts';
import { accountingOf } from '../profiler/accountingChoice.ts';
import { accountingChoice } from './choices.ts';
import { rawSettings } from './settings.ts';

export function chosenAccounting(): Accounting {
  return accountingOf(accountingChoice(rawSettings()));
}

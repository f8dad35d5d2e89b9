/** Settings that choose how something looks or is counted: a wrong value counts as the default, for it must not keep anything from showing. */
import { energyPolicyValues, lensCostValues, lensShowValues, openOnRunValues, settingDefaults, type SettingId, type SettingTypes } from '../contributions.ts';
import type { AccountingChoice } from '../profiler/accountingChoice.ts';
import type { LensOptions } from '../profile/formatValue.ts';

/** Settings as VS Code hands them over: unchecked. */
export type RawSettings = Partial<Record<SettingId, unknown>>;

/** Whether lines that only lead to calls have a lens, too. */
export function lensesOnCallers(raw: RawSettings): boolean {
  return booleanOr(raw, 'agentCost.lens.callers');
}

/** Whether lenses say what changed since the run before. */
export function lensesWithChange(raw: RawSettings): boolean {
  return booleanOr(raw, 'agentCost.lens.change');
}

export function lensSettings(raw: RawSettings): LensOptions {
  return { show: knownOr(raw, 'agentCost.lens.show', lensShowValues), cost: knownOr(raw, 'agentCost.lens.cost', lensCostValues) };
}

/** What is opened when a run starts. */
export function openOnRun(raw: RawSettings): SettingTypes['agentCost.timeline.openOnRun'] {
  return knownOr(raw, 'agentCost.timeline.openOnRun', openOnRunValues);
}

/** How energy is charged and what it is multiplied by, as it was typed. */
export function accountingChoice(raw: RawSettings): AccountingChoice {
  const typed = (id: 'agentCost.accounting.hostEnergy' | 'agentCost.accounting.pue' | 'agentCost.accounting.grid'): string => (typeof raw[id] === 'string' ? raw[id] : settingDefaults[id]);
  return {
    policy: knownOr(raw, 'agentCost.accounting.energyPolicy', energyPolicyValues),
    hostEnergy: typed('agentCost.accounting.hostEnergy'),
    pue: typed('agentCost.accounting.pue'),
    grid: typed('agentCost.accounting.grid'),
  };
}

function booleanOr(raw: RawSettings, id: 'agentCost.lens.callers' | 'agentCost.lens.change'): boolean {
  const value = raw[id];
  return typeof value === 'boolean' ? value : settingDefaults[id];
}

function knownOr<Id extends SettingId>(raw: RawSettings, id: Id, values: readonly SettingTypes[Id][]): SettingTypes[Id] {
  return values.find((known) => known === raw[id]) ?? settingDefaults[id];
}

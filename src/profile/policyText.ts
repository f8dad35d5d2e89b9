/** Energy policies for people. */
import * as l10n from '@vscode/l10n';
import type { EnergyPolicy } from './accounting.ts';

/** The policy in a few words, for beside a figure. */
export const POLICY_TEXTS: Readonly<Record<EnergyPolicy, string>> = {
  proportional: l10n.t('calls by their work, idle apart'),
  marginal: l10n.t('calls only above idle'),
  amortized: l10n.t('idle charged to the calls'),
};

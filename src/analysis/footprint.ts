/** From the GPUs' energy to that of a wider boundary, and to carbon: multipliers with a named source, and no more. */
import * as l10n from '@vscode/l10n';
import type { Accounting } from '../profile/accounting.ts';
import type { Report } from '../profile/report.ts';
import type { WattHours } from '../profile/units.ts';

const GRAMS_PER_KWH_TO_WH = 1 / 1000;

/** What is inside of the boundary: `GPU`, `GPU + host`, `GPU + host + data centre`. */
export function boundaryText(overheads: Accounting['overheads']): string {
  return ['GPU', ...(overheads.some(({ of }) => of === 'host') ? [l10n.t('host')] : []), ...(overheads.some(({ of }) => of === 'pue') ? [l10n.t('data centre')] : [])].join(' + ');
}

/** @param own the run's energy, others' on the same GPUs left out; null where it is not known */
export function footprint(own: WattHours | null, { overheads, grid }: Accounting): Report['totals']['footprint'] {
  const energyWh = own === null ? null : overheads.reduce((energy, { factor }) => energy * factor, own);
  return { energyWh, carbonG: energyWh === null || grid === null ? null : energyWh * grid.gramsPerKwh * GRAMS_PER_KWH_TO_WH };
}

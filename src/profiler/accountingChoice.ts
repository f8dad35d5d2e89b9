/** From what a user typed about overheads and electricity to the multipliers, each with its source. */
import type { Accounting, EnergyPolicy, Grid, Overhead } from '../profile/accounting.ts';
import { nearNames } from '../profile/nearNames.ts';
import type { Catalog } from '../simulator/catalog.ts';
import { knownProfiles } from './hardware.ts';

export interface AccountingChoice {
  policy: EnergyPolicy;
  /** A profile's name or a factor; empty for none. */
  hostEnergy: string;
  pue: string;
  /** A zone, or g CO2e per kWh; empty where it is not known. */
  grid: string;
}

const GIVEN = 'given by you';
/** No data centre's and no server's is known to be larger. */
const LARGEST_FACTOR = 10;
/** Coal's is about 1,000 g. */
const LARGEST_INTENSITY = 5000;

/** The accounting; what cannot be used is left out and told in `problems`. */
export function accountingOf({ policy, hostEnergy, pue, grid }: AccountingChoice): Accounting {
  const known = knownProfiles();
  const problems: string[] = [];
  const chosen = <T>(text: string, read: (text: string) => T | string): T[] => {
    if (text.trim() === '') return [];
    const found = read(text.trim());
    if (typeof found !== 'string') return [found];
    problems.push(found);
    return [];
  };
  return {
    policy,
    overheads: [...chosen(hostEnergy, (text) => overhead('host', text, known)), ...chosen(pue, (text) => overhead('pue', text, known))],
    grid: chosen(grid, (text) => gridOf(text, known))[0] ?? null,
    apiPrices: known.apiPrices(),
    problems,
  };
}

/** Or what is wrong with it. */
function overhead(of: Overhead['of'], text: string, known: Catalog): Overhead | string {
  const factor = Number(text);
  const option = of === 'host' ? '--host-energy' : '--pue';
  if (!Number.isNaN(factor)) {
    if (factor >= 1 && factor <= LARGEST_FACTOR) return { of, name: of === 'host' ? 'hosts' : 'PUE', factor, source: GIVEN };
    return `\`${option}\` takes a factor from 1 to ${LARGEST_FACTOR}, or a name, not ${text}.`;
  }
  const profile = known.overhead(of, text);
  if (profile !== null) return { of, name: profile.name, factor: profile.factor.value, source: profile.factor.source };
  const names = known.list().flatMap((each) => (each.kind === 'overhead' && each.of === of ? each.aliases : []));
  return `\`${option}\` knows no "${text}". Use ${names.join(', ')}, or a factor such as 1.2.`;
}

/** Or what is wrong with it. */
function gridOf(text: string, known: Catalog): Grid | string {
  const grams = Number(text);
  if (!Number.isNaN(grams)) {
    if (grams >= 0 && grams <= LARGEST_INTENSITY) return { name: 'electricity', gramsPerKwh: grams, source: GIVEN };
    return `\`--grid\` takes g CO₂e per kWh from 0 to ${LARGEST_INTENSITY}, or a zone, not ${text}.`;
  }
  const zones = known.grids().flatMap((grid) => Object.entries(grid.gramsPerKwh).map(([code, zone]) => ({ code, zone, grid })));
  const wanted = new Set([text, countryOf(text) ?? text].map((name) => name.toLowerCase()));
  const found = zones.find(({ code, zone }) => wanted.has(code.toLowerCase()) || wanted.has(zone.name.toLowerCase()));
  if (found !== undefined) return { name: `${found.zone.name} ${found.zone.year}`, gramsPerKwh: found.zone.value, source: found.grid.source };
  const near = nearNames(text, zones.map(({ zone }) => zone.name));
  return `\`--grid\` knows no zone "${text}". ${near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'Use a country (DE, DEU or Germany), a state of the USA (US-CA), or g CO₂e per kWh.'}`;
}

/** The English name of a country by its code of two letters. */
function countryOf(text: string): string | null {
  return /^[a-z]{2}$/i.test(text) ? (new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' }).of(text.toUpperCase()) ?? null) : null;
}

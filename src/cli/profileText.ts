/** What a profile says in the terminal: each value with its source, and what is not computed for want of others. */
import type { GpuProfile } from '../profile/hardwareProfiles.ts';
import type { ApiPriceProfile, GridProfile, TokenRates } from '../profile/priceProfiles.ts';
import type { Catalog, HardwareProfile } from '../simulator/catalog.ts';
import { alignColumns } from '../profile/alignColumns.ts';

interface SourcedValue {
  value: unknown;
  source: string;
}

function isSourced(value: unknown): value is SourcedValue {
  return typeof value === 'object' && value !== null && 'value' in value && 'source' in value;
}

/** The values in it, those of `experts` and the like as `experts.perToken`. */
function sourcedValues(of: object, prefix = ''): [name: string, value: SourcedValue][] {
  return Object.entries(of).flatMap(([name, value]: [string, unknown]): [string, SourcedValue][] => {
    if (isSourced(value)) return [[`${prefix}${name}`, value]];
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? sourcedValues(value, `${prefix}${name}.`) : [];
  });
}

function valueText(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return value.map((pair) => (Array.isArray(pair) ? pair.join(': ') : String(pair))).join(', ');
}

/** The whole profile, a line for each value. */
export function profileText(profile: HardwareProfile, known: Catalog): string[] {
  const aliases = 'aliases' in profile && profile.aliases.length > 0 ? [`also ${profile.aliases.join(', ')}`] : [];
  return [`${profile.name} (${profile.kind} profile ${profile.id})`, ...aliases, ...valueLines(profile), ...notComputed(profile, known).map((lack) => `not computed: ${lack}`)];
}

function valueLines(profile: HardwareProfile): string[] {
  if (profile.kind === 'api-price') return apiPriceLines(profile);
  if (profile.kind === 'grid') return gridLines(profile);
  return alignColumns(sourcedValues(profile).map(([name, { value, source }]) => [name, valueText(value), source]), ['left', 'left', 'left']);
}

function apiPriceLines({ hosts, read, source, usdPerMillionTokens }: ApiPriceProfile): string[] {
  const rates = ({ input, cachedInput, output }: TokenRates): string[] => [String(input), cachedInput === undefined ? '' : String(cachedInput), String(output)];
  const rows = Object.entries(usdPerMillionTokens).flatMap(([model, price]) => [
    [model, ...rates(price), ''],
    ...(price.above === undefined ? [] : [['', ...rates(price.above), `above ${price.above.promptTokens} prompt tokens`]]),
    ...(price.hours ?? []).map((hours) => ['', ...rates(hours), `${hours.fromUtc}–${hours.untilUtc} UTC`]),
  ]);
  return [`calls to ${hosts.join(', ')}; read ${read}: ${source}`, ...alignColumns([['USD per million tokens', 'input', 'cached', 'output', ''], ...rows], ['left', 'right', 'right', 'right', 'left'])];
}

function gridLines({ read, source, gramsPerKwh }: GridProfile): string[] {
  const rows = Object.entries(gramsPerKwh).map(([code, { name, value, year }]) => [code, name, String(value), String(year)]);
  return [`read ${read}: ${source}`, ...alignColumns([['zone', '', 'g/kWh', 'year'], ...rows], ['left', 'left', 'right', 'left'])];
}

/** What the profile has no values for, and which. */
export function notComputed(profile: HardwareProfile, known: Catalog): string[] {
  const lacks = profile.kind === 'gpu' ? gpuLacks(profile, known) : profile.kind === 'model' ? ([["several GPUs' exchange", missing(profile, ['hiddenSize'])]] satisfies Lack[]) : [];
  return lacks.flatMap(([what, values]) => (values.length === 0 ? [] : [`${what} (no ${values.join(', ')})`]));
}

type Lack = [what: string, values: string[]];

function missing<T extends object>(profile: T, names: readonly (keyof T & string)[]): string[] {
  return names.filter((name) => profile[name] === undefined);
}

function gpuLacks(gpu: GpuProfile, known: Catalog): Lack[] {
  const decodes = gpu.decodeWatts !== undefined || gpu.decodeWattsByBatch !== undefined;
  return [
    ['simulation', gpu.calibration === undefined ? missing(gpu, ['prefillMfu', 'decodeBandwidthEfficiency', 'memoryGB']) : []],
    ['energy of calls', [...missing(gpu, ['prefillWatts']), ...(decodes ? [] : ['decodeWatts'])]],
    ['idle energy', missing(gpu, ['idleWatts'])],
    ["several GPUs' exchange", gpu.calibration === undefined ? missing(gpu, ['linkGBps', 'linkEfficiency', 'allReduceUs']) : []],
    ['money', known.price(gpu.id) === null ? ['price of its hours'] : []],
  ];
}

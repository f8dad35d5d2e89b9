/** What a profile says in the terminal: each value with its source, and what is not computed for want of others. */
import type { HardwareProfile } from '../simulator/catalog.ts';
import { alignColumns } from './alignColumns.ts';

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
export function profileText(profile: HardwareProfile): string[] {
  const rows = sourcedValues(profile).map(([name, { value, source }]) => [name, valueText(value), source]);
  const aliases = 'aliases' in profile && profile.aliases.length > 0 ? [`also ${profile.aliases.join(', ')}`] : [];
  return [`${profile.name} (${profile.kind} profile ${profile.id})`, ...aliases, ...alignColumns(rows, ['left', 'left', 'left']), ...notComputed(profile).map((lack) => `not computed: ${lack}`)];
}

/** What the profile has no values for, and which. */
export function notComputed(profile: HardwareProfile): string[] {
  if (profile.kind !== 'gpu') return [];
  const missing = (names: readonly (keyof typeof profile)[]) => names.filter((name) => profile[name] === undefined);
  const decodes = profile.decodeWatts !== undefined || profile.decodeWattsByBatch !== undefined;
  const lacks: [what: string, values: string[]][] = [
    ['simulation', profile.calibration === undefined ? missing(['prefillMfu', 'decodeBandwidthEfficiency', 'memoryGB']) : []],
    ['energy of calls', [...missing(['prefillWatts']), ...(decodes ? [] : ['decodeWatts'])]],
    ['idle energy', missing(['idleWatts'])],
    ["several GPUs' exchange", missing(['linkGBps', 'linkEfficiency', 'allReduceUs'])],
  ];
  return lacks.flatMap(([what, values]) => (values.length === 0 ? [] : [`${what} (no ${values.join(', ')})`]));
}

/** Hardware, model, engine and price profiles: those that ship with the product, the reader of users' own files, and finding one by its name. */
import { z } from 'zod';
import { engineProfileSchema, type EngineProfile } from '../profile/engineProfile.ts';
import { gpuProfileSchema, modelProfileSchema, priceProfileSchema, type GpuProfile, type ModelProfile, type PriceProfile } from '../profile/hardwareProfiles.ts';
import { apiPriceProfileSchema, gridProfileSchema, overheadProfileSchema, type ApiPriceProfile, type GridProfile, type OverheadProfile } from '../profile/priceProfiles.ts';
import { workloadProfileSchema, type WorkloadProfile } from '../profile/workloadProfile.ts';
import { API_PRICE_FILES, ENGINE_FILES, GPU_FILES, GRID_FILES, MODEL_FILES, OVERHEAD_FILES, PRICE_FILES, WORKLOAD_FILES } from './shippedProfiles.ts';

const profileSchema = z.discriminatedUnion('kind', [gpuProfileSchema, modelProfileSchema, engineProfileSchema, priceProfileSchema, apiPriceProfileSchema, gridProfileSchema, overheadProfileSchema, workloadProfileSchema]);
export const PROFILE_KINDS = ['gpu', 'model', 'engine', 'price', 'api-price', 'grid', 'overhead', 'workload'] as const satisfies HardwareProfile['kind'][];
export type HardwareProfile = z.infer<typeof profileSchema>;

/** Raised for a profile that does not fit its schema; the message names the file, the field and what is wrong there. */
export class ProfileError extends Error {
  constructor(where: string, problems: string[]) {
    super(`${where} is not a valid profile: ${problems.join('; ')}.`);
    this.name = 'ProfileError';
  }
}

/**
 * Reads one profile from parsed JSON or from JSON text.
 * @param where how the message calls it, for instance the file's path
 * @throws ProfileError
 */
export function parseProfile(json: unknown, where = 'the profile'): HardwareProfile {
  let value = json;
  if (typeof json === 'string') {
    try {
      value = JSON.parse(json);
    } catch (error) {
      throw new ProfileError(where, [`not JSON (${error instanceof Error ? error.message : String(error)})`]);
    }
  }
  const result = profileSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) =>
    issue.path.join('.') === 'kind' ? `kind: must be ${PROFILE_KINDS.map((kind) => `"${kind}"`).join(', ').replace(/, ([^,]*)$/, ' or $1')}` : `${issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''}${issue.message}`,
  );
  throw new ProfileError(where, problems);
}

/** Profiles that are looked up by name. */
export interface Catalog {
  list: () => readonly HardwareProfile[];
  /** By id, name or alias (`a100`, `NVIDIA A100-SXM4-40GB`), in any case; null when there is none. */
  gpu: (nameOrAlias: string) => GpuProfile | null;
  /** By id, name or alias (`llama-3.1-8b`, `meta-llama/Llama-3.1-8B-Instruct`); null when there is none. */
  model: (nameOrAlias: string) => ModelProfile | null;
  /** By id, name or alias (`vllm-v0`, `v0`); null when there is none. */
  engine: (nameOrAlias: string) => EngineProfile | null;
  /** A list price for an hour of that GPU (by profile id); null when none is known. */
  price: (gpuId: string) => PriceProfile | null;
  /** List prices of hosted APIs. */
  apiPrices: () => readonly ApiPriceProfile[];
  /** Tables of carbon intensities. */
  grids: () => readonly GridProfile[];
  /** By id, name or alias, of that kind; null when there is none. */
  overhead: (of: OverheadProfile['of'], nameOrAlias: string) => OverheadProfile | null;
  /** By id, name or alias (`sharegpt`); null when there is none. */
  workload: (nameOrAlias: string) => WorkloadProfile | null;
}

/** A catalog of the profiles, of which an earlier one goes before a later one of the same name. */
export function createCatalog(profiles: readonly HardwareProfile[]): Catalog {
  const ofKind = <K extends HardwareProfile['kind']>(kind: K) => profiles.filter((profile): profile is Extract<HardwareProfile, { kind: K }> => profile.kind === kind);
  const gpus = ofKind('gpu');
  const models = ofKind('model');
  const engines = ofKind('engine');
  const prices = ofKind('price');
  return {
    list: () => profiles,
    gpu: (nameOrAlias) => findByName(gpus, nameOrAlias),
    model: (nameOrAlias) => findByName(models, nameOrAlias),
    engine: (nameOrAlias) => findByName(engines, nameOrAlias),
    price: (gpuId) => prices.find((price) => price.gpu === gpuId) ?? null,
    apiPrices: () => ofKind('api-price'),
    grids: () => ofKind('grid'),
    overhead: (of, nameOrAlias) => findByName(ofKind('overhead').filter((profile) => profile.of === of), nameOrAlias),
    workload: (nameOrAlias) => findByName(ofKind('workload'), nameOrAlias),
  };
}

/** Lower case, with every run of other characters as one dash: `NVIDIA A100-SXM4-40GB` and `a100 sxm4 40gb` compare by words. */
function normalized(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

function findByName<T extends { id: string; name: string; aliases: string[] }>(list: readonly T[], nameOrAlias: string): T | null {
  const wanted = normalized(nameOrAlias);
  return list.find((profile) => [profile.id, profile.name, ...profile.aliases].some((name) => normalized(name) === wanted)) ?? null;
}

/** Every profile that ships, GPUs first. */
export const SHIPPED_PROFILES: readonly HardwareProfile[] = [...GPU_FILES, ...MODEL_FILES, ...ENGINE_FILES, ...PRICE_FILES, ...API_PRICE_FILES, ...GRID_FILES, ...OVERHEAD_FILES, ...WORKLOAD_FILES].map((file) => profileSchema.parse(file));

/** Those that ship, alone. */
export const { list: listProfiles, gpu: findGpu, model: findModel, engine: findEngine, price: findPrice } = createCatalog(SHIPPED_PROFILES);

/** Whose scheduling and host time are simulated unless another is named: vLLM's of today. */
export const todaysEngine: EngineProfile = engineProfileSchema.parse(ENGINE_FILES[0]);

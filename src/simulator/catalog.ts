/** The hardware, model and price profiles that ship with the product, and the reader of users' own files. */
import { z } from 'zod';
import { gpuProfileSchema, modelProfileSchema, priceProfileSchema, type GpuProfile, type ModelProfile, type PriceProfile } from '../profile/hardwareProfiles.ts';
import { GPU_FILES, MODEL_FILES, PRICE_FILES } from './shippedProfiles.ts';

const profileSchema = z.discriminatedUnion('kind', [gpuProfileSchema, modelProfileSchema, priceProfileSchema]);
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
    issue.path.join('.') === 'kind' ? 'kind: must be "gpu", "model" or "price"' : `${issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''}${issue.message}`,
  );
  throw new ProfileError(where, problems);
}

const gpus: GpuProfile[] = GPU_FILES.map((profile) => gpuProfileSchema.parse(profile));
const models: ModelProfile[] = MODEL_FILES.map((profile) => modelProfileSchema.parse(profile));
const prices: PriceProfile[] = PRICE_FILES.map((profile) => priceProfileSchema.parse(profile));

/** Every profile that ships, GPUs first. */
export function listProfiles(): HardwareProfile[] {
  return [...gpus, ...models, ...prices];
}

/** Lower case, with every run of other characters as one dash: `NVIDIA A100-SXM4-40GB` and `a100 sxm4 40gb` compare by words. */
function normalized(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

function findByName<T extends { id: string; name: string; aliases: string[] }>(list: T[], nameOrAlias: string): T | null {
  const wanted = normalized(nameOrAlias);
  return list.find((profile) => [profile.id, profile.name, ...profile.aliases].some((name) => normalized(name) === wanted)) ?? null;
}

/** The GPU profile of that id, name or alias (`a100`, `NVIDIA A100-SXM4-40GB`), in any case; null when there is none. */
export function findGpu(nameOrAlias: string): GpuProfile | null {
  return findByName(gpus, nameOrAlias);
}

/** The model profile of that id, name or alias (`llama-3.1-8b`, `meta-llama/Llama-3.1-8B-Instruct`); null when there is none. */
export function findModel(nameOrAlias: string): ModelProfile | null {
  return findByName(models, nameOrAlias);
}

/** A public list price for an hour of that GPU (by profile id); null when none is known. */
export function findPrice(gpuId: string): PriceProfile | null {
  return prices.find((price) => price.gpu === gpuId) ?? null;
}

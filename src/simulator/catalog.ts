/** The hardware, model and price profiles that ship with the product, and the reader of users' own files. */
import { z } from 'zod';
import { gpuProfileSchema, modelProfileSchema, priceProfileSchema, type GpuProfile, type ModelProfile, type PriceProfile } from '../profile/hardwareProfiles.ts';
import a100With40GB from '../../profiles/gpu/a100-40gb.json' with { type: 'json' };
import a100With80GB from '../../profiles/gpu/a100-80gb.json' with { type: 'json' };
import h100 from '../../profiles/gpu/h100-80gb.json' with { type: 'json' };
import h200 from '../../profiles/gpu/h200-141gb.json' with { type: 'json' };
import l4 from '../../profiles/gpu/l4-24gb.json' with { type: 'json' };
import l40s from '../../profiles/gpu/l40s-48gb.json' with { type: 'json' };
import mi300x from '../../profiles/gpu/mi300x-192gb.json' with { type: 'json' };
import rtx4090 from '../../profiles/gpu/rtx-4090-24gb.json' with { type: 'json' };
import llama70b from '../../profiles/model/llama-3.1-70b-instruct.json' with { type: 'json' };
import llama8b from '../../profiles/model/llama-3.1-8b-instruct.json' with { type: 'json' };
import smollm2 from '../../profiles/model/smollm2-135m-instruct.json' with { type: 'json' };
import lambdaA100With40GB from '../../profiles/price/lambda-a100-40gb.json' with { type: 'json' };
import lambdaA100With80GB from '../../profiles/price/lambda-a100-80gb.json' with { type: 'json' };
import lambdaH100 from '../../profiles/price/lambda-h100-80gb.json' with { type: 'json' };

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

const gpus: GpuProfile[] = [a100With40GB, a100With80GB, h100, h200, l4, l40s, mi300x, rtx4090].map((profile) => gpuProfileSchema.parse(profile));
const models: ModelProfile[] = [llama8b, llama70b, smollm2].map((profile) => modelProfileSchema.parse(profile));
const prices: PriceProfile[] = [lambdaA100With40GB, lambdaA100With80GB, lambdaH100].map((profile) => priceProfileSchema.parse(profile));

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

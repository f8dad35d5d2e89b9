/**
 * What Zeus's daemon (`zeusd`, over TCP) answers about GPUs, as its HTTP API reference has it
 * (https://ml.energy/zeus/zeusd/api/): `/discover`, `/gpu/get_power`, `/gpu/get_cumulative_energy`.
 */
import { z } from 'zod';
import type { PolledGpu } from './gpuExporters.ts';

const MILLI = 1000;

const devicesSchema = z.object({
  gpus: z.array(z.object({ id: z.int().min(0), name: z.string().optional(), cumulative_energy_available: z.boolean().optional() })),
  enabled_api_groups: z.array(z.string()).optional(),
  auth_required: z.boolean().optional(),
});
const powerSchema = z.object({ power_mw: z.record(z.string(), z.number().min(0)) });
const energySchema = z.record(z.string(), z.object({ energy_mj: z.number().min(0) }));

export interface ZeusDevices {
  gpus: { index: number; name: string | null; hasCounter: boolean }[];
  /** Why its GPUs cannot be read, or null. */
  refusal: string | null;
}

/** The answer of `/discover`; null when it is none of zeusd's. Daemons before 0.5 say nothing of the energy counter: it is asked for. */
export function parseZeusDevices(json: unknown): ZeusDevices | null {
  const found = devicesSchema.safeParse(json);
  if (!found.success) return null;
  const { gpus, enabled_api_groups, auth_required } = found.data;
  const reads = enabled_api_groups === undefined || enabled_api_groups.includes('gpu-read');
  return {
    gpus: gpus.map(({ id, name, cumulative_energy_available }) => ({ index: id, name: name ?? null, hasCounter: cumulative_energy_available !== false })),
    refusal: auth_required === true ? 'it wants a token, which is not supported' : reads ? null : 'it runs without its gpu-read group',
  };
}

/** Paths that the GPUs are read by; the second only where they count energy. */
export function zeusPaths(gpus: readonly number[]): { power: string; energy: string } {
  const ids = `gpu_ids=${gpus.join(',')}`;
  return { power: `/gpu/get_power?${ids}`, energy: `/gpu/get_cumulative_energy?${ids}` };
}

/** The answers to both, or null where the first is no such thing. `energy` null: not asked for, or refused. */
export function parseZeusReading(power: unknown, energy: unknown): PolledGpu[] | null {
  const watts = powerSchema.safeParse(power);
  if (!watts.success) return null;
  const joules = energySchema.safeParse(energy);
  return Object.entries(watts.data.power_mw).map(([index, milliwatts]) => {
    const counted = joules.success ? joules.data[index]?.energy_mj : undefined;
    return { index: Number(index), name: null, watts: milliwatts / MILLI, joules: counted === undefined ? null : counted / MILLI };
  });
}

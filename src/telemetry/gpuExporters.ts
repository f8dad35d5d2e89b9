/** Power, energy and utilization of GPUs as Prometheus exporters give them: NVIDIA's DCGM exporter and AMD's device metrics exporter. */
import type { GpuUtilization } from '../profile/recordingFormat.ts';
import type { Joules, Watts } from '../profile/units.ts';
import { labelIn, seriesRows, type SeriesRow } from './prometheusText.ts';

/** One reading of one GPU. */
export interface PolledGpu {
  index: number;
  name: string | null;
  watts: Watts | null;
  /** Energy counter since an arbitrary zero. */
  joules: Joules | null;
  /** Left out where the source has none. */
  utilization?: GpuUtilization;
}

const MILLIJOULES = 1000;

/**
 * AMD's series go with or without the prefix that its configuration sets. `gpu_power_usage` is the older name and what
 * MI2xx have. Its energy counter is left alone: the unit is not the same in all of its versions.
 */
const AMD_WATTS = ['gpu_package_power', 'amd_gpu_package_power', 'gpu_power_usage', 'amd_gpu_power_usage'];

/** The last two are in the exporter's default counters, but on GPUs and hosts only where DCGM may profile (https://github.com/NVIDIA/dcgm-exporter, etc/default-counters.csv). */
const DCGM_UTILIZATION = [
  { id: 'DCGM_FI_DEV_GPU_UTIL', field: 'busy', whole: 100 },
  { id: 'DCGM_FI_PROF_GR_ENGINE_ACTIVE', field: 'engine', whole: 1 },
  { id: 'DCGM_FI_PROF_PIPE_TENSOR_ACTIVE', field: 'tensor', whole: 1 },
] as const satisfies readonly { id: string; field: keyof GpuUtilization; whole: number }[];

/** The GPUs on an exporter's page in the order of their indexes; null when it is none of these exporters'. */
export function parseExportedGpus(text: string): PolledGpu[] | null {
  const gpus = new Map<number, PolledGpu>();
  const take = (rows: readonly SeriesRow[], indexLabel: string, nameLabel: string, set: (gpu: PolledGpu, value: number) => void) => {
    for (const { labels, value } of rows) {
      const index = Number(labelIn(labels, indexLabel) ?? NaN);
      if (!Number.isInteger(index)) continue;
      let gpu = gpus.get(index);
      if (gpu === undefined) gpus.set(index, (gpu = { index, name: labelIn(labels, nameLabel), watts: null, joules: null }));
      set(gpu, value);
    }
  };
  // The slices of one GPU (MIG, partitions) are rows with the whole GPU's reading each, or with 0 in all but the first.
  const most = (before: number | null, value: number) => Math.max(before ?? 0, value);
  take(seriesRows(text, 'DCGM_FI_DEV_POWER_USAGE'), 'gpu', 'modelName', (gpu, value) => (gpu.watts = most(gpu.watts, value)));
  take(seriesRows(text, 'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION'), 'gpu', 'modelName', (gpu, value) => (gpu.joules = most(gpu.joules, value / MILLIJOULES)));
  for (const { id, field, whole } of gpus.size === 0 ? [] : DCGM_UTILIZATION) {
    const shares = new Map<PolledGpu, number | null>();
    // Of a GPU's slices each has its own, of which nothing follows for the whole.
    take(seriesRows(text, id), 'gpu', 'modelName', (gpu, value) => shares.set(gpu, shares.has(gpu) || !(value >= 0 && value <= whole) ? null : value / whole));
    for (const [gpu, share] of shares) if (share !== null) gpu.utilization = { ...gpu.utilization, [field]: share };
  }
  for (const name of gpus.size === 0 ? AMD_WATTS : []) {
    take(seriesRows(text, name), 'gpu_id', 'card_model', (gpu, value) => (gpu.watts = most(gpu.watts, value)));
    if (gpus.size > 0) break;
  }
  return gpus.size === 0 ? null : [...gpus.values()].sort((a, b) => a.index - b.index);
}

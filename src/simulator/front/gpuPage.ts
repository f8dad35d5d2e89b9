/** The simulated GPUs as NVIDIA's DCGM exporter shows real ones: power, energy counter and utilization. Each line says that it is simulated. */
import type { GpuReading } from '../gpuMeter.ts';

export interface PagedGpus {
  name: string;
  count: number;
}

/** The page. What the profile does not know is left out. Names and units as in the exporter's default counters (`default-counters.csv`). */
export function gpuPage({ name, count }: PagedGpus, { watts, joules, busy, engine, dram, tensor }: GpuReading): string {
  const perGpu = (total: number | null) => (total === null ? null : total / count);
  const metric = (id: string, type: 'gauge' | 'counter', help: string, value: number | null, digits: number) =>
    value === null
      ? []
      : [
          `# HELP ${id} ${help} (simulated)`,
          `# TYPE ${id} ${type}`,
          ...Array.from({ length: count }, (_, gpu) => `${id}{gpu="${gpu}",UUID="GPU-simulated-${gpu}",device="nvidia${gpu}",modelName="${name.replace(/[\\"\n]/g, '_')} (simulated)",Hostname="simulated"} ${value.toFixed(digits)}`),
        ];
  return `${[
    ...metric('DCGM_FI_DEV_GPU_UTIL', 'gauge', 'GPU utilization (in %).', 100 * busy, 0),
    ...metric('DCGM_FI_DEV_POWER_USAGE', 'gauge', 'Power draw (in W).', perGpu(watts), 3),
    ...metric('DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION', 'counter', 'Total energy consumption since boot (in mJ).', joules === null ? null : (joules * 1000) / count, 0),
    ...metric('DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'gauge', 'Ratio of time the graphics engine is active.', engine, 6),
    ...metric('DCGM_FI_PROF_PIPE_TENSOR_ACTIVE', 'gauge', 'Ratio of cycles the tensor (HMMA) pipe is active.', tensor, 6),
    ...metric('DCGM_FI_PROF_DRAM_ACTIVE', 'gauge', 'Ratio of cycles the device memory interface is active sending or receiving data.', dram, 6),
  ].join('\n')}\n`;
}

/** How busy the GPUs are in a step, as the profiling fields of NVIDIA's DCGM count it. */
import type { GpuProfile, ModelProfile } from '../../profile/hardwareProfiles.ts';
import { parametersPerToken, weightBytesRead } from '../../profile/modelWork.ts';
import type { Milliseconds, Ratio, Tokens } from '../../profile/units.ts';

/**
 * Fractions of a step's time, means over its GPUs. Field ids and what they count:
 * https://docs.nvidia.com/datacenter/dcgm/latest/user-guide/feature-overview.html#profiling-metrics
 */
export interface StepActivity {
  /** In which any part of the GPU works (1001, `GR_ENGINE_ACTIVE`); null for a calibrated GPU, whose constants do not tell the host's part. */
  engine: Ratio | null;
  /** Of the memory's peak: bytes of weights and context that the step reads (1005, `DRAM_ACTIVE`). What it writes is small and left out. */
  dram: Ratio;
  /** Of the tensor cores' peak: products with weights (1004, `PIPE_TENSOR_ACTIVE`). Attention's are small beside them and left out. */
  tensor: Ratio;
}

export interface ActiveStep {
  duration: Milliseconds;
  /** Tokens computed. */
  tokens: Tokens;
  /** Tokens whose keys and values are read. */
  contextTokens: Tokens;
  /** While which the GPUs wait for the host; null where that is not known. */
  hostMs: Milliseconds | null;
}

export function activityOf({ memoryBandwidthGBps, bf16Tflops }: GpuProfile, model: ModelProfile, gpuCount: number): (step: ActiveStep) => StepActivity {
  const bytesPerMs = memoryBandwidthGBps.value * 1e6 * gpuCount;
  const flopsPerMs = bf16Tflops.value * 1e9 * gpuCount;
  const flopsPerToken = 2 * parametersPerToken(model);
  const kvBytes = model.kvBytesPerToken.value;
  const upToAll = (ratio: Ratio) => Math.min(1, Math.max(0, ratio));
  return ({ duration, tokens, contextTokens, hostMs }) => ({
    engine: hostMs === null ? null : upToAll(1 - hostMs / duration),
    dram: upToAll((weightBytesRead(model, tokens) + contextTokens * kvBytes) / (bytesPerMs * duration)),
    tensor: upToAll((tokens * flopsPerToken) / (flopsPerMs * duration)),
  });
}

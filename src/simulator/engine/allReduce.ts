/** What the GPUs that share a model take to add up their parts of each layer. */
import type { GpuProfile, ModelProfile } from '../../profile/hardwareProfiles.ts';
import type { Bytes, Milliseconds } from '../../profile/units.ts';

/** After attention and after the feed-forward part. */
const PER_LAYER = 2;
/** Activations are bf16. */
const BYTES_PER_VALUE: Bytes = 2;

export interface AllReduceTimes {
  /** For each step, however few its tokens. */
  stepMs: Milliseconds;
  /** For each token of it. */
  tokenMs: Milliseconds;
}

/**
 * A ring among `gpuCount` GPUs: each sends 2(n−1)/n of what is added up, after a delay that does not depend on its size.
 * Null where the profiles do not know the link, the delay or the model's width; on one GPU there is nothing to add up.
 */
export function allReduceTimes(gpu: GpuProfile, model: ModelProfile, gpuCount: number): AllReduceTimes | null {
  if (gpuCount === 1) return { stepMs: 0, tokenMs: 0 };
  const { linkGBps, linkEfficiency, allReduceUs } = gpu;
  if (linkGBps === undefined || linkEfficiency === undefined || allReduceUs === undefined || model.hiddenSize === undefined) return null;
  const times = PER_LAYER * model.layers.value;
  const bytesPerMs = linkGBps.value * 1e6 * linkEfficiency.value;
  const sent = ((2 * (gpuCount - 1)) / gpuCount) * model.hiddenSize.value * BYTES_PER_VALUE;
  return { stepMs: (times * delayUs(allReduceUs.value, gpuCount)) / 1000, tokenMs: (times * sent) / bytesPerMs };
}

/** Between the numbers of GPUs that were measured it goes in a straight line; below and beyond them it stays. */
function delayUs(measured: readonly (readonly [number, number])[], gpuCount: number): number {
  const above = measured.findIndex(([count]) => count >= gpuCount);
  const high = measured[above] ?? measured.at(-1)!;
  const low = measured[above - 1];
  if (above < 0 || low === undefined) return high[1];
  return low[1] + ((high[1] - low[1]) * (gpuCount - low[0])) / (high[0] - low[0]);
}

/** What the GPUs draw in a step. */
import { decodeWattsOf, type GpuProfile } from '../../profile/hardwareProfiles.ts';
import type { Ratio, Watts } from '../../profile/units.ts';

export interface PoweredStep {
  gpuCount: number;
  /** Sequences that write. */
  decoding: number;
  /** Share of the step's time that is for sequences that read their prompt: 0 where all write, 1 where all read. */
  prefillShare: Ratio;
  /** Share of the step's time in which the GPUs compute or read memory; null where that is in the profile's watts already. */
  busyShare: Ratio | null;
}

/**
 * Power of all GPUs together; null where the profile does not know it. A mixed step draws prefill's and decode's power in
 * proportion to their shares of its time.
 *
 * The profile's watts are those of one GPU with a model for itself. Of several, each waits longer for the others and the host:
 * what it draws above idle is taken to shrink with the share of the time in which it is busy. So, Llama-3.1-70B on four H100s at
 * a batch of 8 comes to 413 W a GPU, where ML.ENERGY measured 441 (ml-energy/leaderboard, `public/data`).
 */
export function stepWatts(gpu: GpuProfile, { gpuCount, decoding, prefillShare, busyShare }: PoweredStep): Watts | null {
  const idle = gpu.idleWatts?.value;
  const atWork = (watts: Watts | null, measuredBusy: Ratio | undefined): Watts | null => {
    if (watts === null || idle === undefined || measuredBusy === undefined || busyShare === null) return watts;
    return idle + (watts - idle) * Math.min(1, busyShare / measuredBusy);
  };
  // A prompt of 2,048 tokens, of which prefillWatts is, leaves the host's part under 1 %.
  const prefill = prefillShare === 0 ? 0 : atWork(gpu.prefillWatts?.value ?? null, 1);
  const decode = prefillShare === 1 ? 0 : atWork(decodeWattsOf(gpu, decoding), gpu.decodeBusyShare?.value);
  return prefill === null || decode === null ? null : (prefill * prefillShare + decode * (1 - prefillShare)) * gpuCount;
}

/** How much a server takes on at once when nobody tells it. */
import type { EngineProfile } from '../profile/engineProfile.ts';
import type { GpuProfile, ModelProfile } from '../profile/hardwareProfiles.ts';
import type { Tokens } from '../profile/units.ts';

/**
 * What `vllm serve` chooses by itself (`engine/arg_utils.py`): more on GPUs with 70 GB and up, except the A100. V0, which reads prompts
 * whole, takes the longest that the model allows (`SchedulerConfig` of 0.6).
 */
export function servingLimits(gpu: GpuProfile, model: ModelProfile, scheduler: EngineProfile['scheduler']): { maxBatchedTokens: Tokens; maxSequences: number } {
  if (scheduler === 'v0') return { maxBatchedTokens: Math.max(2048, model.maxModelTokens.value), maxSequences: 256 };
  const large = (gpu.memoryGB?.value ?? 0) >= 70 && !/a100/i.test(gpu.id);
  return large ? { maxBatchedTokens: 8192, maxSequences: 1024 } : { maxBatchedTokens: 2048, maxSequences: 256 };
}

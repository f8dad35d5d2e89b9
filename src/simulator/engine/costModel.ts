/**
 * How long one engine step takes on a GPU, whose work it was, and what power it draws.
 *
 * A roofline: the step reads every weight once (memory-bound) or multiplies its tokens with them (compute-bound),
 * whichever takes longer; then each sequence reads its own KV cache; then the host's overhead.
 */
import { decodeWattsOf, type GpuProfile, type ModelProfile } from '../../profile/hardwareProfiles.ts';
import type { Bytes, Milliseconds, Ratio, Tokens, Watts } from '../../profile/units.ts';
import { BLOCK_TOKENS } from './kvBlocks.ts';

/** Host and launch time of a step: BLIS inference-sim's fit of vLLM, 126 µs a step and 32 µs a layer. */
const OVERHEAD_MS_PER_STEP: Milliseconds = 0.126;
const OVERHEAD_MS_PER_LAYER: Milliseconds = 0.032;
/** vLLM's default `--gpu-memory-utilization`. */
const MEMORY_UTILIZATION: Ratio = 0.9;
/** Activations and CUDA context next to weights and KV cache, per GPU; an 8B model on an A100-40GB is left about 157 k tokens. */
const MEMORY_OVERHEAD_BYTES: Bytes = 1.5e9;
/** Memory sizes on data sheets count in powers of two. */
const BYTES_PER_GB = 2 ** 30;

/** Raised when a model cannot be simulated on a GPU; the message says why and what would help. */
export class NotSimulatableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotSimulatableError';
  }
}

/** One sequence's part in a step. */
export interface ScheduledWork {
  /** Tokens computed in this step. */
  newTokens: Tokens;
  /** Tokens in its KV cache when the step is done. */
  contextTokens: Tokens;
  /** Whether it reads its prompt, rather than writing its next token. */
  prefill: boolean;
}

export type StepState = 'prefill' | 'decode' | 'mixed';

export interface StepCost {
  duration: Milliseconds;
  state: StepState;
  /** Power of all GPUs together; null where the profile does not know it. */
  watts: Watts | null;
  /** Each sequence's share of the step, in the order given; sums to 1. */
  shares: Ratio[];
}

export interface CostModel {
  /** KV blocks that fit beside the weights. */
  kvBlocks: number;
  cost(work: readonly ScheduledWork[]): StepCost;
}

/**
 * The cost model of a model on one GPU or, tensor parallel, on several alike (without the time of their all-reduce).
 *
 * A sequence's share of a step is the time that its own tokens and its own KV cache take, plus an equal part of what
 * the step costs whoever is in it: reading the weights, and overhead.
 * @throws NotSimulatableError when the profile lacks an efficiency, or the model does not fit
 */
export function createCostModel(gpu: GpuProfile, model: ModelProfile, gpuCount: number): CostModel {
  if (gpu.prefillMfu === undefined || gpu.decodeBandwidthEfficiency === undefined) {
    const missing = gpu.prefillMfu === undefined ? 'prefillMfu' : 'decodeBandwidthEfficiency';
    throw new NotSimulatableError(`The profile of ${gpu.name} has no ${missing}, so it cannot be simulated. Choose another GPU, or add the value in a profile of your own.`);
  }
  const kvBlocks = kvCapacityBlocks(gpu, model, gpuCount);
  if (kvBlocks < 1) {
    let enough = gpuCount + 1;
    while (enough <= 64 && kvCapacityBlocks(gpu, model, enough) < 1) enough += 1;
    const remedy = enough <= 64 ? `It takes ${enough} of them.` : 'Choose a larger GPU or a smaller model.';
    throw new NotSimulatableError(`${model.name} (${(model.weightBytes.value / 1e9).toFixed(0)} GB of weights) does not fit on ${gpuCount} × ${gpu.name}. ${remedy}`);
  }

  const flopsPerMs = gpu.bf16Tflops.value * 1e9 * gpu.prefillMfu.value * gpuCount;
  const bytesPerMs = gpu.memoryBandwidthGBps.value * 1e6 * gpu.decodeBandwidthEfficiency.value * gpuCount;
  const computeMsPerToken = (2 * model.parameters.value) / flopsPerMs;
  const kvMsPerToken = model.kvBytesPerToken.value / bytesPerMs;
  const weightsMs = model.weightBytes.value / bytesPerMs;
  const overheadMs = OVERHEAD_MS_PER_STEP + OVERHEAD_MS_PER_LAYER * model.layers.value;

  return {
    kvBlocks,
    cost(work) {
      let compute = 0;
      let own = 0;
      for (const { newTokens, contextTokens } of work) {
        compute += newTokens * computeMsPerToken;
        own += newTokens * computeMsPerToken + contextTokens * kvMsPerToken;
      }
      const common = Math.max(0, weightsMs - compute) + overheadMs;
      const duration = own + common;
      const shares = work.map(({ newTokens, contextTokens }) => (newTokens * computeMsPerToken + contextTokens * kvMsPerToken + common / work.length) / duration);
      const prefillShare = work.reduce((sum, { prefill }, index) => sum + (prefill ? shares[index]! : 0), 0);
      const prefills = work.filter(({ prefill }) => prefill).length;
      const state = prefills === 0 ? 'decode' : prefills === work.length ? 'prefill' : 'mixed';
      return { duration, state, watts: stepWatts(gpu, gpuCount, state, prefillShare, work.length - prefills), shares };
    },
  };
}

function kvCapacityBlocks(gpu: GpuProfile, model: ModelProfile, gpuCount: number): number {
  const usable = gpuCount * (gpu.memoryGB.value * BYTES_PER_GB * MEMORY_UTILIZATION - MEMORY_OVERHEAD_BYTES) - model.weightBytes.value;
  return Math.floor(usable / model.kvBytesPerToken.value / BLOCK_TOKENS);
}

/** A mixed step draws prefill's and decode's power in proportion to their shares of its time. `decoding`: sequences that write. */
function stepWatts(gpu: GpuProfile, gpuCount: number, state: StepState, prefillShare: Ratio, decoding: number): Watts | null {
  const prefill = gpu.prefillWatts?.value ?? null;
  const decode = decodeWattsOf(gpu, decoding);
  if (state === 'prefill') return prefill === null ? null : prefill * gpuCount;
  if (state === 'decode') return decode === null ? null : decode * gpuCount;
  return prefill === null || decode === null ? null : (prefill * prefillShare + decode * (1 - prefillShare)) * gpuCount;
}

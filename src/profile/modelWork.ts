/** What a model computes and reads in a step: all of a dense model's weights, the chosen experts' of a mixture; all of the context, or a window of it. */
import type { GpuProfile, ModelProfile } from './hardwareProfiles.ts';
import type { Bytes, Milliseconds, Tokens } from './units.ts';

/** Weights that a token is computed with: of a mixture of experts, those of the experts that it is sent to and all that is no expert. */
export function parametersPerToken({ parameters, layers, experts }: ModelProfile): number {
  if (experts === undefined) return parameters.value;
  return parameters.value - layers.value * (experts.perLayer.value - experts.perToken.value) * experts.parameters.value;
}

/**
 * Bytes of weights that a step of so many tokens reads. Each layer reads the experts that at least one of the tokens is sent to:
 * with E experts, k to a token, E · (1 − (1 − k/E)ⁿ) of them on average, if every expert is as likely as the others and tokens choose
 * independently. Real routers prefer some, so that a step reads less than this rather than more.
 */
export function weightBytesRead({ weightBytes, layers, experts }: ModelProfile, tokens: Tokens): Bytes {
  if (experts === undefined) return weightBytes.value;
  const { perLayer, perToken, bytes } = experts;
  const untouched = perLayer.value * (1 - perToken.value / perLayer.value) ** tokens;
  return weightBytes.value - layers.value * untouched * bytes.value;
}

/**
 * The context whose keys and values a sequence reads in a step, as if each layer read as much: in layers with a sliding window the
 * latest of its new tokens reads no further back than that, the first of them so much further. Times `kvBytesPerToken` it gives the bytes.
 */
export function contextTokensRead({ layers, slidingWindow }: ModelProfile, { newTokens, contextTokens }: { newTokens: Tokens; contextTokens: Tokens }): Tokens {
  if (slidingWindow === undefined) return contextTokens;
  const windowed = slidingWindow.layers.value / layers.value;
  const reach = Math.min(contextTokens, slidingWindow.tokens.value + newTokens - 1);
  return contextTokens * (1 - windowed) + reach * windowed;
}

/** What work takes on a GPU, beside what a step costs whoever is in it. */
export interface WorkTimes {
  /** Computing a token. */
  tokenMs: Milliseconds;
  /** Reading a byte of memory. */
  byteMs: Milliseconds;
  /** Reading a token of context. */
  contextTokenMs: Milliseconds;
}

/** By the profile's peaks and what is reached of them; null where it lacks an efficiency. */
export function workTimes({ prefillMfu, decodeBandwidthEfficiency, bf16Tflops, memoryBandwidthGBps }: GpuProfile, model: ModelProfile, gpuCount: number): WorkTimes | null {
  if (prefillMfu === undefined || decodeBandwidthEfficiency === undefined) return null;
  const byteMs = 1 / (memoryBandwidthGBps.value * 1e6 * decodeBandwidthEfficiency.value * gpuCount);
  return {
    tokenMs: (2 * parametersPerToken(model)) / (bf16Tflops.value * 1e9 * prefillMfu.value * gpuCount),
    byteMs,
    contextTokenMs: model.kvBytesPerToken.value * byteMs,
  };
}

/** Schemas of the data files in `profiles/`. Each value carries its source; a value nobody has published is left out. */
import { z } from 'zod';
import { sourced } from './sourced.ts';
import { stepTimesSchema } from './stepTimes.ts';
import type { Watts } from './units.ts';

/** What `agent-cost calibrate` measured, on one host, of one server with one model. */
const calibrationSchema = z.object({
  /** Name of the host that the server ran on, as its user called it. */
  host: z.string(),
  /** When, in ISO 8601. */
  at: z.iso.datetime(),
  /** `vLLM 0.32.0`. */
  server: z.string(),
  /** The model as the server names it: the times hold for it alone. */
  model: z.string(),
  gpuCount: z.int().min(1),
  /** Tokens that the server's KV cache holds; null where it did not say. */
  kvTokens: z.int().min(1).nullable(),
  step: stepTimesSchema,
  /** Relative errors of the times that the constants give, without sign. `leftOutMedian`: of each load by a fit that did not know it. */
  error: z.object({ points: z.int().min(1), median: z.number(), p90: z.number(), leftOutMedian: z.number() }),
  /** What speaks against the outcome, such as other load on the server. */
  doubts: z.array(z.string()),
});
export type Calibration = z.infer<typeof calibrationSchema>;

export const gpuProfileSchema = z.object({
  kind: z.literal('gpu'),
  id: z.string().regex(/^[a-z0-9.-]+$/),
  name: z.string(),
  aliases: z.array(z.string()),
  /** Missing on a host whose hardware nobody named. */
  memoryGB: sourced.optional(),
  memoryBandwidthGBps: sourced,
  /** Dense bf16 without sparsity. */
  bf16Tflops: sourced,
  tdpWatts: sourced.optional(),
  /** Power by state, model loaded, one GPU. A missing state means that its energy is not computed. */
  idleWatts: sourced.optional(),
  prefillWatts: sourced.optional(),
  decodeWatts: sourced.optional(),
  /** Decode power by the number of sequences in a step, as [sequences, W] in rising order; `decodeWatts` is then that of one. */
  decodeWattsByBatch: z
    .object({ value: z.array(z.tuple([z.int().min(1), z.number()])).min(2), source: z.string().min(1) })
    .refine(({ value }) => value.every(([batch], index) => index === 0 || batch > (value[index - 1]?.[0] ?? 0)), 'the numbers of sequences must rise')
    .optional(),
  /** Share of peak FLOP/s that prefill reaches. */
  prefillMfu: sourced.optional(),
  /** Share of peak memory bandwidth that decode reaches. */
  decodeBandwidthEfficiency: sourced.optional(),
  /** Share of a step's time in which it read memory at that efficiency when `decodeWatts` was measured, on one GPU. */
  decodeBusyShare: sourced.optional(),
  /** To the other GPUs of the machine, one direction. Without the three values a model on several GPUs is simulated as if they exchanged nothing. */
  linkGBps: sourced.optional(),
  /** Share of it that an all-reduce of prompts reaches. */
  linkEfficiency: sourced.optional(),
  /** What the smallest all-reduce takes, as [GPUs, µs] in rising order. */
  allReduceUs: z
    .object({ value: z.array(z.tuple([z.int().min(2), z.number().positive()])).min(1), source: z.string().min(1) })
    .refine(({ value }) => value.every(([count], index) => index === 0 || count > (value[index - 1]?.[0] ?? 0)), 'the numbers of GPUs must rise')
    .optional(),
  calibration: calibrationSchema.optional(),
});
export type GpuProfile = z.infer<typeof gpuProfileSchema>;

/**
 * Power of one GPU that decodes so many sequences at once; null where the profile does not know it. Between the
 * profile's batches it goes by their logarithm, which the measured ladders follow within 6 %; beyond them it stays.
 */
export function decodeWattsOf(gpu: GpuProfile, batch: number): Watts | null {
  const ladder = gpu.decodeWattsByBatch?.value ?? [];
  const above = ladder.findIndex(([size]) => size >= batch);
  const high = ladder[above];
  const low = ladder[above - 1];
  if (ladder.length === 0 || batch < 1) return gpu.decodeWatts?.value ?? null;
  if (high === undefined) return ladder.at(-1)?.[1] ?? null;
  if (low === undefined) return high[1];
  return low[1] + ((high[1] - low[1]) * Math.log(batch / low[0])) / Math.log(high[0] / low[0]);
}

export const modelProfileSchema = z.object({
  kind: z.literal('model'),
  id: z.string().regex(/^[a-z0-9.-]+$/),
  name: z.string(),
  aliases: z.array(z.string()),
  parameters: sourced,
  weightBytes: sourced,
  layers: sourced,
  /** Width of what goes from layer to layer, and between the GPUs that share the model. */
  hiddenSize: sourced.optional(),
  /** Of all layers, as if none had a sliding window. */
  kvBytesPerToken: sourced,
  maxModelTokens: sourced,
  vocabulary: sourced.optional(),
  /** A mixture of experts in each layer. `parameters` and `bytes` are one expert's in one layer; `bytes` tells of a quantization. */
  experts: z.object({ perLayer: sourced, perToken: sourced, parameters: sourced, bytes: sourced }).optional(),
  /** So many of the layers attend to no more than the latest `tokens`. */
  slidingWindow: z.object({ tokens: sourced, layers: sourced }).optional(),
});
export type ModelProfile = z.infer<typeof modelProfileSchema>;

export const priceProfileSchema = z.object({
  kind: z.literal('price'),
  id: z.string().regex(/^[a-z0-9.-]+$/),
  name: z.string(),
  /** GPU profile that it prices. */
  gpu: z.string(),
  usdPerGpuHour: sourced,
});
export type PriceProfile = z.infer<typeof priceProfileSchema>;

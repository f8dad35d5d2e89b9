/** Schemas of the data files in `profiles/`. Each value carries its source; a value nobody has published is left out. */
import { z } from 'zod';

const sourced = z.object({
  value: z.number(),
  /** Where the value was read: a datasheet, a paper and its table, or `fitted: …` / `assumed: …` and why. */
  source: z.string().min(1),
});

export const gpuProfileSchema = z.object({
  kind: z.literal('gpu'),
  id: z.string().regex(/^[a-z0-9.-]+$/),
  name: z.string(),
  aliases: z.array(z.string()),
  memoryGB: sourced,
  memoryBandwidthGBps: sourced,
  /** Dense bf16 without sparsity. */
  bf16Tflops: sourced,
  tdpWatts: sourced,
  /** Power by state, model loaded, one GPU. A missing state means that its energy is not computed. */
  idleWatts: sourced.optional(),
  prefillWatts: sourced.optional(),
  decodeWatts: sourced.optional(),
  /** Share of peak FLOP/s that prefill reaches. */
  prefillMfu: sourced.optional(),
  /** Share of peak memory bandwidth that decode reaches. */
  decodeBandwidthEfficiency: sourced.optional(),
});
export type GpuProfile = z.infer<typeof gpuProfileSchema>;

export const modelProfileSchema = z.object({
  kind: z.literal('model'),
  id: z.string().regex(/^[a-z0-9.-]+$/),
  name: z.string(),
  aliases: z.array(z.string()),
  parameters: sourced,
  weightBytes: sourced,
  layers: sourced,
  kvBytesPerToken: sourced,
  maxModelTokens: sourced,
  vocabulary: sourced.optional(),
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

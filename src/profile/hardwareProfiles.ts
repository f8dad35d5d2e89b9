/** Schemas of the data files in `profiles/`. Each value carries its source; a value nobody has published is left out. */
import { z } from 'zod';
import type { Watts } from './units.ts';

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
  /** Decode power by the number of sequences in a step, as [sequences, W] in rising order; `decodeWatts` is then that of one. */
  decodeWattsByBatch: z
    .object({ value: z.array(z.tuple([z.int().min(1), z.number()])).min(2), source: z.string().min(1) })
    .refine(({ value }) => value.every(([batch], index) => index === 0 || batch > (value[index - 1]?.[0] ?? 0)), 'the numbers of sequences must rise')
    .optional(),
  /** Share of peak FLOP/s that prefill reaches. */
  prefillMfu: sourced.optional(),
  /** Share of peak memory bandwidth that decode reaches. */
  decodeBandwidthEfficiency: sourced.optional(),
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

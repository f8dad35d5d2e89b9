/** Schemas of what turns tokens into money, and energy into more energy and carbon: data files in `profiles/`, each with its source. */
import { z } from 'zod';

const id = z.string().regex(/^[a-z0-9.-]+$/);
const day = z.iso.date();
const source = z.string().min(1);
/** US dollars for a million tokens. */
const rate = z.number().nonnegative();

const ratesSchema = z.object({
  input: rate,
  /** Of prompt tokens found in the prefix cache; where it is missing, they cost what others do. */
  cachedInput: rate.optional(),
  output: rate,
});
export type TokenRates = z.infer<typeof ratesSchema>;

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);

const modelRatesSchema = ratesSchema.extend({
  /** What a call costs whose prompt is longer than this. */
  above: ratesSchema.extend({ promptTokens: z.int().min(1) }).optional(),
  /** What calls cost at these times of the day. */
  hours: z.array(ratesSchema.extend({ fromUtc: timeOfDay, untilUtc: timeOfDay })).optional(),
});
export type ModelRates = z.infer<typeof modelRatesSchema>;

/** A hosted API's list prices. */
export const apiPriceProfileSchema = z.object({
  kind: z.literal('api-price'),
  id,
  name: z.string(),
  /** Hosts of its servers: only calls that went to one of them are priced by it. */
  hosts: z.array(z.string().min(1)).min(1),
  /** When the prices were read. */
  read: day,
  source,
  /** By the model's name in requests, without its date. */
  usdPerMillionTokens: z.record(z.string(), modelRatesSchema),
});
export type ApiPriceProfile = z.infer<typeof apiPriceProfileSchema>;

/** Carbon intensities of electricity, by zone. */
export const gridProfileSchema = z.object({
  kind: z.literal('grid'),
  id,
  name: z.string(),
  read: day,
  source,
  /** g CO2e for each kWh, the mean of a year. */
  gramsPerKwh: z.record(z.string(), z.object({ name: z.string(), value: z.number().nonnegative(), year: z.int() })),
});
export type GridProfile = z.infer<typeof gridProfileSchema>;

/** What is drawn beside the GPUs, as a factor: by the hosts (of the GPUs' energy), or by the data centre (PUE, of both). */
export const overheadProfileSchema = z.object({
  kind: z.literal('overhead'),
  id,
  of: z.enum(['host', 'pue']),
  name: z.string(),
  aliases: z.array(z.string()),
  factor: z.object({ value: z.number().min(1), source }),
});
export type OverheadProfile = z.infer<typeof overheadProfileSchema>;

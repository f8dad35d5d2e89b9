/**
 * What a chart shows, as plain data: no colours, no sizes, no code. One description for the terminal's files, the page and the editor.
 */
import { z } from 'zod';

/** What a value rests on: `rows.ts` says what ours may; `published` is the paper's own; runs of programs are `measured`, or `simulated` where the embedded server answered. */
export const chartBasisSchema = z.enum(['fitted', 'predicted', 'open', 'behaviour', 'published', 'measured', 'simulated']);
export type ChartBasis = z.infer<typeof chartBasisSchema>;

const text = z.string().max(400);

/** A measured axis. A logarithmic one leaves out what is not above 0. */
export const axisSchema = z.object({ title: text, unit: z.string().max(40), scale: z.enum(['linear', 'logarithmic']) });
export type Axis = z.infer<typeof axisSchema>;

/** Names along the axis; a name of several lines is a list. */
export const categoriesSchema = z.object({ title: text, names: z.array(z.union([text, z.array(text).max(4)])).max(200) });
export type Categories = z.infer<typeof categoriesSchema>;

export const pointSchema = z.object({
  /** Along the axis; the number of the category where there are categories. */
  x: z.number(),
  y: z.number(),
  /** Half the width of the 95 % confidence interval of `y`; null where there is none. */
  margin: z.number().nonnegative().nullable(),
  /** What stands beside the point, such as a budget; null for nothing. */
  label: z.string().max(60).nullable(),
  /** Where it is not the series': a figure that was fitted among those that were not. */
  basis: chartBasisSchema.optional(),
});
export type Point = z.infer<typeof pointSchema>;

export const seriesSchema = z.object({
  name: text,
  basis: chartBasisSchema,
  /** `steps` stay at a value until the next point. */
  form: z.enum(['bars', 'line', 'steps', 'points']),
  /** Which colour and marker; series that belong together share one. */
  color: z.number().int().nonnegative(),
  dashed: z.boolean(),
  /** Measured on the second axis. */
  second: z.boolean(),
  /** Bars of one stack stand on each other; null where they stand alone. */
  stack: z.string().max(60).nullable(),
  points: z.array(pointSchema).max(5000),
});
export type Series = z.infer<typeof seriesSchema>;

export const chartSchema = z
  .object({
    /** Among the charts of its experiment, and part of file names. */
    id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,60}$/),
    title: text,
    /** What a reader must know of lines and markers; empty for nothing. */
    note: text,
    x: z.union([axisSchema, categoriesSchema]),
    y: axisSchema,
    second: axisSchema.nullable(),
    series: z.array(seriesSchema).min(1).max(60),
  })
  .refine(({ x, series }) => !('names' in x) || series.every(({ points }) => points.every((point) => Number.isInteger(point.x) && point.x >= 0 && point.x < x.names.length)), 'a point lies at no category')
  .refine(({ second, series }) => second !== null || series.every((each) => !each.second), 'a series is on an axis that there is not');
export type Chart = z.infer<typeof chartSchema>;

/** What `test/fixtures/gpu` holds: see its README. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const answer = z.object({ command: z.string(), exitCode: z.int(), stdout: z.string() });
const schema = z.object({
  device: z.object({ name: z.string() }),
  phases: z.array(z.object({ name: z.string(), joules: z.number(), watts: z.number(), batch: z.int().optional(), context: z.int().optional(), tokens: z.int().optional(), startS: z.number(), endS: z.number(), edges: z.array(z.tuple([z.number(), z.number()])).optional() })),
  nvidiaSmi: z.record(z.enum(['csv-nounits', 'csv-units', 'bad-field', 'bad-index', 'compute-apps']), answer),
  loopHeader: z.string(),
  loop: z.array(z.object({ arrivedS: z.number(), line: z.string() })),
  counter: z.array(z.tuple([z.number(), z.number()])),
});
export type GpuReadings = z.infer<typeof schema>;

export function gpuReadings(name: 'h100' | 'h200'): GpuReadings {
  return schema.parse(JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/gpu', `${name}.json`), 'utf8')));
}

/** The loop's rows as the profiler's own loop would print them, with one of the power fields. */
export function loopRows(readings: GpuReadings, field: 'power.draw' | 'power.draw.instant'): { arrivedMs: number; line: string }[] {
  const columns = readings.loopHeader.split(', ').map((column) => column.replace(/ \[.*/, ''));
  return readings.loop.map(({ arrivedS, line }) => {
    const cells = line.split(', ');
    const cell = (name: string) => cells[columns.indexOf(name)] ?? '';
    return { arrivedMs: arrivedS * 1000, line: [cell('timestamp'), cell('index'), readings.device.name, cell(field)].join(', ') };
  });
}

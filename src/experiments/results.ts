/** Findings as a file: what `agent-cost paper --json` writes and the editor's experiment view opens. */
import { z } from 'zod';
import { chartSchema } from './charts/chartSchema.ts';
import type { Findings } from './rows.ts';
import type { Result } from './report/grouped.ts';

/** Raised when a file of before can no longer be read. */
const RESULTS_VERSION = 1;
const KIND = 'agent-cost-results';

const text = z.string().max(2000);
const estimateSchema = z.object({ mean: z.number(), margin: z.number().nullable() });
const rowSchema = z.object({
  series: text,
  what: text,
  unit: text,
  ours: estimateSchema.nullable(),
  published: z.number().nullable(),
  basis: z.enum(['fitted', 'predicted', 'open', 'behaviour', 'measured', 'simulated']),
});
const findingsSchema: z.ZodType<Findings> = z.object({
  rows: z.array(rowSchema).max(100_000),
  directions: z.array(z.object({ says: text, holds: z.boolean() })).max(1000),
  notes: z.array(text).max(1000),
  charts: z.array(chartSchema).max(100),
});
export const resultSchema: z.ZodType<Result> = z.object({ experiment: z.object({ id: z.string().regex(/^[a-z0-9-]{1,60}$/), where: text, title: text }), findings: findingsSchema });
const resultsSchema = z.object({
  kind: z.literal(KIND),
  version: z.literal(RESULTS_VERSION),
  title: text,
  /** How much was run, in words. */
  settings: text,
  results: z.array(resultSchema).max(500),
});

export interface Results {
  title: string;
  settings: string;
  results: Result[];
}

/** A file that is no results, or of another version; its message is for the user. */
export class ResultsError extends Error {}

export function toResultsJson({ title, settings, results }: { title: string; settings: string; results: readonly Result[] }): string {
  // Of a registry's entry only what it is called.
  const plain = results.map(({ experiment: { id, where, title: of }, findings }) => ({ experiment: { id, where, title: of }, findings }));
  return `${JSON.stringify({ kind: KIND, version: RESULTS_VERSION, title, settings, results: plain }, null, 1)}\n`;
}

/**
 * @param name of the file, for the message
 * @throws ResultsError
 */
export function readResults(json: string, name: string): Results {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new ResultsError(`${name} is not JSON (${error instanceof Error ? error.message : String(error)}). Choose a file that agent-cost paper --json wrote.`);
  }
  const { kind, version } = (typeof value === 'object' && value !== null ? value : {}) as { kind?: unknown; version?: unknown };
  if (kind !== KIND) throw new ResultsError(`${name} holds no results of an experiment. Choose a file that agent-cost paper --json wrote.`);
  if (typeof version === 'number' && version > RESULTS_VERSION) throw new ResultsError(`${name} is of version ${version}, and this one reads ${RESULTS_VERSION}. Update Agent Cost Profiler.`);
  const parsed = resultsSchema.safeParse(value);
  if (parsed.success) {
    const { title, settings, results } = parsed.data;
    return { title, settings, results };
  }
  const [issue] = parsed.error.issues;
  throw new ResultsError(`${name} is damaged: ${issue === undefined ? 'something' : `${issue.path.join('.') || 'the whole'}: ${issue.message}`}. Write it again with agent-cost paper --json.`);
}

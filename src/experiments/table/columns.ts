/**
 * The tidy table of experiments: a row for each task (or request) of each repeat, a column for each figure, with its unit in the
 * name. This schema is what the files hold and what `docs/table.md` says of them.
 */
import { z } from 'zod';

const text = z.string();
const number = z.number();
const count = z.int();
const time = z.iso.datetime();
const truth = z.boolean();

/** What is not known, or does not apply, is null. */
const columnsSchema = z.object({
  experiment: text.describe('what was run, by its name (`--name`, else `AGENT-BENCHMARK`); files of one experiment can be merged'),
  agent: text.nullable().describe('the agent'),
  benchmark: text.nullable().describe('whose tasks they are'),
  setting: text.describe('what is compared with other rows of the experiment, as `NAME=VALUE` with a space between: the budget, or the variables of a variant'),
  model: text.nullable().describe('the model, as its server names it'),
  backend: text.describe('what served it: `vllm`, `sim`, …'),
  gpu: text.nullable().describe('the GPU profile that energy is computed with'),
  simulated: truth.describe('the embedded server answered'),
  tool_calling: text.nullable().describe('how the model calls tools: `native` or `text`'),
  iterations: count.nullable().describe('calls of the model in one attempt, at most'),
  reflections: count.nullable().describe('attempts after the first, or plans after the first, at most'),
  children: count.nullable().describe('children of a node of the tree'),
  rollouts: count.nullable().describe('rounds of the tree search, at most'),
  few_shot: count.nullable().describe('examples in the prompt'),
  clients: count.nullable().describe('how many tasks were worked on at once, each client taking the next when it is done; null where they came at a rate'),
  qps: number.nullable().describe('how many tasks came a second (Poisson arrivals); null where clients took them'),
  seed: count.describe("of the arrivals and of the tasks' order"),
  repeat: count.describe('which repeat of the experiment, from 1; each has a seed of its own'),
  shard: text.describe('which part of the tasks this process worked on: `2/8`'),
  items: text.nullable().describe('where the tasks come from'),
  index: count.describe("which task, from 1: the item's place in the dataset, or the request's where items come again and again. The same task has the same in every repeat and however it is sharded"),
  task: text.describe("the task's id"),
  warm_up: truth.describe('run to warm the server up: in no mean'),
  scheduled_at: time.nullable().describe('when it was to begin; null where it began when a client was free'),
  started_at: time.describe('when it began'),
  late_ms: number.nullable().describe('how much later than scheduled it began'),
  end: text.nullable().describe('why it ended: `answered`, `budget` (spent first), `context` (outgrew the model), `failed`'),
  answer: text.nullable().describe('what was answered'),
  score: number.nullable().describe("by the benchmark's main metric, from 0 to 1; its other metrics are columns of their own, behind `error`"),
  steps: count.nullable().describe('steps that led to the answer'),
  latency_ms: number.nullable().describe('from when it was scheduled, or else began, to its answer; scoring is not in it'),
  llm_only_ms: number.nullable().describe('of the latency: models at work, and no tool'),
  tools_only_ms: number.nullable().describe('tools at work, and no model'),
  overlap_ms: number.nullable().describe('both'),
  other_ms: number.nullable().describe('neither; these four sum to the latency'),
  llm_calls: count.nullable().describe('calls of models'),
  failed_calls: count.nullable().describe('those that failed'),
  tool_calls: count.nullable().describe('uses of tools'),
  prompt_tokens: number.nullable().describe('read by the model, cached ones included'),
  cached_tokens: number.nullable().describe("those that the server's cache spared"),
  completion_tokens: number.nullable().describe('written by the model'),
  gpu_prefill_ms: number.nullable().describe("GPU at work for the task's calls, reading prompts"),
  gpu_decode_ms: number.nullable().describe('writing answers'),
  gpu_mixed_ms: number.nullable().describe('both in one step, or not told apart'),
  gpu_idle_ms: number.nullable().describe('GPU without any work while the task was worked on'),
  active_energy_wh: number.nullable().describe("energy of the task's calls"),
  gpu_energy_wh: number.nullable().describe('all that the GPUs drew meanwhile; null where other tasks were worked on at once'),
  cost_usd: number.nullable().describe("money for the task's calls"),
  error: text.nullable().describe('why it could not be worked on'),
  recording: text.nullable().describe('the recording that it is in'),
});

/** Further columns are numbers: the benchmark's other metrics, each from 0 to 1. */
export const taskRowSchema = columnsSchema.catchall(number.nullable());
export type Cell = string | number | boolean | null;
export type TaskRow = z.infer<typeof columnsSchema> & Record<string, Cell>;

export type ColumnKind = 'text' | 'integer' | 'number' | 'truth' | 'time';

export interface Column {
  name: string;
  kind: ColumnKind;
  /** Null for a benchmark's own metric. */
  description: string | null;
}

const typeSchema = z.object({ type: z.union([z.string(), z.array(z.string())]).optional(), format: z.string().optional() });
const propertySchema = typeSchema.extend({ description: z.string().optional(), anyOf: z.array(typeSchema).optional() });

/** Those that every table has, in their order. */
export const COLUMNS: readonly Column[] = Object.entries(z.toJSONSchema(columnsSchema).properties ?? {}).map(([name, property]) => {
  const { description = null, anyOf, ...plain } = propertySchema.parse(property);
  const { type, format } = anyOf?.find((option) => option.type !== 'null') ?? plain;
  const [first] = [type].flat().filter((each) => each !== 'null');
  return { name, kind: format === 'date-time' ? 'time' : first === 'integer' ? 'integer' : first === 'number' ? 'number' : first === 'boolean' ? 'truth' : 'text', description };
});

/** The columns of a table of these rows: those that every table has, and the benchmarks' own metrics. */
export function columnsOf(rows: readonly TaskRow[]): Column[] {
  const known = new Set(COLUMNS.map(({ name }) => name));
  const metrics = new Set(rows.flatMap((row) => Object.keys(row).filter((name) => !known.has(name))));
  return [...COLUMNS, ...[...metrics].sort().map((name): Column => ({ name, kind: 'number', description: null }))];
}

const KIND_NAMES: Readonly<Record<ColumnKind, string>> = { text: 'text', integer: 'whole number', number: 'number', truth: 'true or false', time: 'time (UTC)' };

/** The columns as a table in Markdown. */
export function columnsMarkdown(): string {
  return ['| column | | |', '|---|---|---|', ...COLUMNS.map(({ name, kind, description }) => `| \`${name}\` | ${KIND_NAMES[kind]} | ${description ?? ''} |`)].join('\n');
}

/** A table that cannot be read or put together, in words for its user. */
export class TableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TableError';
  }
}

/** @param names of the columns of a file. @throws TableError that names the file, and a column that it lacks */
export function checkColumns(names: readonly string[], file: string): void {
  const missing = COLUMNS.filter(({ name }) => !names.includes(name)).map(({ name }) => `"${name}"`);
  if (missing.length > 0) throw new TableError(`${file} is no table of tasks: it has no column ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', …' : ''}. Such tables are written by bench and load (--table).`);
}

/** Checks rows that were read from a file. @throws TableError that names the file, the row and the column */
export function checkRows(rows: readonly Record<string, unknown>[], file: string): TaskRow[] {
  return rows.map((row, index) => {
    const parsed = taskRowSchema.safeParse(row);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new TableError(`${file}, row ${index + 1}, column "${String(issue?.path[0] ?? '?')}": ${issue?.message ?? 'wrong'}.`);
  });
}

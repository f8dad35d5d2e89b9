/** Puts tables of one experiment together: of several shards, repeats, settings. Pure. */
import { TableError, type TaskRow } from './columns.ts';

export interface Table {
  /** For messages. */
  file: string;
  rows: readonly TaskRow[];
}

/** What may not differ between rows of one experiment, setting, backend and model: else their means would be of different things. */
const SAME_WITHIN_SETTING = ['agent', 'benchmark', 'gpu', 'simulated', 'tool_calling', 'iterations', 'reflections', 'children', 'rollouts', 'few_shot', 'clients', 'qps', 'items'] as const;

/**
 * All rows, in the order of settings, repeats and tasks, with what to say of them.
 * @throws TableError where tables are of different experiments, differ in what makes them comparable, or hold a task twice
 */
export function mergeTables(tables: readonly Table[]): { rows: TaskRow[]; notes: string[] } {
  const placed = tables.flatMap(({ file, rows }) => rows.map((row) => ({ file, row })));
  const [first] = placed;
  if (first === undefined) return { rows: [], notes: ['There are no rows.'] };
  const groups = new Map<string, typeof first>();
  const tasks = new Map<string, string>();
  for (const each of placed) {
    const { file, row } = each;
    if (row.experiment !== first.row.experiment) throw new TableError(`${file} is of the experiment "${row.experiment}", and ${first.file} of "${first.row.experiment}": merge puts together tables of one experiment (--name).`);
    const group = groupOf(row);
    const like = groups.get(group) ?? each;
    groups.set(group, like);
    for (const column of SAME_WITHIN_SETTING) {
      if (row[column] !== like.row[column]) throw new TableError(`${file} has ${column} ${shown(row[column])}, and ${like.file} has ${shown(like.row[column])}: they cannot be one experiment. Merge them apart, or give them other names (--name).`);
    }
    if (row.warm_up) continue;
    const task = JSON.stringify([group, row.repeat, row.index]);
    const before = tasks.get(task);
    if (before !== undefined) throw new TableError(`Task ${row.task} (number ${row.index}) of repeat ${row.repeat} is in ${before === file ? `${file} twice` : `${before} and in ${file}`}: leave one of them out.`);
    tasks.set(task, file);
  }
  const rows = placed.map(({ row }) => row).sort((a, b) => compare(groupOf(a), groupOf(b)) || a.repeat - b.repeat || Number(b.warm_up) - Number(a.warm_up) || a.index - b.index);
  return { rows, notes: shardNotes(rows) };
}

/** Rows of which means are taken: all of one setting on one server's model. */
export function groupOf({ setting, backend, model }: Pick<TaskRow, 'setting' | 'backend' | 'model'>): string {
  return JSON.stringify([setting, backend, model]);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function shown(value: string | number | boolean | null): string {
  return value === null ? 'unknown' : typeof value === 'string' ? `"${value}"` : String(value);
}

/** @throws TableError where one repeat was sharded in two ways: its tasks may overlap or lack */
function shardNotes(rows: readonly TaskRow[]): string[] {
  const shards = new Map<string, { row: TaskRow; parts: Set<number>; count: number }>();
  for (const row of rows) {
    const [index = 1, count = 1] = row.shard.split('/').map(Number);
    const key = JSON.stringify([groupOf(row), row.repeat]);
    const known = shards.get(key) ?? { row, parts: new Set(), count };
    if (known.count !== count) throw new TableError(`Repeat ${row.repeat} was done in ${known.count} shards, and in ${count}: merge those of one kind.`);
    known.parts.add(index);
    shards.set(key, known);
  }
  return [...shards.values()].flatMap(({ row, parts, count }) => {
    const missing = Array.from({ length: count }, (_, index) => index + 1).filter((index) => !parts.has(index));
    return missing.length === 0 ? [] : [`Of repeat ${row.repeat} (${row.setting}) ${missing.length === 1 ? 'shard' : 'shards'} ${missing.slice(0, 10).join(', ')}${missing.length > 10 ? ', …' : ''} of ${count} ${missing.length === 1 ? 'is' : 'are'} missing, or had no task.`];
  });
}

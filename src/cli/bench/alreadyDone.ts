/** What `--resume` finds when an experiment had ended. */
import { existsSync } from 'node:fs';
import { readTable } from '../table/tableFile.ts';
import { UsageError } from '../usageError.ts';
import type { AgentFlags, Asked } from './flags.ts';

/**
 * Says so where the table is there and whole and nothing is kept beside it: a scheduler may run again what had ended.
 * @param part the table's shard
 * @returns whether it is
 * @throws UsageError where the table is of something else, or what failed can't be tried again
 */
export async function isAlreadyDone({ table }: AgentFlags, { experiment }: Asked, part: string, retryFailed: boolean): Promise<boolean> {
  if (table === undefined || !existsSync(table) || existsSync(`${table}.parts`)) return false;
  const rows = await readTable(table);
  const other = rows.find((row) => row.experiment !== experiment || row.shard !== part);
  if (other !== undefined) throw new UsageError(`${table} is of the experiment "${other.experiment}", part ${other.shard}: name another file (--table), or delete it.`);
  if (retryFailed && rows.some(({ error }) => error !== null)) throw new UsageError(`What failed can't be tried again alone: ${table}.parts, which its run kept, is gone. Begin anew, without --resume.`);
  process.stderr.write(`${table} is there and whole: nothing is left to do.\n`);
  return true;
}

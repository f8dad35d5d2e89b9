/** `agent-cost merge`: tables of shards, repeats and settings of one experiment, as one. */
import type { Command } from 'commander';
import { TableError } from '../experiments/table/columns.ts';
import { settingFigures, type SettingFigures } from '../experiments/table/means.ts';
import { groupOf, mergeTables } from '../experiments/table/merge.ts';
import { figureLines } from './bench/figuresText.ts';
import { readTable, tableFormat, writeTable } from './table/tableFile.ts';
import { UsageError } from './usageError.ts';

export function addMergeCommand(root: Command): Command {
  const command = root
    .command('merge')
    .description('put tables of one experiment together, of several shards, repeats or settings, and print their means')
    .argument('<file...>', 'tables (.csv or .parquet), as bench and load write them')
    .requiredOption('-o, --out <file>', 'table to write, .csv or .parquet')
    .option('--json', 'print the figures as JSON on stdout')
    .addHelpText('after', '\nTables of different experiments, of settings that differ under one name, or with a task in two of them are refused.\n\nExample:\n  $ agent-cost merge shard-*.parquet -o all.parquet');
  command.action(async (files: string[], flags: { out: string; json?: true }) => {
    tableFormat('--out', flags.out);
    const tables = [];
    for (const file of files) tables.push({ file, rows: await readTable(file) });
    const { rows, notes } = merged(tables);
    writeTable('--out', flags.out, rows);
    const settings = settingFigures(rows);
    if (flags.json === true) {
      process.stdout.write(`${JSON.stringify({ table: flags.out, notes, settings }, null, 2)}\n`);
      return;
    }
    const texts = settings.flatMap((setting) => [settingText(setting), ...figureLines(setting.repeats, rows.filter((row) => groupOf(row) === groupOf(setting))), '']);
    process.stderr.write(`${[...texts, ...notes.map((note) => `! ${note}`), `table       ${flags.out}`].join('\n')}\n`);
  });
  return command;
}

function merged(tables: Parameters<typeof mergeTables>[0]): ReturnType<typeof mergeTables> {
  try {
    return mergeTables(tables);
  } catch (error) {
    if (error instanceof TableError) throw new UsageError(error.message);
    throw error;
  }
}

function settingText({ setting, model, backend, repeats }: SettingFigures): string {
  const tasks = repeats.reduce((sum, repeat) => sum + repeat.tasks, 0);
  return `${setting} · ${model ?? backend} · ${tasks} tasks${repeats.length === 1 ? '' : ` in ${repeats.length} repeats`}`;
}

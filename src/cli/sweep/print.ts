/** What a sweep came to, in words or as JSON. */
import type { TaskRow } from '../../experiments/table/columns.ts';
import { overRepeats, settingFigures, type RepeatFigures, type SettingFigures } from '../../experiments/table/means.ts';
import { paretoFront } from '../../experiments/pareto.ts';
import { formatDuration, formatEnergy, formatTokens } from '../../profile/formatValue.ts';
import { alignColumns } from '../../profile/alignColumns.ts';
import { withMargin } from '../bench/figuresText.ts';

export interface SweepDone {
  experiment: string;
  rows: readonly TaskRow[];
  /** How many runs it has. */
  runs: number;
  /** As people would type them. */
  table: string;
  folder: string;
  notes: readonly string[];
  /** There is something left to do. */
  resumable: boolean;
}

export function printSweep(done: SweepDone, json: boolean): void {
  const settings = settingFigures(done.rows);
  if (json) process.stdout.write(`${JSON.stringify({ experiment: done.experiment, settings, rows: done.rows, notes: done.notes, table: done.table, folder: done.folder }, null, 2)}\n`);
  else process.stderr.write(`${sweepText(done, settings).join('\n')}\n`);
}

/** Pure. */
export function sweepText({ experiment, rows, runs, table, folder, notes, resumable }: SweepDone, settings: readonly SettingFigures[]): string[] {
  return [
    '',
    `${experiment} · ${rows.length} of ${runs} runs${rows.some((row) => row.simulated) ? '  simulated' : ''}`,
    ...settingsTable(settings),
    ...notes.map((note) => `! ${note}`),
    '',
    `recordings  ${folder}`,
    `table       ${table}`,
    ...(resumable ? [`next        the same command with --resume --out ${folder}`] : []),
  ];
}

const fixed = (digits: number) => (value: number | null) => value?.toFixed(digits) ?? '–';

function settingsTable(settings: readonly SettingFigures[]): string[] {
  if (settings.length === 0) return ['no run was done'];
  const over = ({ repeats }: SettingFigures, figure: (repeat: RepeatFigures) => number | null) => overRepeats(repeats, figure);
  const text = (each: SettingFigures, figure: (repeat: RepeatFigures) => number | null, format: (value: number | null) => string) => withMargin(over(each, figure), format);
  const scored = settings.some((each) => over(each, ({ score }) => score) !== null);
  const front = scored && settings.length > 1 ? bestOf(settings) : new Set<SettingFigures>();
  const failed = ({ repeats }: SettingFigures) => repeats.reduce((sum, repeat) => sum + repeat.failed, 0);
  const head = ['setting', 'model', ...(scored ? ['score'] : []), 'latency', 'p95', 'LLM calls', 'tokens', 'energy', ...(scored ? ['score per minute'] : []), 'failed'];
  const lines = settings.map((each) => {
    const score = over(each, (repeat) => repeat.score)?.mean ?? null;
    const seconds = over(each, (repeat) => repeat.latencyMs?.mean ?? null);
    return [
      `${front.has(each) ? '*' : ' '} ${each.setting === '' ? 'as it is' : each.setting}`,
      each.model ?? '–',
      ...(scored ? [text(each, (repeat) => repeat.score, fixed(2))] : []),
      text(each, (repeat) => repeat.latencyMs?.mean ?? null, formatDuration),
      text(each, (repeat) => repeat.latencyMs?.p95 ?? null, formatDuration),
      text(each, (repeat) => repeat.llmCalls, fixed(1)),
      `${text(each, (repeat) => repeat.promptTokens, formatTokens)}→${text(each, (repeat) => repeat.completionTokens, formatTokens)}`,
      text(each, (repeat) => repeat.activeEnergyWh, formatEnergy),
      ...(scored ? [score === null || seconds === null || seconds.mean === 0 ? '–' : ((score / seconds.mean) * 60_000).toPrecision(3)] : []),
      String(failed(each)),
    ];
  });
  return [...alignColumns([head.map((word, index) => (index === 0 ? `  ${word}` : word)), ...lines], head.map((_, index) => (index < 2 ? 'left' : 'right'))), ...(front.size > 0 ? ['* no other setting is both faster and better'] : [])];
}

/** Those that no other beats in latency and score. */
function bestOf(settings: readonly SettingFigures[]): Set<SettingFigures> {
  const points = settings.flatMap((setting) => {
    const seconds = overRepeats(setting.repeats, ({ latencyMs }) => latencyMs?.mean ?? null);
    const score = overRepeats(setting.repeats, (repeat) => repeat.score);
    return seconds === null || score === null ? [] : [{ setting, cost: seconds.mean, value: score.mean }];
  });
  return new Set(paretoFront(points).map(({ setting }) => setting));
}

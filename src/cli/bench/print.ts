/** What `bench` and `load` print when they are done. */
import { repeatFigures } from '../../experiments/table/means.ts';
import { figureLines, loadLines } from './figuresText.ts';
import { shownPath } from '../shownPath.ts';
import type { ExperimentDone } from './experiment.ts';

/** On stderr for people, or as JSON on stdout. */
export function printDone({ repeats, rows, table, notes }: ExperimentDone, { json, withLoad }: { json: boolean; withLoad: boolean }): void {
  const figures = repeats.map((repeat) => repeatFigures(repeat.rows));
  const [first] = repeats;
  if (first === undefined) return;
  const { plan } = first;
  if (json) {
    const repeatsJson = repeats.map(({ plan: { seed }, recordings, server }, index) => ({ repeat: index + 1, seed, figures: figures[index], server, recordings }));
    process.stdout.write(`${JSON.stringify({ plan, notes, repeats: repeatsJson, tasks: rows, recording: first.recordings[0], table }, null, 2)}\n`);
    return;
  }
  const done = figures.reduce((sum, { tasks }) => sum + tasks, 0);
  const planned = repeats.reduce((sum, repeat) => sum + repeat.plan.tasks, 0);
  const warmed = rows.filter((row) => row.warm_up).length;
  const counts = `${done} of ${planned} tasks${warmed === 0 ? '' : ` after ${warmed} to warm up`}${repeats.length === 1 ? '' : ` in ${repeats.length} repeats, ± is the 95 % confidence interval of the mean`}`;
  const lines = [
    `${plan.agent} on ${plan.benchmark} · ${counts} · ${first.served}${first.simulated ? '  simulated' : ''}`,
    ...figureLines(figures, rows),
    ...(withLoad ? loadLines(repeats) : []),
    ...notes.map((note) => `! ${note}`),
    '',
    ...repeats.flatMap(({ recordings }) => recordings.map((recording) => `recording   ${shownPath(recording)}`)),
    `table       ${shownPath(table)}`,
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

import { describe, expect, it } from 'vitest';
import { chartSchema } from '../../src/experiments/charts/chartSchema.ts';
import { chartConfiguration } from '../../src/experiments/charts/configuration.ts';
import { LIGHT_THEME } from '../../src/experiments/charts/theme.ts';
import { readResults, toResultsJson } from '../../src/experiments/results.ts';
import { COLUMNS, type TaskRow } from '../../src/experiments/table/columns.ts';
import { tableResults } from '../../src/experiments/table/tableResults.ts';

const row = (over: Partial<TaskRow>): TaskRow => ({
  ...(Object.fromEntries(COLUMNS.map(({ name }) => [name, null])) as unknown as TaskRow),
  ...{ experiment: 'x', agent: 'react', benchmark: 'hotpotqa', setting: 'a=1', backend: 'sim', simulated: true, seed: 0, repeat: 1, shard: '1/1', index: 1, task: 't', warm_up: false, started_at: '2026-01-01T00:00:00.000Z' },
  ...over,
});
/** Two repeats of two settings, of two tasks each, and one that warms up. */
const rows = [1, 2].flatMap((repeat) =>
  [1, 2].flatMap((qps) => [1, 2].map((index) => row({ setting: `qps=${qps}`, qps, repeat, index, latency_ms: 1000 * (qps + index + repeat), llm_only_ms: 1000 * qps, tools_only_ms: 1000 * index, overlap_ms: 0, other_ms: 1000 * repeat, score: index - 1 }))),
);
const { results, settings, title } = tableResults([...rows, row({ setting: 'qps=1', qps: 1, warm_up: true, latency_ms: 9e6 })], 'table.csv');
const { rows: figures, charts } = results[0]!.findings;
const chart = (id: string) => charts.find((each) => each.id === id)!;

describe('a table of tasks in the experiment view', () => {
  it('tells each setting’s figures, means over repeats with their margins, and leaves out what is not known', () => {
    expect([title, settings, results[0]!.experiment]).toEqual(['table.csv', '8 tasks, 2 repeats.', { id: 'table-1', where: 'x', title: 'react on hotpotqa' }]);
    const latency = figures.find(({ series, what }) => series === 'qps=1' && what === 'mean latency')!;
    // Of repeats 3.5 and 4.5 s.
    expect(latency).toMatchObject({ unit: 's', ours: { mean: 4 }, published: null, basis: 'simulated' });
    expect(latency.ours!.margin).toBeCloseTo(12.706 * 0.5, 2);
    expect(figures.find(({ what }) => what === 'score')!.ours!.mean).toBe(50);
    expect(figures.some(({ what }) => what.startsWith('energy'))).toBe(false);
  });

  it('draws latencies, their distribution, where time goes, load and score, and nothing that is not known', () => {
    expect(charts.map(({ id }) => id)).toEqual(['latency', 'distribution', 'time', 'rate', 'score']);
    for (const each of charts) expect(chartSchema.parse(each)).toEqual(each);
    expect(chart('rate').series[0]!.points.map(({ x }) => x)).toEqual([1, 2]);
    const parts = chart('time').series.map(({ points }) => points[0]!.y);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(4, 9);
    expect(Math.max(...chart('distribution').series.flatMap(({ points }) => points.map(({ x }) => x)))).toBe(6);
  });

  it('says whether a real server answered', () => {
    const subtitle = (simulated: boolean) => chartConfiguration(tableResults([row({ latency_ms: 1, simulated })], 't').results[0]!.findings.charts[0]!, LIGHT_THEME).options!.plugins!.subtitle!.text;
    expect(subtitle(false)).toEqual(['Measured.']);
    expect(subtitle(true)).toEqual(['Simulated.']);
  });

  it('keeps what people have named in bounds, and can be saved', () => {
    const long = tableResults([row({ setting: 'x'.repeat(390), model: 'm', latency_ms: 5 })], 't.csv');
    expect(readResults(toResultsJson(long), 'x.json').results).toEqual(long.results);
    expect(tableResults([], 'empty.csv').results).toEqual([]);
  });
});

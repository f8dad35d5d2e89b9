import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COLUMNS, columnsMarkdown, TableError, type Cell, type ColumnKind, type TaskRow } from '../../src/experiments/table/columns.ts';
import { parseCsv, toCsv } from '../../src/experiments/table/csv.ts';
import { overRepeats, repeatFigures, settingFigures } from '../../src/experiments/table/means.ts';
import { mergeTables } from '../../src/experiments/table/merge.ts';
import { parseParquet, toParquet } from '../../src/experiments/table/parquet.ts';

const FIRST = Date.UTC(2026, 0, 1);

function row(over: Partial<TaskRow> = {}): TaskRow {
  return {
    ...(Object.fromEntries(COLUMNS.map(({ name }) => [name, null])) as unknown as TaskRow),
    ...{ experiment: 'x', setting: 'a=1', backend: 'sim', simulated: true, seed: 0, repeat: 1, shard: '1/1', index: 1, task: 't', warm_up: false, started_at: new Date(FIRST).toISOString() },
    ...over,
  };
}

/** Any value that a column may hold. */
const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\u0000') && !/[\uD800-\uDFFF]/u.test(value));
const value: Record<ColumnKind, fc.Arbitrary<Cell>> = { text, integer: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), number: fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0), truth: fc.boolean(), time: fc.integer({ min: 0, max: 4e12 }).map((ms) => new Date(ms).toISOString()) };
const arbitraryRow = fc
  .record(Object.fromEntries(COLUMNS.map(({ name, kind }) => [name, ['experiment', 'setting', 'backend', 'simulated', 'seed', 'repeat', 'shard', 'index', 'task', 'warm_up', 'started_at'].includes(name) ? value[kind] : fc.option(value[kind])])))
  .chain((known) => fc.record({ em: fc.option(fc.double({ min: 0, max: 1, noNaN: true })), f1: fc.option(fc.double({ min: 0, max: 1, noNaN: true })) }).map((metrics) => ({ ...known, ...metrics }) as unknown as TaskRow));

describe('the table of tasks', () => {
  it('comes back from CSV as it was, whatever is in it', () => {
    fc.assert(fc.property(fc.array(arbitraryRow, { minLength: 1, maxLength: 8 }), (rows) => { expect(parseCsv(toCsv(rows), 'x.csv')).toEqual(rows); }));
  });

  it('comes back from Parquet as it was, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryRow, { minLength: 1, maxLength: 8 }), async (rows) => { expect(await parseParquet(toParquet(rows), 'x.parquet')).toEqual(rows); }),
      { numRuns: 40 },
    );
  });

  it('is written without rows, too', async () => {
    expect(parseCsv(toCsv([]), 'x.csv')).toEqual([]);
    expect(await parseParquet(toParquet([]), 'x.parquet')).toEqual([]);
  });

  it('is documented column by column, as the code has it', () => {
    const documented = readFileSync(new URL('../../docs/table.md', import.meta.url), 'utf8');
    expect(documented).toContain(columnsMarkdown());
    expect(COLUMNS.every(({ description }) => (description ?? '') !== '')).toBe(true);
  });

  it('that is none is refused in words that say where', async () => {
    const csv = toCsv([row()]);
    expect(() => parseCsv('a,b\r\n1,2\r\n', 'other.csv')).toThrow(/^other\.csv is no table of tasks: it has no column "experiment", "agent", "benchmark", …/);
    expect(() => parseCsv(csv.replace(',1,t,', ',one,t,'), 'x.csv')).toThrow(/^x\.csv, row 1, column "index": /);
    expect(() => parseCsv(`${csv}1,2\r\n`, 'x.csv')).toThrow('x.csv, row 2 has 2 cells');
    await expect(parseParquet(new TextEncoder().encode('not a table'), 'x.parquet')).rejects.toThrow(/^x\.parquet cannot be read as Parquet: /);
  });
});

describe('figures of a table', () => {
  it('leave out what warms up, and what failed where it tells nothing', () => {
    const at = (ms: number) => new Date(FIRST + ms).toISOString();
    const figures = repeatFigures([
      row({ warm_up: true, latency_ms: 99_000, score: 0 }),
      row({ scheduled_at: at(0), started_at: at(1), late_ms: 1, latency_ms: 1000, score: 1 }),
      row({ index: 2, scheduled_at: at(500), started_at: at(503), late_ms: 3, latency_ms: 2000, score: 0 }),
      row({ index: 3, scheduled_at: at(1000), started_at: at(1000), late_ms: 0, latency_ms: 4000, error: 'gone' }),
    ]);
    expect(figures).toMatchObject({ tasks: 3, failed: 1, score: 0.5, latencyMs: { mean: 1500, p50: 1500 }, lateMs: { max: 3 }, llmCalls: null });
    expect(figures.latencyMs?.p95).toBeCloseTo(1950, 6);
    // Two answers in the five seconds to the end of the last; three arrivals with two gaps in one second.
    expect(figures.throughputPerSecond).toBeCloseTo(2 / 5, 9);
    expect(figures.arrivedPerSecond).toBeCloseTo(2, 9);
    expect(repeatFigures([row({ warm_up: true })])).toMatchObject({ tasks: 0, score: null, latencyMs: null, throughputPerSecond: null, lateMs: null });
  });

  it('are means over repeats, as sure as their spread says', () => {
    const rows = [1, 2, 3].flatMap((repeat) => [row({ repeat, latency_ms: repeat * 100 }), row({ repeat, index: 2, latency_ms: repeat * 100 })]);
    const [setting, ...others] = settingFigures(rows);
    expect(others).toEqual([]);
    const mean = overRepeats(setting!.repeats, ({ latencyMs }) => latencyMs?.mean ?? null);
    // 100, 200, 300: a deviation of 100, Student's t of two degrees of freedom 4.303.
    expect(mean?.mean).toBe(200);
    expect(mean?.margin).toBeCloseTo((4.303 * 100) / Math.sqrt(3), 6);
    expect(overRepeats(setting!.repeats, ({ score }) => score)).toBeNull();
  });
});

describe('merging', () => {
  const shard = (part: number, of: number, ...indexes: number[]) => ({ file: `${part}.csv`, rows: indexes.map((index) => row({ shard: `${part}/${of}`, index, task: `t${index}` })) });

  it('puts shards together in the order of the tasks', () => {
    const { rows, notes } = mergeTables([shard(2, 2, 2, 4), shard(1, 2, 3, 1)]);
    expect(rows.map(({ index }) => index)).toEqual([1, 2, 3, 4]);
    expect(notes).toEqual([]);
  });

  it('tells of shards that are missing', () => {
    expect(mergeTables([shard(2, 3, 2)]).notes).toEqual(['Of repeat 1 (a=1) shards 1, 3 of 3 are missing, or had no task.']);
  });

  it('refuses what does not belong together, and says why', () => {
    const refusal = (...tables: Parameters<typeof mergeTables>[0][number][]) => {
      expect(() => mergeTables(tables)).toThrow(TableError);
      try {
        mergeTables(tables);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    const one = shard(1, 1, 1);
    expect(refusal(one, { file: 'y.csv', rows: [row({ experiment: 'y' })] })).toBe('y.csv is of the experiment "y", and 1.csv of "x": merge puts together tables of one experiment (--name).');
    expect(refusal(one, { file: 'y.csv', rows: [row({ index: 2, qps: 3 })] })).toMatch(/^y\.csv has qps 3, and 1\.csv has unknown: they cannot be one experiment\./);
    expect(refusal(one, { file: 'y.csv', rows: [row({ index: 1 })] })).toBe('Task t (number 1) of repeat 1 is in 1.csv and in y.csv: leave one of them out.');
    expect(refusal(shard(1, 2, 1), shard(3, 3, 2))).toBe('Repeat 1 was done in 2 shards, and in 3: merge those of one kind.');
  });

  it('takes other settings, and the same warm-ups, for what they are', () => {
    const { rows } = mergeTables([
      { file: 'a.csv', rows: [row(), row({ warm_up: true })] },
      { file: 'b.csv', rows: [row({ setting: 'a=2', qps: 3 }), row({ repeat: 2 }), row({ repeat: 2, warm_up: true })] },
    ]);
    expect(rows.map(({ setting, repeat, warm_up: warmUp }) => [setting, repeat, warmUp])).toEqual([
      ['a=1', 1, true],
      ['a=1', 1, false],
      ['a=1', 2, true],
      ['a=1', 2, false],
      ['a=2', 1, false],
    ]);
  });
});

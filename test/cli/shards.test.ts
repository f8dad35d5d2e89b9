/** Shards, going on after a kill, and merging, as a user types them. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { agentCost, newFolder } from './agentCost.ts';
import { rowsOf } from './table.ts';

const BENCH = ['bench', '--agent', 'react', '--benchmark', 'hotpotqa', '--n', '5'];

describe('bench --resume', () => {
  it('goes on after a kill -9: no task twice, none missing, and what was recorded is kept', async () => {
    const folder = newFolder();
    const args = [...BENCH, '--table', 'react.csv'];
    let kill: (() => void) | null = null;
    const killed = await agentCost(args, {
      cwd: folder,
      onStart: (child) => (kill = () => child.kill('SIGKILL')),
      onStderr: (sofar) => {
        if (!/^2 of 5 tasks/m.test(sofar)) return;
        kill?.();
        kill = null;
      },
    });
    expect(killed.signal).toBe('SIGKILL');
    expect(existsSync(join(folder, 'react.csv'))).toBe(false);

    // Neither by accident nor with other options.
    expect((await agentCost(args, { cwd: folder })).stderr).toMatch(/react\.csv\.parts holds what an earlier run with this --table has done: go on with it \(--resume\), or delete it\.$/m);
    const other = await agentCost([...args.map((word) => (word === '5' ? '4' : word)), '--resume'], { cwd: folder });
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('react.csv.parts is of a run with other options: options was ');

    const resumed = await agentCost([...args, '--resume'], { cwd: folder });
    expect(resumed.code).toBe(0);
    const rows = rowsOf(join(folder, 'react.csv'));
    expect(rows.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
    const recordings = readdirSync(join(folder, '.agent-cost')).filter((file) => file.endsWith('.agentcost'));
    expect(recordings).toHaveLength(2);
    expect(new Set(rows.map(({ recording }) => recording))).toEqual(new Set(recordings.map((file) => join('.agent-cost', file))));
    for (const row of rows) expect(row).toMatchObject({ end: 'answered', score: 1, error: null, llm_calls: row.tool_calls! + 1 });
    expect(existsSync(join(folder, 'react.csv.parts'))).toBe(false);

    // As a scheduler does that starts a job again.
    const again = await agentCost([...args, '--resume'], { cwd: folder });
    expect([again.code, again.stderr]).toEqual([0, 'react.csv is there and whole: nothing is left to do.\n']);
    expect((await agentCost([...args, '--name', 'other', '--resume'], { cwd: folder })).stderr).toMatch(/^agent-cost: react\.csv is of the experiment "react-hotpotqa", part 1\/1/);
  }, 120_000);
});

describe('bench --shard, and merge', () => {
  it('divides the tasks, and puts the tables together again', async () => {
    const folder = newFolder();
    const cot = ['bench', '--agent', 'cot', '--benchmark', 'hotpotqa', '--n', '5', '--seed', '4', '--repeats', '2'];
    const [first, second] = await Promise.all([agentCost([...cot, '--shard', '1/2', '--table', 'one.parquet'], { cwd: folder }), agentCost([...cot, '--shard', '2/2', '--table', 'two.csv'], { cwd: folder })]);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(rowsOf(join(folder, 'two.csv')).map(({ repeat, index, shard }) => [repeat, index, shard]).toSorted()).toEqual([[1, 2, '2/2'], [1, 4, '2/2'], [2, 2, '2/2'], [2, 4, '2/2']]);
    const merged = await agentCost(['merge', 'one.parquet', 'two.csv', '-o', 'all.csv'], { cwd: folder });
    expect(merged.code).toBe(0);
    expect(merged.stderr).toMatch(/^tool_calling=native iterations=\d+ .* · 10 tasks in 2 repeats$/m);
    expect(merged.stderr).toMatch(/^score {6}1\.00 ±0\.00 over 10$/m);
    expect(rowsOf(join(folder, 'all.csv')).map(({ repeat, index }) => [repeat, index])).toEqual([1, 2].flatMap((repeat) => [1, 2, 3, 4, 5].map((index) => [repeat, index])));

    const twice = await agentCost(['merge', 'two.csv', 'all.csv', '-o', 'wrong.csv'], { cwd: folder });
    expect([twice.code, existsSync(join(folder, 'wrong.csv'))]).toEqual([2, false]);
    expect(twice.stderr).toMatch(/^agent-cost: Task own-0\d \(number \d\) of repeat 1 is in two\.csv and in all\.csv: leave one of them out\.$/m);
    const json = await agentCost(['merge', 'two.csv', '-o', 'half.parquet', '--json'], { cwd: folder });
    expect(JSON.parse(json.stdout)).toMatchObject({ table: 'half.parquet', notes: [expect.stringContaining('shard 1 of 2 is missing'), expect.any(String)] as unknown, settings: [{ repeats: [{ tasks: 2 }, { tasks: 2 }] }] });
  }, 120_000);

  it('say what is wrong', async () => {
    const folder = newFolder();
    const said = async (...args: string[]) => {
      const { code, stderr } = await agentCost(args, { cwd: folder });
      return `${code} ${stderr.trim()}`;
    };
    expect(await said(...BENCH, '--shard', '3/2')).toMatch(/^2 agent-cost: --shard takes which part of how many, such as 2\/8, not "3\/2"\./);
    expect(await said(...BENCH, '--resume')).toMatch(/^2 agent-cost: --resume goes on with what stands beside a table: say which, with --table FILE\./);
    expect(await said('merge', 'gone.csv', '-o', 'x.csv')).toMatch(/^2 agent-cost: gone\.csv cannot be read: ENOENT/);
    writeFileSync(join(folder, 'other.csv'), 'a,b\r\n1,2\r\n');
    expect(await said('merge', 'other.csv', '-o', 'x.csv')).toMatch(/^2 agent-cost: other\.csv is no table of tasks/);
    expect(await said('merge', 'other.csv', '-o', 'x.txt')).toMatch(/^2 agent-cost: --out takes a file that ends in \.csv or \.parquet/);
  });
});

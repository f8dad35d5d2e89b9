/** Shards, going on after a kill, and merging, as a user types them. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chatServer } from '../fixtures/chatServer.ts';
import { agentCost, newFolder, QUICK_BACKEND } from './agentCost.ts';
import { rowsOf } from './table.ts';

const BENCH = ['bench', '--agent', 'react', '--benchmark', 'hotpotqa', '--n', '5', '--backend', QUICK_BACKEND];

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

describe('what failed', () => {
  it('is tried again when that is asked for, alone and as often as it fails', async () => {
    const folder = newFolder();
    let broken = new Set(['What is 2, please?', 'What is 4, please?']);
    const asked: string[] = [];
    const server = await chatServer((question) => {
      asked.push(question);
      return broken.has(question) ? null : 'Yes.';
    });
    const questions = Array.from({ length: 5 }, (_, index) => ({ id: `c${index + 1}`, conversations: [{ from: 'human', value: `What is ${index + 1}, please?` }, { from: 'gpt', value: 'A number, and a nice one.' }] }));
    writeFileSync(join(folder, 'chats.json'), JSON.stringify(questions));
    const args = ['bench', '--agent', 'chat', '--benchmark', 'sharegpt', '--items', 'chats.json', '--n', '5', '--table', 'chat.csv', '--backend', server.url, '--telemetry', 'off'];
    const retry = [...args, '--resume', '--retry-failed'];
    const failedRows = () => rowsOf(join(folder, 'chat.csv')).flatMap(({ index, error }) => (error === null ? [] : [index])).toSorted();
    const first = await agentCost(args, { cwd: folder });
    expect([first.code, failedRows()]).toEqual([1, [2, 4]]);
    expect(first.stderr).toContain('2 tasks could not be worked on: the same command with --resume --retry-failed tries again.');

    asked.length = 0;
    broken = new Set(['What is 4, please?']);
    const second = await agentCost(retry, { cwd: folder });
    expect([second.code, failedRows(), new Set(asked)]).toEqual([1, [4], new Set(['What is 2, please?', 'What is 4, please?'])]);
    expect(second.stderr).toContain('One task could not be worked on: the same command with --resume --retry-failed tries again.');

    asked.length = 0;
    broken.clear();
    const third = await agentCost(retry, { cwd: folder });
    expect([third.code, failedRows(), new Set(asked)]).toEqual([0, [], new Set(['What is 4, please?'])]);
    expect(rowsOf(join(folder, 'chat.csv')).map(({ index }) => index).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
    expect(existsSync(join(folder, 'chat.csv.parts'))).toBe(false);
    expect((await agentCost(retry, { cwd: folder })).stderr).toBe('chat.csv is there and whole: nothing is left to do.\n');

    // Nobody has to go on with what failed.
    broken = new Set(['What is 1, please?']);
    expect((await agentCost(args, { cwd: folder })).code).toBe(1);
    broken.clear();
    expect((await agentCost(args, { cwd: folder })).code).toBe(0);
    await server.close();
  }, 120_000);
});

describe('load --resume', () => {
  it('keeps the repeats that were done, and begins again the one that was cut off', async () => {
    const folder = newFolder();
    const args = ['load', '--agent', 'chat', '--benchmark', 'sharegpt', '--clients', '2', '--n', '6', '--repeats', '3', '--seed', '5', '--table', 'load.csv', '--backend', 'sim:h100'];
    let kill: (() => void) | null = null;
    const killed = await agentCost(args, {
      cwd: folder,
      onStart: (child) => (kill = () => child.kill('SIGKILL')),
      onStderr: (sofar) => {
        if (!/^repeat 2 of 3 {3}[1-5] of 6 tasks/m.test(sofar)) return;
        kill?.();
        kill = null;
      },
    });
    expect(killed.signal).toBe('SIGKILL');
    const before = readdirSync(join(folder, '.agent-cost')).filter((file) => file.endsWith('.agentcost')).map((file) => join('.agent-cost', file));
    expect(before).toHaveLength(2);
    expect((await agentCost(args, { cwd: folder })).stderr).toMatch(/load\.csv\.parts holds what an earlier run with this --table has done/);

    const resumed = await agentCost([...args, '--resume'], { cwd: folder });
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).not.toMatch(/^repeat 1 of 3/m);
    const [cutOff] = before.filter((recording) => resumed.stderr.includes(`A repeat that had been interrupted was begun again; what was recorded of it before is in ${recording}.`));
    const rows = rowsOf(join(folder, 'load.csv'));
    expect(rows.map(({ repeat, index }) => [repeat, index]).toSorted()).toEqual([1, 2, 3].flatMap((repeat) => [1, 2, 3, 4, 5, 6].map((index) => [repeat, index])));
    // Each repeat is one load, from its beginning to its end.
    expect([1, 2, 3].map((of) => new Set(rows.flatMap(({ repeat, recording }) => (repeat === of ? [recording] : []))).size)).toEqual([1, 1, 1]);
    expect(cutOff).toBeDefined();
    expect(rows.some(({ recording }) => recording === cutOff)).toBe(false);
    expect(rows.some(({ recording }) => recording !== null && before.includes(recording))).toBe(true);
    const again = await agentCost([...args, '--resume'], { cwd: folder });
    expect([again.code, again.stderr]).toEqual([0, 'load.csv is there and whole: nothing is left to do.\n']);
  }, 120_000);
});

describe('bench --shard, and merge', () => {
  it('divides the tasks, and puts the tables together again', async () => {
    const folder = newFolder();
    const cot = ['bench', '--agent', 'cot', '--benchmark', 'hotpotqa', '--n', '5', '--seed', '4', '--repeats', '2', '--backend', QUICK_BACKEND];
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
    expect(await said(...BENCH, '--retry-failed')).toMatch(/^2 agent-cost: --retry-failed goes with --resume\./);
    expect(await said('load', '--agent', 'cot', '--benchmark', 'hotpotqa', '--clients', '1', '--resume')).toMatch(/^2 agent-cost: --resume goes on with what stands beside a table/);
    writeFileSync(join(folder, 'other.csv'), 'a,b\r\n1,2\r\n');
    expect(await said('merge', 'other.csv', '-o', 'x.csv')).toMatch(/^2 agent-cost: other\.csv is no table of tasks/);
    expect(await said('merge', 'other.csv', '-o', 'x.txt')).toMatch(/^2 agent-cost: --out takes a file that ends in \.csv or \.parquet/);
  });
});

/** `agent-cost sweep` as a user types it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCsv } from '../../src/experiments/table/csv.ts';
import { mergeTables } from '../../src/experiments/table/merge.ts';
import { parseParquet } from '../../src/experiments/table/parquet.ts';
import type { TaskRow } from '../../src/experiments/table/columns.ts';
import { agentCost, newFolder, reportOf, runProcess, type Ended, type StartOptions } from './agentCost.ts';

/** Asks the model STEPS times, answers with its question in capitals; "boom" fails, "slow" never ends, and what it reads is named in `seen`. */
const AGENT = `
import { appendFileSync } from 'node:fs';
let question = process.argv[2];
if (question === undefined) for await (const chunk of process.stdin) question = (question ?? '') + chunk;
appendFileSync('seen', question + '\\n');
if (question === 'boom') throw new Error('no idea');
if (question === 'slow') setInterval(() => {}, 1000);
for (let step = 0; step < Number(process.env.STEPS ?? 1); step++) {
  const response = await fetch(process.env.OPENAI_BASE_URL + '/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'any-model', max_tokens: 5, messages: [{ role: 'user', content: question }] }),
  });
  if (!response.ok) throw new Error(await response.text());
  await response.text();
}
console.log('thinking of ' + question);
console.log(question.toUpperCase());
`;

interface Printed {
  settings: { setting: string; repeats: { tasks: number; failed: number; score: number | null }[] }[];
  rows: TaskRow[];
  notes: string[];
  table: string;
  folder: string;
}

function agentFolder(questions: object[]): string {
  const folder = newFolder();
  writeFileSync(join(folder, 'agent.mjs'), AGENT);
  writeFileSync(join(folder, 'questions.jsonl'), questions.map((each) => JSON.stringify(each)).join('\n'));
  return folder;
}

const sweep = (cwd: string, args: string[], options: Partial<StartOptions> = {}, word: string[] = ['{question}']): Promise<Ended> =>
  agentCost(['sweep', '--questions', 'questions.jsonl', ...args, '--', process.execPath, 'agent.mjs', ...word], { cwd, ...options });
const seen = (folder: string): string[] => readFileSync(join(folder, 'seen'), 'utf8').trimEnd().split('\n');
const recordings = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.agentcost')).sort();

describe('agent-cost sweep', () => {
  it('runs a program for each question in each variant, and tells what each setting costs and is worth', async () => {
    const folder = agentFolder([{ id: 'a', question: 'why', answer: 'WHY' }, { id: 'b', question: 'how much', answer: 'none' }]);
    const run = await sweep(folder, ['--vary', 'STEPS=1,3', '--score', 'exact', '--parallel', '2', '--name', 'steps']);
    expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 0, stdout: '' });
    expect(run.stderr).toMatch(/^4 of 4 runs {3}score 0\.50$/m);
    expect(run.stderr).toMatch(/about \S+ \S+ left$/m);
    expect(run.stderr).toContain('steps · 4 of 4 runs  simulated');
    expect(run.stderr).toContain('! The embedded server\'s answers are made up');
    const [name = ''] = readdirSync(join(folder, '.agent-cost')).filter((each) => each.startsWith('steps-'));
    const place = join(folder, '.agent-cost', name);
    const rows = parseCsv(readFileSync(join(place, 'table.csv'), 'utf8'), 'table.csv');
    // Of two that are as good the faster is marked, whichever of them it was on this machine.
    const took = (setting: string): number => rows.filter((row) => row.setting === setting).reduce((sum, row) => sum + (row.latency_ms ?? 0), 0);
    const [faster, slower] = took('STEPS=1') < took('STEPS=3') ? [1, 3] : [3, 1];
    expect(run.stderr).toMatch(new RegExp(`^\\* STEPS=${faster} .* 0\\.50 `, 'm'));
    expect(run.stderr).toMatch(new RegExp(`^ {2}STEPS=${slower} .* 0\\.50 `, 'm'));
    expect(rows.map(({ task, setting, answer, score, llm_calls: calls, end }) => [task, setting, answer, score, calls, end])).toEqual([
      ['a', 'STEPS=1', 'WHY', 1, 1, 'answered'],
      ['a', 'STEPS=3', 'WHY', 1, 3, 'answered'],
      ['b', 'STEPS=1', 'HOW MUCH', 0, 1, 'answered'],
      ['b', 'STEPS=3', 'HOW MUCH', 0, 3, 'answered'],
    ]);
    // Its recordings, with the lines of the user's code, out of git's sight.
    expect(recordings(place)).toHaveLength(4);
    expect(readFileSync(join(folder, '.agent-cost', '.gitignore'), 'utf8')).toBe('*\n');
    for (const row of rows) {
      const report = await reportOf(join(folder, row.recording!));
      expect([report.totals.llmCalls, report.totals.promptTokens, report.totals.completionTokens]).toEqual([row.llm_calls, row.prompt_tokens, row.completion_tokens]);
      expect(report.totals.energyWh.active).toBeCloseTo(row.active_energy_wh!, 6);
      expect(row.llm_only_ms! + row.tools_only_ms! + row.overlap_ms! + row.other_ms!).toBeCloseTo(row.latency_ms!, 2);
      expect(report.lines[0]?.file).toBe(join(folder, 'agent.mjs'));
      expect(report.run.command).toEqual([process.execPath, 'agent.mjs', row.task === 'a' ? 'why' : 'how much']);
    }
  });

  it('compares backends, hands questions over on stdin, and prints JSON alone', async () => {
    const folder = agentFolder([{ question: 'one' }, { question: 'two $(touch harm)' }]);
    const run = await sweep(folder, ['--backend', 'sim:a100-40gb/smollm2-135m', '--backend', 'sim:h100/smollm2-135m', '--stdin', '--json', '--repeats', '2', '--score', `"${process.execPath}" -e "console.log(0.5)"`], {}, []);
    expect(run.code, run.stderr).toBe(0);
    const { settings, rows, notes } = JSON.parse(run.stdout) as Printed;
    expect(settings.map(({ setting, repeats }) => [setting, repeats.map(({ score, tasks }) => [score, tasks])])).toEqual([
      ['backend=sim:a100-40gb/smollm2-135m', [[0.5, 2], [0.5, 2]]],
      ['backend=sim:h100/smollm2-135m', [[0.5, 2], [0.5, 2]]],
    ]);
    expect(rows.map(({ repeat, task, answer }) => [repeat, task, answer])).toEqual([1, 2].flatMap((repeat) => ['1', '2'].flatMap((task) => [1, 2].map(() => [repeat, task, task === '1' ? 'ONE' : 'TWO $(TOUCH HARM)']))));
    expect(new Set(rows.map(({ gpu }) => gpu)).size).toBe(2);
    expect(notes).toHaveLength(1);
    expect(existsSync(join(folder, 'harm'))).toBe(false);
  });

  it('keeps runs that failed or took too long, with why', async () => {
    const folder = agentFolder([{ question: 'boom', answer: 'x' }, { question: 'slow' }, { question: 'fine', answer: 'FINE' }]);
    const run = await sweep(folder, ['--timeout', '3', '--score', 'contains', '--parallel', '3', '--out', 'there', '--table', 'rows.parquet']);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('! One question has no field "answer" to compare with');
    const rows = await parseParquet(readFileSync(join(folder, 'rows.parquet')), 'rows.parquet');
    expect(rows.map(({ end, score, error }) => [end, score, error?.replace(/^.*?(exited|was not)/, '$1')])).toEqual([
      ['failed', null, expect.stringMatching(/^exited with 1/)],
      ['failed', null, 'was not done within 3 s (--timeout)'],
      ['answered', 1, undefined],
    ]);
  });

  it('goes on where it was broken off, however it was', async () => {
    const questions = Array.from({ length: 5 }, (_, index) => ({ id: `q${index}`, question: index === 2 ? 'slow' : `question ${index}` }));
    const folder = agentFolder(questions);
    const isBlocked = () => existsSync(join(folder, 'seen')) && seen(folder).includes('slow');
    const whenBlocked = (signal: NodeJS.Signals): Partial<StartOptions> => ({
      onStart: (child) => {
        const timer = setInterval(() => {
          if (!isBlocked()) return;
          clearInterval(timer);
          child.kill(signal);
        }, 50);
      },
    });
    const stopped = await sweep(folder, ['--out', 'steps'], whenBlocked('SIGINT'));
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('2 of 5 runs');
    expect(stopped.stderr).toContain('the same command with --resume --out steps');
    expect((await sweep(folder, ['--out', 'steps'])).stderr).toMatch(/^agent-cost: There is a sweep in .*steps already: go on with it by --resume/m);
    writeFileSync(join(folder, 'seen'), '');
    // The program that hung is left behind by such a death; it ends with this.
    const killed = await sweep(folder, ['--out', 'steps', '--resume'], whenBlocked('SIGKILL'));
    expect(killed.signal).toBe('SIGKILL');
    expect(seen(folder)).toEqual(['slow']);
    await runProcess('pkill', ['-f', `agent.mjs slow$`], { cwd: folder });
    writeFileSync(join(folder, 'agent.mjs'), AGENT.replace("if (question === 'slow')", 'if (false)'));
    writeFileSync(join(folder, 'seen'), '');
    const resumed = await sweep(folder, ['--out', 'steps', '--resume', '--json']);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(seen(folder)).toEqual(['slow', 'question 3', 'question 4']);
    const { rows } = JSON.parse(resumed.stdout) as Printed;
    expect(rows.map(({ task }) => task)).toEqual(['q0', 'q1', 'q2', 'q3', 'q4']);
    // Those of the runs that were broken off are kept as well.
    expect(recordings(join(folder, 'steps')).length).toBeGreaterThanOrEqual(6);
    writeFileSync(join(folder, 'questions.jsonl'), '{"question": "another"}');
    expect((await sweep(folder, ['--out', 'steps', '--resume'])).stderr).toContain('--resume: the questions are not as in the sweep of');
  });

  it('is done in shards whose tables are put together', async () => {
    const folder = agentFolder([1, 2, 3].map((n) => ({ question: `q ${n}`, answer: `Q ${n}` })));
    for (const shard of ['1/2', '2/2']) expect((await sweep(folder, ['--shard', shard, '--score', 'exact', '--name', 'parts', '--out', `part-${shard[0]}`])).code).toBe(0);
    const tables = ['part-1', 'part-2'].map((part) => ({ file: part, rows: parseCsv(readFileSync(join(folder, part, 'table.csv'), 'utf8'), part) }));
    const { rows, notes } = mergeTables(tables);
    expect(notes).toEqual([]);
    expect(rows.map(({ task, shard, score }) => [task, shard, score])).toEqual([['1', '1/2', 1], ['2', '2/2', 1], ['3', '1/2', 1]]);
  });

  it.each([
    [['--questions', 'none.jsonl'], '--questions: none.jsonl cannot be read'],
    [['--vary', 'STEPS'], '--vary takes NAME=VALUE,VALUE,…'],
    [['--shard', '3/2'], '--shard takes which part of how many'],
    [['--shard', '2/2'], '--shard 2/2: of 1 questions none is in this part.'],
    [['--resume'], '--resume goes on with the sweep in a folder'],
    [['--resume', '--out', 'nowhere'], '--resume: there is no sweep in'],
    [['--backend', 'sim', '--backend', 'ftp://there'], '--backend: '],
    [['--table', 'rows.txt'], '--table takes a file that ends in .csv or .parquet'],
  ])('refuses %j with what is wrong, and runs nothing', async (args, message) => {
    const folder = agentFolder([{ question: 'q' }]);
    const run = await sweep(folder, args);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(message);
    expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(existsSync(join(folder, 'seen'))).toBe(false);
  });
});

/** `agent-cost diff` and `check` as a build's script uses them. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { agentCost, newFolder, repository } from './agentCost.ts';

const fixture = join(repository, 'test/fixtures/recordings/two-steps.agentcost');
let folder: string;
const run = (...args: string[]) => agentCost(args, { cwd: folder });

beforeAll(() => {
  folder = newFolder();
  for (const name of ['a', 'b', 'c']) copyFileSync(fixture, join(folder, `${name}.agentcost`));
});

describe('agent-cost diff', () => {
  it('of a run with itself finds no change, and says that one run shows no chance', async () => {
    const { code, stdout, stderr } = await run('diff', 'a.agentcost', 'b.agentcost', '--fail-on', 'time>0%', 'lines.time>0%');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^before +a\.agentcost · 1 run\nafter +b\.agentcost · 1 run\n/);
    expect(stdout).toMatch(/^time +\S+ s +\S+ s +=$/m);
    expect(stdout).toContain('! One run on each side does not show what chance does');
  });

  it('prints JSON alone, and fails where a rule is broken', async () => {
    // Of a run that is cut off after its first call, the whole one is a regression.
    const [first, ...rest] = readFileSync(fixture, 'utf8').trimEnd().split('\n');
    const until = rest.findIndex((line) => line.includes('"type":"callEnd"'));
    writeFileSync(join(folder, 'short.agentcost'), `${[first, ...rest.slice(0, until + 1)].join('\n')}\n`);
    const { code, stdout, stderr } = await run('diff', 'short.agentcost', 'a.agentcost', '--fail-on', 'calls>50%', '--json');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const printed = JSON.parse(stdout) as { schema: string; totals: { calls: { before: number; after: number } }; failed: { rule: string; message: string }[]; notes: string[] };
    expect(printed).toMatchObject({ schema: 'agent-cost/diff@1', totals: { calls: { before: 1, after: 2 } }, notes: ['1 of 2 runs is not complete: what was cut off is not in the figures.'] });
    expect(printed.failed).toMatchObject([{ rule: 'calls>50%', message: 'calls>50%: 1 → 2 (+100 %), by the figures alone: what chance does is not known' }]);
    expect((await run('diff', 'short.agentcost', 'a.agentcost', '--fail-on', 'calls>100%')).code).toBe(0);
  });

  it('takes groups', async () => {
    const { code, stdout } = await run('diff', 'a.agentcost', 'b.agentcost', '--against', 'c.agentcost', 'a.agentcost');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^before +a\.agentcost, b\.agentcost · mean of 2 runs$/m);
  });

  it.each([
    [['diff', 'a.agentcost'], 'there is only one recording, a.agentcost: name a second one'],
    [['diff', 'a.agentcost', 'none.agentcost'], 'none.agentcost: there is no such file.'],
    [['diff', 'a.agentcost', 'b.agentcost', '--fail-on', 'speed>1%'], '"speed>1%" is no rule'],
  ])('%j is refused in a line', async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^agent-cost: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});

describe('agent-cost check', () => {
  const budget = (content: unknown) => {
    writeFileSync(join(folder, 'budget.json'), typeof content === 'string' ? content : JSON.stringify(content));
    return ['check', 'a.agentcost', '--budget', 'budget.json'];
  };

  it('passes what is kept, and fails what is not with by how much', async () => {
    const kept = await run(...budget({ totals: { calls: 2, time: '1 h' } }));
    expect([kept.code, kept.stderr]).toEqual([0, '']);
    expect(kept.stdout).toContain('all 2 limits are kept');
    const broken = await run(...budget({ totals: { calls: 1, time: '1 h' } }));
    expect(broken.code).toBe(1);
    expect(broken.stdout).toMatch(/^✗ +calls +2 +> 1 +by 1 \(100 %\)$/m);
    expect(broken.stdout).toContain('1 of 2 limits is not kept');
    const json = await run(...budget({ totals: { calls: 1 } }), '--json');
    expect([json.code, JSON.parse(json.stdout)]).toEqual([1, expect.objectContaining({ schema: 'agent-cost/check@1', kept: false, limits: [{ scope: 'totals', of: null, figure: 'calls', unit: 'count', value: 2, limit: 1, status: 'broken' }] })]);
  });

  it.each<[unknown, string]>([
    ['{', 'the budget budget.json cannot be read: '],
    [{ total: {} }, 'budget.json is no budget: '],
    [{}, 'budget.json has no limit in it.'],
    [{ totals: { calls: '5 s' } }, 'budget.json: totals.calls: "5 s" is no limit. Write it as 10.'],
  ])('%j is refused in a line', async (content, message) => {
    const { code, stdout, stderr } = await run(...budget(content));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^agent-cost: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});

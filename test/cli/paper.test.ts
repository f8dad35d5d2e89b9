/** The paper's figures, as a user asks for them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { agentCost, newFolder } from './agentCost.ts';

const QUICK = ['--requests', '10', '--repeats', '2'];

describe('paper', () => {
  it('prints one figure beside the published one, and writes it as a table', async () => {
    const cwd = newFolder();
    const { code, stdout, stderr } = await agentCost(['paper', 'fig8', ...QUICK, '--csv', 'fig8.csv'], { cwd });
    expect(stderr).toContain('Fig 8 in ');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Fig 8: tokens\n/);
    expect(stdout).toMatch(/Fig 8 +ReAct, HotpotQA +tokens of the first prompt +980 +1000 +tokens +-2\.0 % +fitted/);
    const lines = readFileSync(join(cwd, 'fig8.csv'), 'utf8').trimEnd().split('\r\n');
    expect(lines[0]).toMatch(/^experiment,in,series/);
    expect(lines.length).toBeGreaterThan(30);
    expect(lines.some((line) => line.startsWith('fig8,Fig 8,"ReAct, HotpotQA",tokens of the first prompt,tokens,980,'))).toBe(true);
  });

  it('groups several by what they rest on, in the paper’s order, and is the same each time', async () => {
    const cwd = newFolder();
    const [once, again] = await Promise.all([0, 1].map(() => agentCost(['paper', 'fig8', 'fig7', ...QUICK, '--html', 'paper.html'], { cwd })));
    expect(once!.stdout).toContain('Fitted: these figures were used to make the behaviour');
    expect(once!.stdout.indexOf('Fig 7')).toBeLessThan(once!.stdout.indexOf('Fig 8'));
    expect(once!.stdout).toMatch(/1 of 1 hold/);
    expect(again!.stdout).toBe(once!.stdout);
    expect(readFileSync(join(cwd, 'paper.html'), 'utf8')).toContain('<h2>Fig 7: ');
  });

  it.each([
    [['paper', 'fig99'], 'There is no experiment "fig99". There are all, fig4'],
    [['paper', 'fig8', '--requests', '3'], '--requests must be a whole number of at least 10, not "3"'],
    [['paper', 'fig8', ...QUICK, '--csv', 'nowhere/fig8.csv'], 'nowhere/fig8.csv cannot be written'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await agentCost(args, { cwd: newFolder() });
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});

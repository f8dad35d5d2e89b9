/** How energy is charged, as chosen on the command line. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reportSchema, type Report } from '../../src/profile/report.ts';
import { agentCost, newFolder, repository } from './agentCost.ts';

const recording = join(repository, 'test/fixtures/gpu/h100-run-auto.agentcost');

async function report(...options: string[]): Promise<Report> {
  const { code, stdout, stderr } = await agentCost(['report', recording, '--json', ...options], { cwd: newFolder() });
  expect(code, stderr).toBe(0);
  return reportSchema.parse(JSON.parse(stdout));
}

describe('--energy-policy', () => {
  it('changes whose the energy is, and not how much it was', async () => {
    const [proportional, marginal, amortized] = await Promise.all(['proportional', 'marginal', 'amortized'].map((policy) => report('--energy-policy', policy)));
    const active = [marginal, proportional, amortized].map((each) => each!.totals.energyWh.active ?? NaN);
    expect([...active].sort((a, b) => a - b)).toEqual(active);
    for (const each of [proportional, marginal, amortized]) expect(each!.totals.energyWh.total).toBe(proportional!.totals.energyWh.total);
    expect(amortized!.totals.energyWh.idle).toBe(0);
    expect((await report()).accounting.policy).toBe('proportional');
  });

  it('is said beside the figures, in the summary and on the page', async () => {
    const { stdout } = await agentCost(['report', recording, '--energy-policy', 'marginal'], { cwd: newFolder() });
    expect(stdout).toMatch(/^energy +.*marginal \(calls only above idle\)/m);
    const page = await agentCost(['export', recording, '--format', 'html', '-o', '-', '--energy-policy', 'amortized'], { cwd: newFolder() });
    expect(page.stdout).toContain('"policy":"amortized"');
  });

  it('refuses another', async () => {
    const { code, stderr } = await agentCost(['report', recording, '--energy-policy', 'fair'], { cwd: newFolder() });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--energy-policy.*proportional, marginal, amortized/)]);
  });
});

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

describe('--grid, --pue and --host-energy', () => {
  it('are told beside the GPU’s energy, each with its source', async () => {
    const { stdout } = await agentCost(['report', recording, '--grid', 'DE', '--pue', 'aws', '--host-energy', '1.4'], { cwd: newFolder() });
    expect(stdout).toMatch(/^with +GPU \+ host \+ data centre [\d.]+ Wh +estimated$/m);
    expect(stdout).toMatch(/× 1\.4 hosts \(given by you\)/);
    expect(stdout).toMatch(/× 1\.15 PUE of AWS, global 2023 \(https:/);
    expect(stdout).toMatch(/mg CO₂e at 380\.95 g\/kWh, Germany 2023 \(Our World in Data/);
    const plain = await report();
    const wide = await report('--grid', '100', '--pue', '2');
    expect(wide.totals.footprint.energyWh).toBeCloseTo(2 * plain.totals.footprint.energyWh!, 9);
    expect(wide.totals.footprint.carbonG).toBeCloseTo(wide.totals.footprint.energyWh! / 10, 9);
    expect(plain.totals.footprint.carbonG).toBeNull();
    expect(wide.totals.energyWh).toEqual(plain.totals.energyWh);
  });

  it('refuse what they do not know, with what was meant', async () => {
    const { code, stderr } = await agentCost(['report', recording, '--grid', 'Germny'], { cwd: newFolder() });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--grid knows no zone "Germny"\. Did you mean Germany\?/)]);
  });
});

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
